//! Which of many things have room, so that no namespace takes it all: anybody who controls one can make a thousand.

use std::collections::BTreeMap;

/// The first so many, by turns of their namespaces, in their own order. Which ones these are does not change as long as the
/// things and their order do not.
pub(super) fn by_namespace<T>(items: Vec<T>, room: usize, namespace: impl Fn(&T) -> &str) -> Vec<T> {
    if items.len() <= room {
        return items;
    }
    let mut turns: BTreeMap<&str, usize> = BTreeMap::new();
    let mut order = Vec::with_capacity(items.len());
    for (position, item) in items.iter().enumerate() {
        let turn = turns.entry(namespace(item)).or_default();
        order.push((*turn, position));
        *turn += 1;
    }
    order.sort_unstable();
    let mut has_room = vec![false; items.len()];
    for (_, position) in order.into_iter().take(room) {
        has_room[position] = true;
    }
    let items = items.into_iter().zip(has_room);
    items
        .filter_map(|(item, has_room)| has_room.then_some(item))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowded_namespace_leaves_room_for_the_others() {
        let mut items: Vec<(&str, usize)> = (0..1_000).map(|number| ("crowd", number)).collect();
        items.extend([("shop", 0), ("shop", 1), ("zoo", 0)]);
        let kept = by_namespace(items.clone(), 5, |(namespace, _)| namespace);
        assert_eq!(
            kept,
            [("crowd", 0), ("crowd", 1), ("shop", 0), ("shop", 1), ("zoo", 0)]
        );
        assert_eq!(
            by_namespace(items.clone(), 2_000, |(namespace, _)| namespace),
            items
        );
    }
}
