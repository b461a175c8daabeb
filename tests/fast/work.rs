//! The work on one object is in proportion to its size, or ends with the object unknown.
//!
//! Steps are counted and time is not measured, so that a busy machine changes nothing.

use std::sync::Arc;

use driftline::classify::object::MAX_DOCUMENTS;
use driftline::compare::work::{RESERVE, Reserve, Work};
use driftline::vocabulary::ObjectState;

use crate::support::costly::{CLASSES, Costly, documents};

/// The steps of an input, and its size in bytes.
fn steps(class: &Costly, size: usize) -> (u64, usize) {
    let input = (class.make)(size);
    let work = Work::of_steps(u64::MAX);
    input.judge(&work);
    (work.taken(), input.bytes())
}

/// The class whose exact answer takes the square of its size: of elements that share their keys any may hold any other.
const QUADRATIC: &str = "duplicate environment keys with an extra field each";

#[test]
fn the_work_grows_with_the_size_and_not_with_its_square() {
    for class in CLASSES.iter().filter(|class| class.name != QUADRATIC) {
        let [(small, _), (large, bytes)] = [400, 800].map(|size| steps(class, size));
        assert!(
            large * 2 <= small * 5,
            "{}: {small} steps, then {large}",
            class.name
        );
        assert!(
            large <= bytes as u64 * 40,
            "{}: {large} steps for {bytes} bytes",
            class.name
        );
    }
}

/// What cannot be answered in time by its size ends when the work is spent, and says so.
#[test]
fn what_takes_more_than_its_size_allows_is_unknown() {
    for class in CLASSES {
        for size in [1_000, 4_000] {
            let input = (class.make)(size);
            let reserve = Arc::new(Reserve::default());
            let work = Work::of_object(input.bytes(), &reserve);
            let report = input.judge(&work);
            let is_spent = work.is_spent();
            assert_eq!(
                is_spent,
                report.state == ObjectState::Unknown,
                "{}: {report:?}",
                class.name
            );
            assert_eq!(
                is_spent,
                class.name == QUADRATIC && size == 4_000,
                "{}",
                class.name
            );
            if is_spent {
                let reason = report.reason.unwrap();
                assert!(
                    reason.starts_with("too costly to compare: it takes more than "),
                    "{reason}"
                );
                assert!(report.findings.is_empty() && report.patch.is_empty());
                assert!(work.taken() >= RESERVE);
            }
        }
    }
}

/// The reserve of a release is there once, however many objects it names.
#[test]
fn many_costly_objects_of_a_release_cost_little_more_than_one() {
    let costly = CLASSES.iter().find(|class| class.name == QUADRATIC).unwrap();
    let input = (costly.make)(2_500);
    let reserve = Arc::new(Reserve::default());
    let taken: u64 = (0..5)
        .map(|_| {
            let work = Work::of_object(input.bytes(), &reserve);
            input.judge(&work);
            work.taken()
        })
        .sum();
    let allowance = 50_000 + 40 * input.bytes() as u64;
    assert!(taken <= 5 * allowance + RESERVE, "{taken}");
}

#[test]
fn only_the_last_documents_of_an_object_are_compared_and_the_report_says_so() {
    let [few, many, more] = [MAX_DOCUMENTS, 200, 400].map(|count| {
        let work = Work::of_steps(u64::MAX);
        let report = documents(count, 30).judge(&work);
        (work.taken(), report.reason.unwrap_or_default())
    });
    assert!(!few.1.contains("documents"), "{}", few.1);
    assert_eq!((few.0, few.0), (many.0, more.0));
    let said = "the manifest names it in 400 documents, of which the last 8 were compared";
    assert!(more.1.ends_with(said), "{}", more.1);
}

/// Findings beyond what a report lists are counted, and the state is still that of all of them.
#[test]
fn an_object_with_thousands_of_differences_is_drifted_and_its_findings_are_counted() {
    let entries = CLASSES
        .iter()
        .find(|class| class.name == "entries of a ConfigMap")
        .unwrap();
    for (size, unread) in [(900, 0), (4_000, 0), (12_000, 2_000)] {
        let report = (entries.make)(size).judge(&Work::of_steps(u64::MAX));
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
