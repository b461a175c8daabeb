//! Elements of lists of which the key changed: a port of a Service with another number is one that went and one that came.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Asked, AskedField};
use crate::compare::path::Segment;

/// For each of these fields that is one of such two elements, the field in which they differ.
///
/// The element is known by what both have alike, as the key is what changes.
pub(super) fn fields(asked: &Asked) -> BTreeMap<usize, AskedField> {
    let mut found = BTreeMap::new();
    for (went_at, went) in asked.fields.iter().enumerate() {
        let mut came = asked.fields.iter().enumerate();
        let pair = came.find_map(|(at, came)| between(went, came).map(|field| (at, field)));
        if let Some((came_at, field)) = pair.filter(|(at, _)| !found.contains_key(at)) {
            found.insert(went_at, field.clone());
            found.insert(came_at, field);
        }
    }
    found
}

/// The field in which an element that went and one that came differ, if it is one of their key and the only one.
fn between(went: &AskedField, came: &AskedField) -> Option<AskedField> {
    let (Some(deployed), None) = (went.deployed.as_ref()?.as_object(), &went.live) else {
        return None;
    };
    let (None, Some(live)) = (&came.deployed, came.live.as_ref()?.as_object()) else {
        return None;
    };
    let (Segment::Match(keys), list) = went.path.segments().split_last()? else {
        return None;
    };
    let (Segment::Match(_), other) = came.path.segments().split_last()? else {
        return None;
    };
    let mut differing = (deployed.iter()).filter(|(name, value)| live.get(*name) != Some(value));
    let (Some((name, was)), None) = (differing.next(), differing.next()) else {
        return None;
    };
    let alike = deployed.iter().filter(|(other, value)| {
        *other != name && !matches!(value, Value::Null | Value::Array(_) | Value::Object(_))
    });
    let alike: Vec<(String, Value)> = alike.map(|(key, value)| (key.clone(), value.clone())).collect();
    if list != other || alike.is_empty() || !keys.iter().any(|(key, _)| key == name) {
        return None;
    }
    let ends = [Segment::Match(alike), Segment::Key(name.clone())];
    Some(AskedField {
        path: list.iter().cloned().chain(ends).collect(),
        deployed: Some(was.clone()),
        live: Some(live.get(name)?.clone()),
    })
}
