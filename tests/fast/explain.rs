//! `driftline explain` knows every word that a report prints.

use std::collections::BTreeSet;
use std::fs;

use driftline::explain::explain;

use crate::support::program::{Driftline, root};

fn run(arguments: &[&str]) -> String {
    let ran = Driftline::new(arguments).run();
    assert_eq!(ran.stderr, "", "{arguments:?}");
    ran.stdout
}

/// Reports with as many words as possible: the scan of the example, with and without ignore rules, and the pages of
/// `docs/diagnose`.
fn reports() -> Vec<String> {
    let scan = ["scan", "--snapshot", "examples/drifted-shop", "--all"];
    let place = tempfile::tempdir().unwrap();
    let config = place.path().join("driftline.yaml");
    fs::write(
        &config,
        "ignore: [{kind: ConfigMap, namespace: shop}, {kind: Nothing}]",
    )
    .unwrap();
    let mut reports = vec![
        run(&scan),
        Driftline::new([&scan[..], &["--config", config.to_str().unwrap(), "-q"]].concat())
            .run()
            .stdout,
    ];
    let pages = fs::read_dir(root().join("docs/diagnose")).unwrap();
    let pages = pages.map(|page| page.unwrap().path());
    let pages = pages.filter(|page| page.extension().is_some_and(|extension| extension == "txt"));
    reports.extend(pages.map(|page| fs::read_to_string(page).unwrap()));
    reports
}

#[test]
fn every_word_that_a_report_begins_a_line_with_is_explained() {
    let scans = &reports()[..2];
    let lines = scans.iter().flat_map(|report| report.lines());
    // Lines of a value, and the legend, begin with marks and in other ways.
    let words: BTreeSet<&str> = lines
        .filter_map(|line| line.split_whitespace().next())
        .map(|word| word.trim_end_matches(':'))
        .filter(|word| {
            word.chars()
                .all(|character| character.is_ascii_lowercase() || character == '-')
        })
        // The label of a next step, a value that did not fit beside its path, and the heading `not in order`.
        .filter(|word| !["next", "value", "-", "not"].contains(word))
        .collect();
    assert!(words.len() > 20, "{words:?}");
    for word in words {
        assert!(
            explain(word).is_ok(),
            "`driftline explain {word}` does not know it"
        );
    }
}

#[test]
fn every_word_that_follows_a_label_or_stands_in_parentheses_is_explained() {
    let reports = reports();
    let mut words = BTreeSet::new();
    for line in reports.iter().flat_map(|report| report.lines()) {
        if line.trim_start().starts_with('│') {
            continue;
        }
        let effect = line.split_once("next upgrade: ").map(|(_, effect)| effect.trim());
        // A reason or a value follows.
        words.extend(effect.map(|effect| effect.split_once(": ").map_or(effect, |(word, _)| word)));
        // `(claimed)`, and not `(shop/templates/web.yaml)` or a sentence.
        let columns = line.split("  ").flat_map(|column| column.split(" ("));
        let inner = columns.filter_map(|part| part.trim().strip_suffix(')'));
        words.extend(inner.map(|word| word.trim_start_matches('(')).filter(|word| {
            let is_word = |character: char| character.is_ascii_lowercase() || character == ' ';
            word.len() > 2
                && !word.starts_with("cluster ")
                && word.chars().all(is_word)
                && word.split(' ').count() < 3
        }));
    }
    for word in [
        "fails (conflict)",
        "fails (refused)",
        "keeps",
        "reverts",
        "not known",
        "claimed",
        "redacted",
    ] {
        assert!(words.contains(word), "{word}: {words:?}");
    }
    // Statuses of revisions are Helm's words.
    for status in ["failed", "pending", "superseded", "deployed", "uninstalled"] {
        words.retain(|word| !word.starts_with(status));
    }
    for word in words {
        assert!(
            explain(word).is_ok(),
            "`driftline explain {word}` does not know it"
        );
    }
}

#[test]
fn the_list_has_every_word_with_its_meaning_and_each_is_explained() {
    let listed = run(&["explain"]);
    let entries: Vec<_> = driftline::explain::entries().collect();
    for entry in &entries {
        let line = format!("  {} ", entry.name());
        assert!(
            listed.lines().any(|listed| listed.starts_with(&line)),
            "{}",
            entry.name()
        );
        // Without quotes, a word of several parts is as many arguments.
        let words: Vec<&str> = std::iter::once("explain")
            .chain(entry.name().split(' '))
            .collect();
        let text = run(&words);
        // A word may have several meanings.
        let heading = format!("{} (", entry.name());
        assert!(text.lines().any(|line| line.starts_with(&heading)), "{text}");
        assert!(text.lines().count() > 2, "{text}");
    }
    let headings = listed
        .lines()
        .filter(|line| !line.starts_with(' ') && !line.is_empty());
    assert_eq!(
        headings.count(),
        driftline::explain::Group::ALL.len() + 1,
        "{listed}"
    );
    assert!(listed.lines().count() > entries.len());
}

#[test]
fn a_word_that_is_none_is_answered_with_near_ones() {
    let ran = Driftline::new(["explain", "driftd"]).run();
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""));
    assert!(
        ran.stderr
            .contains("`driftd` is not a word of the report; did you mean `drift"),
        "{}",
        ran.stderr
    );
}
