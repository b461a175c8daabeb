//! Memories that are broken, too large, of a later version, or read by a clock that went back.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::state::{FormatError, MAX_BYTES};

fn compressed(json: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_memory_that_cannot_be_used_says_why() {
    for (bytes, expected) in [
        (b"not gzip".to_vec(), FormatError::Foreign),
        (compressed("not JSON"), FormatError::Foreign),
        (compressed("{}"), FormatError::Foreign),
        (compressed(r#"{"version": 1}"#), FormatError::Damaged),
        (
            compressed(r#"{"version": 2, "entries": []}"#),
            FormatError::Later { found: 2 },
        ),
        (vec![0; MAX_BYTES + 1], FormatError::TooLarge),
        (compressed(&" ".repeat(17 << 20)), FormatError::Foreign),
    ] {
        assert_eq!(State::decode(&bytes).unwrap_err(), expected);
    }
    let mut whole = state();
    whole.compare(&mut scan(0, vec![web([replicas(5)])]));
    let bytes = whole.encode().unwrap();
    assert!(State::decode(&bytes[..bytes.len() / 2]).is_err());
}

#[test]
fn no_value_is_remembered() {
    let mut state = state();
    let secret = finding(
        FindingCode::Changed,
        "/data/TOKEN",
        Some(json!("hunter2-before")),
        Some(json!("hunter2-after")),
    );
    state.compare(&mut scan(0, vec![web([secret])]));
    let mut text = String::new();
    let bytes = state.encode().unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text).unwrap();
    assert!(
        text.contains("/data/TOKEN") && !text.contains("hunter2"),
        "{text}"
    );
}

/// A release of which so many fields drifted, with names that do not compress well.
fn large(objects: usize, fields: usize) -> ReleaseReport {
    let salt = Salt::new([9; 16]);
    let hash = |number: usize, part: usize| {
        salt.hash([&number.to_be_bytes()[..], &part.to_be_bytes()])
            .to_string()
    };
    let name = |number: usize| (0..12).map(|part| hash(number, part)).collect::<String>();
    let objects = (0..objects).map(|number| {
        let fields = (0..fields).map(|field| {
            let path = format!("/data/{}", name(number * fields + field));
            finding(
                FindingCode::Changed,
                &path,
                Some(json!(field)),
                Some(json!(number)),
            )
        });
        object("v1", "ConfigMap", "shop", &name(number)).drifted(fields)
    });
    release("shop", "web").with_objects(objects)
}

#[test]
fn a_memory_that_is_too_large_remembers_less_and_still_knows_what_is_new() {
    for (objects, fields, detail) in [
        (100, 10, MemoryDetail::Fields),
        (40, 300, MemoryDetail::Objects),
        (9_000, 2, MemoryDetail::Releases),
    ] {
        let mut state = state();
        let mut first = scan(0, vec![large(objects, fields)]);
        state.compare(&mut first);
        assert_eq!(state.fit().unwrap(), detail);
        assert!(state.encode().unwrap().len() <= MAX_BYTES);
        let telling = Telling::default();
        let told = part(&state, &first, &telling);
        assert_eq!(told.occasion, Occasion::Changed);
        state.delivered(told.receipt, None);

        let mut second = scan(1, vec![large(objects, fields)]);
        state.compare(&mut second);
        state.fit().unwrap();
        assert_eq!(
            second.releases[0].tracked.status,
            Some(ChangeStatus::Ongoing),
            "{detail}"
        );
        assert_eq!(second.releases[0].tracked.first_seen, Some(at(START)));
        assert_eq!(
            part(&state, &second, &telling).occasion,
            Occasion::Unchanged,
            "{detail}"
        );

        let mut third = scan(2, vec![large(objects - 1, fields)]);
        state.compare(&mut third);
        state.fit().unwrap();
        assert!(
            third.resolved.len() + third.summary.changes.unwrap().changed > 0,
            "{detail}"
        );

        // What fits again is remembered one by one again, with its age.
        let mut small = scan(3, vec![large(3, 2)]);
        state.compare(&mut small);
        assert_eq!(state.fit().unwrap(), MemoryDetail::Fields);
        let mut same = scan(4, vec![large(3, 2)]);
        state.compare(&mut same);
        let changes = same.summary.changes.clone().unwrap();
        assert_eq!((changes.new, changes.ongoing), (0, 6), "{detail}");
        assert_eq!(same.releases[0].tracked.first_seen, Some(at(START)), "{detail}");
    }
}

#[test]
fn what_ended_at_a_time_that_is_yet_to_come_is_forgotten_as_well() {
    let mut state = state();
    state.compare(&mut scan(0, vec![web([replicas(5)])]));
    state.compare(&mut scan(90_000, vec![web([])]));
    assert_eq!(state.releases.len(), 1);
    state.compare(&mut scan(1, vec![web([])]));
    assert!(state.releases.is_empty());
}

#[test]
fn a_clock_that_went_back_makes_nothing_new_and_nothing_older_than_now() {
    let mut state = state();
    state.compare(&mut scan(10, vec![web([replicas(5)])]));
    let mut report = scan(2, vec![web([replicas(5)])]);
    state.compare(&mut report);
    let tracked = &report.releases[0].tracked;
    assert_eq!(tracked.status, Some(ChangeStatus::Ongoing));
    assert!(tracked.first_seen.unwrap() <= time(&report));
    assert_eq!(
        state.scanned_at(),
        Some(time(&report)),
        "the next scan is compared with this one"
    );
    let part = part(&state, &report, &Telling::default());
    state.delivered(part.receipt, None);
    let mut later = scan(3, vec![web([replicas(5)])]);
    state.compare(&mut later);
    assert_eq!(
        super::part(&state, &later, &Telling::default()).occasion,
        Occasion::Unchanged
    );
}
