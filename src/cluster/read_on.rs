//! The lists that the parts of a scan read one after the other.
//!
//! A scan goes through the cluster in parts, by namespace, and a list of all namespaces is in their order as well. So each
//! part reads its pages of such a list, and the list is read once, however many parts there are.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::paths::{ApiPath, ApiResource};
use super::place::PagePlace;
use super::seen_version::SeenVersion;
use crate::source::list_order;

/// What a scan knows of the lists that it began to read.
#[derive(Debug, Default)]
pub(super) struct ListsReadOn {
    /// The pages that were read, by the paths of the lists.
    pages: Mutex<HashMap<String, Arc<PageIndex>>>,
    /// The versions of the kinds, by the paths of their collections.
    seen: Mutex<HashMap<String, Arc<SeenVersion>>>,
    /// The same of the records of Helm in them.
    seen_records: Mutex<HashMap<String, Arc<SeenVersion>>>,
}

/// The pages of one list that were read.
#[derive(Debug)]
pub(super) struct PageIndex(Mutex<Pages>);

#[derive(Debug)]
struct Pages {
    /// Where each page is, and the namespace of its last item.
    read: Vec<(PagePlace, String)>,
    /// The page after them; `None` where nothing follows that can be read.
    next: Option<PagePlace>,
    /// Whether they follow each other in the order of the namespaces, as those of etcd do.
    are_in_order: bool,
}

impl ListsReadOn {
    /// The pages of a list.
    pub(super) fn pages_of(&self, list: &ApiPath) -> Arc<PageIndex> {
        Arc::clone(locked(&self.pages).entry(list.as_ref().to_owned()).or_default())
    }

    /// The version of the objects of a kind that was seen.
    pub(super) fn seen_of(&self, kind: ApiResource<'_>) -> Arc<SeenVersion> {
        seen_in(&self.seen, kind)
    }

    /// The version of the records of a kind that was seen. It is none of the objects: the record of a release may be in the
    /// list of another kind that is later, and name what this version does not have yet.
    pub(super) fn seen_of_records(&self, kind: ApiResource<'_>) -> Arc<SeenVersion> {
        seen_in(&self.seen_records, kind)
    }

    /// Forgets all of it: another scan begins.
    pub(super) fn clear(&self) {
        locked(&self.pages).clear();
        locked(&self.seen).clear();
        locked(&self.seen_records).clear();
    }
}

fn seen_in(seen: &Mutex<HashMap<String, Arc<SeenVersion>>>, kind: ApiResource<'_>) -> Arc<SeenVersion> {
    let key = kind.collection(None).as_ref().to_owned();
    Arc::clone(locked(seen).entry(key).or_default())
}

fn locked<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pages {
    fn lose(&mut self) {
        self.read = Vec::new();
        self.next = None;
    }
}

impl Default for PageIndex {
    fn default() -> Self {
        Self(Mutex::new(Pages {
            read: Vec::new(),
            next: Some(PagePlace::FIRST),
            are_in_order: true,
        }))
    }
}

impl PageIndex {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        locked(&self.0)
    }

    /// The first page that can have objects of a namespace or one after it; `None` where no page has.
    pub(super) fn place_of(&self, namespace: &str) -> Option<PagePlace> {
        let pages = self.pages();
        let mut read = pages.read.iter();
        let known = read.find(|(_, last)| list_order(last, namespace) != Ordering::Less);
        known.map(|(place, _)| place).or(pages.next.as_ref()).cloned()
    }

    /// Whether all pages so far are in the order of the namespaces. Where they are not, nobody knows what the others have, and the
    /// list is lost.
    pub(super) fn is_in_order(&self) -> bool {
        self.pages().are_in_order
    }

    /// Notes a page that was read, and the one after it.
    pub(super) fn add(&self, place: PagePlace, last: Option<&str>, next: Option<&PagePlace>) {
        let mut pages = self.pages();
        // A page that is read once more may have another size.
        pages.read.retain(|(known, _)| known.items < place.items);
        if let (Some((_, before)), Some(last)) = (pages.read.last(), last)
            && list_order(before, last) == Ordering::Greater
        {
            pages.are_in_order = false;
        }
        if !pages.are_in_order {
            return pages.lose();
        }
        pages.read.extend(last.map(|last| (place, last.to_owned())));
        pages.next = next.cloned();
    }

    /// Notes that items of a page are not in the order of the namespaces.
    pub(super) fn note_disorder(&self) {
        let mut pages = self.pages();
        pages.are_in_order = false;
        pages.lose();
    }

    /// Notes that the list cannot be read any more.
    pub(super) fn lose(&self) {
        self.pages().lose();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::place::PageEnd;

    fn place(items: usize) -> PagePlace {
        PagePlace {
            token: Some(items.to_string()),
            before: Some(PageEnd {
                version: "1".to_owned(),
                remaining: None,
            }),
            items,
        }
    }

    /// A list of three pages that was read as far as the second.
    fn index() -> PageIndex {
        let index = PageIndex::default();
        index.add(PagePlace::FIRST, Some("a-b"), Some(&place(10)));
        index.add(place(10), Some("shop"), Some(&place(20)));
        index
    }

    #[test]
    fn a_part_begins_with_the_first_page_that_can_have_its_namespaces() {
        // `a-b/` comes before `a/`.
        for (namespace, begin) in [("a-b", 0), ("a", 10), ("pay", 10), ("shop", 10), ("web", 20)] {
            let place = index().place_of(namespace).unwrap();
            assert_eq!(place.items, begin, "{namespace}");
        }
        let ended = index();
        ended.add(place(20), Some("web"), None);
        assert_eq!(ended.place_of("web").unwrap().items, 20);
        assert!(ended.place_of("x").is_none(), "nothing follows");
    }

    #[test]
    fn a_page_that_is_read_once_more_is_followed_by_what_it_says_then() {
        let index = index();
        index.add(PagePlace::FIRST, Some("a"), Some(&place(5)));
        assert_eq!(index.place_of("shop").unwrap().items, 5);
    }

    #[test]
    fn pages_in_another_order_are_not_read_on() {
        let index = index();
        index.add(place(20), Some("pay"), Some(&place(30)));
        assert!(!index.is_in_order());
        index.add(place(30), Some("web"), Some(&place(40)));
        assert!(index.place_of("a-b").is_none() && index.place_of("web").is_none());
    }

    #[test]
    fn a_list_that_cannot_be_read_any_more_has_no_page() {
        let lost = index();
        lost.lose();
        assert!(lost.place_of("pay").is_none());
    }
}
