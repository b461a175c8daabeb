//! The work on one object is in proportion to its size, or ends with the object unknown.
//!
//! Steps are counted and time is not measured, so that a busy machine changes nothing.

#[path = "../../benches/corpus/mod.rs"]
#[allow(dead_code, reason = "the benchmarks use all of it")]
mod corpus;

use std::sync::Arc;

use driftline::classify::object::MAX_DOCUMENTS;
use driftline::compare::work::{ReleaseWork, Work};
use driftline::model::ObjectReport;
use driftline::types::TypeTable;
use driftline::vocabulary::ObjectState;

use crate::support::costly::{CLASSES, Costly, Input, documents};

/// The class whose exact answer takes the square of its size: of elements that share their keys any may hold any other.
const QUADRATIC: &str = "duplicate environment keys with an extra field each";

fn class(name: &str) -> &'static Costly {
    CLASSES.iter().find(|class| class.name == name).unwrap()
}

/// The steps of an input, and its size in bytes.
fn steps(class: &Costly, size: usize) -> (u64, u64) {
    let input = (class.make)(size);
    let work = Work::of_steps(u64::MAX);
    input.judge(&work);
    (work.taken(), input.bytes() as u64)
}

/// What is judged of an input, as an object of a release with this work left, and whether that was enough.
fn judged(input: &Input, release: &Arc<ReleaseWork>) -> (ObjectReport, bool) {
    let work = Work::of_object(input.bytes(), release);
    let report = input.judge(&work);
    (report, !work.is_spent())
}

#[test]
fn the_work_grows_with_the_size_and_not_with_its_square() {
    for class in CLASSES.iter().filter(|class| class.name != QUADRATIC) {
        let (small, small_bytes) = steps(class, 300);
        let (large, large_bytes) = steps(class, 600);
        // Twice the size, or as many times the bytes: the managed fields of many managers repeat every field.
        let is_in_proportion = large * 2 <= small * 5 || large * small_bytes * 4 <= small * large_bytes * 5;
        assert!(
            is_in_proportion,
            "{}: {small} steps for {small_bytes} bytes, then {large} for {large_bytes}",
            class.name
        );
    }
}

/// An object that was made to be costly and is not by its kind is compared all the same.
#[test]
fn what_is_large_and_not_costly_is_compared() {
    for class in CLASSES.iter().filter(|class| class.name != QUADRATIC) {
        let input = (class.make)(900);
        let (report, is_enough) = judged(&input, &Arc::default());
        assert!(
            is_enough && report.state != ObjectState::Unknown,
            "{}: {:?}",
            class.name,
            report.reason
        );
    }
}

#[test]
fn what_takes_more_than_its_size_allows_is_unknown() {
    let input = (class(QUADRATIC).make)(1_800);
    let (report, is_enough) = judged(&input, &Arc::new(ReleaseWork::of_steps(150_000_000, 0)));
    assert!(!is_enough);
    assert_eq!(report.state, ObjectState::Unknown);
    let reason = report.reason.unwrap();
    assert!(
        reason.starts_with("too costly to compare: it takes more than the "),
        "{reason}"
    );
    assert!(report.findings.is_empty() && report.patch.is_empty());
}

/// However many objects a release names, they end when its work is spent.
#[test]
fn the_objects_of_a_release_share_its_work() {
    let input = (class("finalizers").make)(100);
    let release = Arc::new(ReleaseWork::of_steps(
        3 * steps(class("finalizers"), 100).0 + 100,
        0,
    ));
    let states: Vec<ObjectState> = (0..5).map(|_| judged(&input, &release).0.state).collect();
    let (drifted, unknown) = (ObjectState::Drifted, ObjectState::Unknown);
    assert_eq!(states, [drifted, drifted, drifted, unknown, unknown]);
}

/// The corpus of the benchmarks is made after public charts.
#[test]
fn honest_objects_stay_far_below_their_allowance() {
    let (mut taken, mut bytes) = (0, 0);
    for object in (0..8).flat_map(|number| corpus::objects(number).1) {
        let types = TypeTable::builtin().kinds();
        let kind = types
            .into_iter()
            .find(|kind| *kind == (&*object.api_version, &*object.kind))
            .unwrap();
        for previous in [object.body.clone(), object.body.replace("1.2.3", "1.2.2")] {
            let input = Input::of(kind, &object.body, &previous, &object.live);
            let work = Work::of_steps(u64::MAX);
            input.judge(&work);
            let size = input.bytes() as u64;
            // The allowance is twenty steps for a byte.
            assert!(
                work.taken() <= size,
                "{kind:?}: {} steps for {size} bytes",
                work.taken()
            );
            taken += work.taken();
            bytes += size;
        }
    }
    assert!(taken * 2 <= bytes, "{taken} steps for {bytes} bytes");
}

#[test]
fn only_the_last_documents_of_an_object_are_compared_and_the_report_says_so() {
    let [few, many, more] = [MAX_DOCUMENTS, 100, 200].map(|count| {
        let work = Work::of_steps(u64::MAX);
        let report = documents(count, 30).judge(&work);
        (work.taken(), report.reason.unwrap_or_default())
    });
    assert!(!few.1.contains("documents"), "{}", few.1);
    assert_eq!((few.0, few.0), (many.0, more.0));
    let said = "the manifest names it in 200 documents, of which the last 8 were compared";
    assert!(more.1.ends_with(said), "{}", more.1);
}

/// Findings beyond what a report lists are counted, and the state is still that of all of them.
#[test]
fn an_object_with_thousands_of_differences_is_drifted_and_its_findings_are_counted() {
    for (size, unread) in [(900, 0), (2_000, 0), (12_000, 2_000)] {
        let report = (class("entries of a ConfigMap").make)(size).judge(&Work::of_steps(u64::MAX));
        assert_eq!(report.state, ObjectState::Drifted);
        let listed = report.findings.len();
        assert!(listed <= 1_000);
        assert_eq!(listed + report.left_out.drift + unread, size);
        let reason = report.reason.unwrap();
        let counted = format!("1000 of its {} findings are listed", size - unread);
        assert_eq!(reason.contains(&counted), size > 1_000, "{reason}");
        let only_counted = format!("{unread} further differences were only counted");
        assert_eq!(reason.contains(&only_counted), unread > 0, "{reason}");
        assert_eq!(report.patch.len(), listed);
    }
}
