//! Properties of the comparison that hold for every kind, whatever a chart writes and a server makes of it.
//!
//! Objects are generated from the type table itself. `make` writes them as charts do, `server` turns them into live
//! ones by the table's facts, and `change` changes live objects as people do. Every case has a number, so that a
//! failure can be reproduced.
//!
//! None of the three uses the comparison: they have their own rules of which elements of a list are the same, and which
//! values the server fills into their keys. They share with it the table, which is the only statement of what type a
//! field has, what its zero means and what its default is; `types::tests`, `compare::semantics` and the testbed hold
//! the table itself to the server.

mod change;
mod make;
mod server;

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;

use self::change::{Change as Changed, change};
use self::make::{DEPTH, Dice, KEY_DEFAULTS, KINDS, made, map_value, shape_of};
use self::server::{Extras, Server};
use super::patch::patch_of;
use super::three_way::{Change, OfRevision, Versions, all_changes};
use crate::types::{ListKind, Shape};
use crate::vocabulary::FindingCode;

/// The differences, apart from what no server ever keeps.
fn differences(shape: Shape<'_>, desired: &Value, live: &Value) -> Vec<Change> {
    changes(shape, None, desired, live)
        .into_iter()
        .filter(|change| change.code != FindingCode::Pruned)
        .collect()
}

fn changes(shape: Shape<'_>, previous: Option<&Value>, desired: &Value, live: &Value) -> Vec<Change> {
    let versions = Versions {
        previous: previous.map(|object| OfRevision { revision: 1, object }),
        desired,
        attempted: &[],
        live,
    };
    all_changes(Some(shape), versions)
}

fn live(seed: u64, extras: Extras, shape: Shape<'_>, desired: &Value) -> Value {
    let mut server = Server {
        dice: Dice::new(seed),
        extras,
    };
    server.stored(shape, desired)
}

/// Some changes to an object, one after the other, and where they are.
fn changed(dice: &mut Dice, count: usize, shape: Shape<'_>, desired: &Value) -> (Value, Vec<Changed>) {
    let mut object = desired.clone();
    let mut done = Vec::new();
    for _ in 0..count {
        if let Some((next, place)) = change(dice, shape, &object) {
            object = next;
            done.push(place);
        }
    }
    (object, done)
}

/// The same cases on every run, unless a number of cases is set: then others, to search for what these miss
/// (`PROPTEST_CASES=300000 cargo test --lib properties`).
fn cases() -> ProptestConfig {
    let from_environment = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => from_environment,
        None => ProptestConfig {
            cases: 1_500,
            rng_seed: RngSeed::Fixed(0),
            ..from_environment
        },
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_the_server_makes_of_a_manifest_is_in_sync_with_it(seed in any::<u64>()) {
        let (shape, kind, desired) = made(seed);
        let live = live(seed, Extras::Some, shape, &desired);
        let found = differences(shape, &desired, &live);
        prop_assert!(found.is_empty(), "{kind:?}: {found:#?}\ndesired {desired:#}\nlive {live:#}");
    }

    #[test]
    fn one_change_to_what_a_manifest_says_is_found_where_it_is(seed in any::<u64>()) {
        let (shape, kind, desired) = made(seed);
        let mut dice = Dice::new(seed ^ 1);
        let Some((changed, place)) = change(&mut dice, shape, &desired) else { return Ok(()) };
        let live = live(seed, place.extras(), shape, &changed);
        let found = differences(shape, &desired, &live);
        prop_assert!(
            found.iter().any(|change| change.path.overlaps(&place.path)),
            "{kind:?}: {place:?} is not in {found:#?}\ndesired {desired:#}\nlive {live:#}"
        );
        prop_assert!(
            found.iter().all(|change| change.path.overlaps(&place.path)),
            "{kind:?}: more than {place:?}: {found:#?}\ndesired {desired:#}\nlive {live:#}"
        );
    }

    #[test]
    fn the_patch_leaves_nothing_to_find(seed in any::<u64>(), count in 1_usize..5) {
        let (shape, kind, desired) = made(seed);
        let mut dice = Dice::new(seed ^ 2);
        let (previous, _) = changed(&mut dice, count, shape, &desired);
        let (other, _) = changed(&mut dice, count, shape, &previous);
        let live = live(seed, Extras::Some, shape, &other);
        let found = changes(shape, Some(&previous), &desired, &live);
        let mut patched = live.clone();
        let patch = patch_of(&found);
        if let Err(error) = json_patch::patch(&mut patched, &patch) {
            prop_assert!(false, "{kind:?}: {error}: {patch:#}\nlive {live:#}");
        }
        let left: Vec<Change> = changes(shape, Some(&previous), &desired, &patched)
            .into_iter()
            .filter(|change| change.code != FindingCode::Pruned)
            .collect();
        prop_assert!(
            left.is_empty(),
            "{kind:?}: {left:#?}\npatch {patch:#}\nprevious {previous:#}\ndesired {desired:#}\nlive {live:#}"
        );
    }
}

/// The keys of lists with their defaults, by the table.
fn key_defaults(shape: Shape<'_>, depth: usize, found: &mut BTreeSet<(String, String)>) {
    if depth == 0 {
        return;
    }
    for (_, inner) in shape.fields() {
        key_defaults(inner, depth - 1, found);
    }
    let Some(element) = shape.element().or_else(|| map_value(shape)) else {
        return;
    };
    key_defaults(element, depth - 1, found);
    if let ListKind::Map(keys) = shape.list() {
        let fields = element
            .fields()
            .filter(|(name, _)| keys.iter().any(|key| key == name));
        found.extend(fields.filter_map(|(name, key)| {
            let default = key.default()?.as_str()?;
            Some((name.to_owned(), default.to_owned()))
        }));
    }
}

#[test]
fn the_defaults_of_keys_are_those_of_the_table() {
    let mut found = BTreeSet::new();
    for kind in KINDS {
        key_defaults(shape_of(kind), DEPTH, &mut found);
    }
    let stated = KEY_DEFAULTS.map(|(key, default)| (key.to_owned(), default.to_owned()));
    assert_eq!(found, BTreeSet::from(stated));
}

#[test]
fn every_kind_that_is_made_up_is_in_the_table_and_says_something() {
    for (kind, position) in KINDS.iter().zip(0_u64..) {
        let seeds = (0..40).map(|seed| seed * KINDS.len() as u64 + position);
        let sizes = seeds.map(|seed| made(seed).2.to_string().len());
        assert!(sizes.max() > Some(250), "{kind:?}");
    }
}
