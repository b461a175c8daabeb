//! Every fixture in every format, held against committed snapshots, and the rules that hold for all of them.

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::fixtures::{finding, object};
use super::sanitize::{Medium, is_runner_command, is_unsafe};
use super::summary::FailOn;
use super::text::{Detail, Extent, Palette, TextOptions};
use super::{Format, RenderOptions, ReportKind, fixtures, render};
use crate::model::{Report, Summary};
use crate::vocabulary::FindingCode;

fn rendered(report: &Report, format: Format, kind: ReportKind, text: &TextOptions) -> String {
    let mut out = Vec::new();
    let options = RenderOptions {
        links: crate::report::links::Links::default(),
        kind,
        text: *text,
    };
    render(report, format, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn as_text(report: &Report, options: &TextOptions) -> String {
    rendered(report, Format::Text, ReportKind::Scan, options)
}

fn as_json(report: &Report) -> String {
    rendered(report, Format::Json, ReportKind::Scan, &TextOptions::PLAIN)
}

const COLOURED: TextOptions = TextOptions {
    palette: Palette::COLOUR,
    medium: Medium::Terminal,
    width: Some(100),
    fail_on: FailOn::DRIFT,
    extent: Extent::Short,
    detail: Detail::Full,
};
const CI: TextOptions = TextOptions {
    palette: Palette::PLAIN,
    medium: Medium::CiLog,
    width: None,
    fail_on: FailOn::DRIFT,
    extent: Extent::Whole,
    detail: Detail::Full,
};

/// The formats are a contract of the command line: new ones come after these.
#[test]
fn every_kind_of_report_has_its_formats() {
    for kind in [ReportKind::Scan, ReportKind::Diagnosis, ReportKind::Preview] {
        let names: Vec<_> = Format::of(kind).map(Format::as_str).collect();
        assert!(names.starts_with(&["text", "json"]), "{names:?}");
    }
}

#[test]
fn plain_text() {
    for (name, report) in fixtures::every() {
        insta::assert_snapshot!(format!("{name}-plain"), as_text(&report, &TextOptions::PLAIN));
    }
}

#[test]
fn coloured_text_on_a_terminal_of_100_columns() {
    for (name, report) in fixtures::every() {
        // The escape character is spelled out to keep the snapshots readable.
        let text = as_text(&report, &COLOURED).replace('\u{1b}', "<ESC>");
        insta::assert_snapshot!(format!("{name}-coloured"), text);
    }
}

#[test]
fn text_in_a_ci_log() {
    insta::assert_snapshot!("drifted-ci", as_text(&fixtures::drifted(), &CI));
}

/// What earlier scans knew takes a line, and what is resolved comes at the end.
#[test]
fn text_of_what_is_new() {
    let news = |options: TextOptions| {
        let options = TextOptions {
            detail: Detail::News,
            ..options
        };
        as_text(&fixtures::scenes::remembered(), &options).replace('\u{1b}', "<ESC>")
    };
    insta::assert_snapshot!("remembered-news", news(TextOptions::PLAIN));
    insta::assert_snapshot!("remembered-news-coloured", news(COLOURED));
}

/// Text has forms of its own above, and pages have tests of their own.
#[test]
fn every_report_in_every_other_format() {
    let formats =
        Format::of(ReportKind::Scan).filter(|format| !matches!(format, Format::Text | Format::Html));
    for format in formats {
        for (name, report) in fixtures::every() {
            let document = rendered(&report, format, ReportKind::Scan, &TextOptions::PLAIN);
            insta::assert_snapshot!(format!("{name}-{format}"), document);
        }
    }
}

#[test]
fn json_reads_back_as_the_same_report() {
    for (name, report) in fixtures::every() {
        let text = as_json(&report);
        assert_eq!(Report::from_json(text.as_bytes()).unwrap(), report, "{name}");
        assert!(text.ends_with("}\n"), "{name}");
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    for (name, report) in fixtures::every() {
        let mut plain = COLOURED;
        plain.palette = Palette::PLAIN;
        let coloured = as_text(&report, &COLOURED);
        let stripped = anstream::adapter::strip_str(&coloured).to_string();
        assert_eq!(stripped, as_text(&report, &plain), "{name}");
    }
}

#[test]
fn the_page_of_a_release_in_trouble() {
    let diagnosed = fixtures::scenes::diagnosed();
    let page = |options: &TextOptions| rendered(&diagnosed, Format::Text, ReportKind::Diagnosis, options);
    insta::assert_snapshot!("diagnosis-plain", page(&TextOptions::PLAIN));
    insta::assert_snapshot!("diagnosis-coloured", page(&COLOURED).replace('\u{1b}', "<ESC>"));
    let headings = ["History (", "In the cluster", "Diagnosis", "What to do"];
    let text: Vec<String> = page(&CI)
        .lines()
        .filter(|line| !headings.iter().any(|heading| line.starts_with(heading)))
        // Revisions are numbers.
        .map(|line| {
            line.trim_start()
                .trim_start_matches(|ch: char| ch.is_ascii_digit())
        })
        .map(str::to_owned)
        .collect();
    assert_harmless(&text.join("\n"), "diagnosis");
}

/// The headings of the page of a preview.
const PREVIEW_HEADINGS: [&str; 13] = [
    "Why",
    "What it leaves",
    "Fails at",
    "Deletes",
    "Creates",
    "Changes",
    "Keeps, because of their resource policy",
    "Cannot be told",
    "Does not come to",
    "Leaves as they are",
    "Hooks",
    "Not known before",
    "What to do, safest first",
];

#[test]
fn the_page_of_a_preview() {
    for (name, report) in fixtures::previews::every() {
        let page = |options: &TextOptions| rendered(&report, Format::Text, ReportKind::Preview, options);
        insta::assert_snapshot!(format!("{name}-plain"), page(&TextOptions::PLAIN));
        let ci = page(&CI);
        let text = page_lines(&ci, &PREVIEW_HEADINGS);
        assert_harmless(&text.join("\n"), name);
        let document = rendered(&report, Format::Json, ReportKind::Preview, &TextOptions::PLAIN);
        assert_eq!(Report::from_json(document.as_bytes()).unwrap(), report, "{name}");
    }
    let (_, report) = fixtures::previews::every().remove(1);
    let page = |options: &TextOptions| rendered(&report, Format::Text, ReportKind::Preview, options);
    insta::assert_snapshot!("preview-coloured", page(&COLOURED).replace('\u{1b}', "<ESC>"));
    let narrow = TextOptions {
        palette: Palette::PLAIN,
        width: Some(60),
        ..COLOURED
    };
    insta::assert_snapshot!("preview-narrow", page(&narrow));
    let mut plain = COLOURED;
    plain.palette = Palette::PLAIN;
    let stripped = anstream::adapter::strip_str(&page(&COLOURED)).to_string();
    assert_eq!(stripped, page(&plain));
}

/// The lines of a page without its headings.
fn page_lines<'t>(page: &'t str, headings: &[&str]) -> Vec<&'t str> {
    page.lines().filter(|line| !headings.contains(line)).collect()
}

#[test]
fn every_line_is_harmless() {
    for (name, report) in fixtures::every() {
        assert_harmless(&as_text(&report, &CI), name);
    }
}

#[test]
fn every_format_is_harmless() {
    for (name, report) in fixtures::every() {
        assert_every_format_is_harmless(&report, &CI, name);
    }
}

/// Tries a report in each form of each format.
fn assert_every_format_is_harmless(report: &Report, options: &TextOptions, context: &str) {
    for kind in [ReportKind::Scan, ReportKind::Diagnosis, ReportKind::Preview] {
        for format in Format::of(kind) {
            for line in rendered(report, format, kind, options).lines() {
                let foreign = match format {
                    // Each line is a command of driftline's own, with foreign text in its properties and its message.
                    Format::Github => {
                        let mut levels = ["::error ", "::warning ", "::notice "].iter();
                        levels.find_map(|level| line.strip_prefix(level)).unwrap_or(line)
                    }
                    Format::Text
                    | Format::Json
                    | Format::Wide
                    | Format::Yaml
                    | Format::Markdown
                    | Format::Html
                    | Format::Sarif
                    | Format::Junit
                    | Format::Gitlab => line,
                };
                assert_acts_on_nothing(foreign, &format!("{context} as {format}"));
            }
        }
    }
}

/// The rules for a line of any format, whatever text the cluster has.
fn assert_acts_on_nothing(line: &str, context: &str) {
    assert!(!line.trim_start().starts_with("::"), "{context}: {line}");
    assert!(!line.chars().any(is_unsafe), "{context}: {line}");
    assert!(
        !line.char_indices().any(|(at, _)| is_runner_command(&line[at..])),
        "{context}: {line}"
    );
}

/// The rules for every line of text in a CI log, whatever text the cluster has.
fn assert_harmless(text: &str, context: &str) {
    for line in text.lines() {
        let start = line.trim_start();
        // Evidence has a dash.
        let own = ["│", "# ", "$ ", "- "].iter().any(|mark| start.starts_with(mark))
            || start.starts_with(|ch: char| ch.is_ascii_lowercase())
            || start.starts_with("Read: ");
        assert!(
            own || line.is_empty(),
            "{context}: begins with foreign text: {line}"
        );
        assert_acts_on_nothing(line, context);
    }
}

/// A label that an upgrade changes everywhere is shown once, with every object that has it.
#[test]
fn objects_that_drifted_alike_share_their_findings() {
    let label = || {
        finding(
            FindingCode::Changed,
            "/metadata/labels/version",
            Some("1".into()),
            Some("2".into()),
        )
    };
    let image = finding(
        FindingCode::Changed,
        "/spec/image",
        Some("a".into()),
        Some("b".into()),
    );
    let named = |name: &str| object("v1", "ConfigMap", "shop", name);
    let alike = ["a", "b", "c", "d"].map(|name| named(name).drifted([label()]));
    let other = named("e").drifted([label(), image]);
    let release = fixtures::release("shop", "web");
    let few = release.clone().with_objects(alike[..2].to_vec());
    let many = release.with_objects(alike.into_iter().chain([other]));
    let page = |release| as_text(&fixtures::report(vec![release]), &TextOptions::PLAIN);
    assert_eq!(page(few).matches("changed  ").count(), 2);
    insta::assert_snapshot!("alike-plain", page(many));
}

/// One change to thirty tenants is told once, and the tenant that has another one by itself.
#[test]
fn releases_that_drifted_alike_are_one_group() {
    let report = fixtures::scenes::tenants();
    insta::assert_snapshot!("tenants-plain", as_text(&report, &TextOptions::PLAIN));
    insta::assert_snapshot!(
        "tenants-coloured",
        as_text(&report, &COLOURED).replace('\u{1b}', "<ESC>")
    );
    for (extent, lists_all) in [
        (Extent::Short, false),
        (Extent::Lists, true),
        (Extent::Whole, true),
    ] {
        let page = as_text(&report, &TextOptions { extent, ..COLOURED });
        assert_eq!(page.contains("tenant-29/app"), lists_all, "{extent:?}: {page}");
        assert!(page.contains("tenant-05/app"), "{extent:?}: {page}");
    }
}

/// Only a terminal gets values in part, unless it asks for all of them.
#[test]
fn values_are_shortened_for_terminals_only() {
    let config = |end: &str| format!("{}{end}", "https://example.com/a/long/way/".repeat(9));
    let lines = |word: &str| format!("{word}\n").repeat(40);
    let of = |before: &str, after: &str| {
        finding(
            FindingCode::Changed,
            "/data/a",
            Some(before.into()),
            Some(after.into()),
        )
    };
    let added = finding(FindingCode::Added, "/data/b", None, Some(lines("added").into()));
    let object = object("v1", "ConfigMap", "shop", "web").drifted([
        added,
        of(&config("before"), &config("after")),
        of(&lines("old"), &lines("new")),
    ]);
    let report = fixtures::report(vec![fixtures::release("shop", "web").with_objects([object])]);
    let whole = |page: &str| {
        // A terminal's lines are wrapped within a value that is longer than one.
        let unwrapped: String = page.split_whitespace().collect();
        unwrapped.contains(&config("after"))
            && page.matches("│ + new").count() == 40
            && page.matches("│ + added").count() == 40
    };
    for (options, is_whole) in [
        (TextOptions::PLAIN, true),
        (CI, true),
        (COLOURED, false),
        (
            TextOptions {
                extent: Extent::Whole,
                ..COLOURED
            },
            true,
        ),
    ] {
        let page = anstream::adapter::strip_str(&as_text(&report, &options)).to_string();
        assert_eq!(whole(&page), is_whole, "{options:?}: {page}");
        assert!(page.contains("before → ") && page.contains("after"), "{page}");
    }
}

#[test]
fn redacted_findings_show_no_value_even_where_one_is_left() {
    let mut report = fixtures::drifted();
    for finding in report
        .releases
        .iter_mut()
        .flat_map(|r| &mut r.objects)
        .flat_map(|o| &mut o.findings)
    {
        (finding.redacted, finding.live) = (true, Some("hunter2".into()));
        finding.previous = Some("hunter2".into());
    }
    assert!(!as_text(&report, &TextOptions::PLAIN).contains("hunter2"));
}

#[test]
fn values_that_were_left_out_are_said_to_be() {
    let page = as_text(&fixtures::scenes::omitted(), &TextOptions::PLAIN);
    assert!(page.contains("(too large to show)"), "{page}");
    let drifted = as_text(&fixtures::drifted(), &TextOptions::PLAIN);
    assert!(
        drifted.contains("nginx:1.27") && !page.contains("nginx:1.27"),
        "{page}"
    );
}

#[test]
fn findings_fit_the_terminal() {
    for width in [60, 80, 120, 200] {
        let mut options = TextOptions::PLAIN;
        (options.width, options.extent) = (Some(width), Extent::Short);
        let mut report = fixtures::drifted();
        report.releases.retain(|release| release.name == "web");
        for line in as_text(&report, &options)
            .lines()
            .filter(|line| line.starts_with("    "))
        {
            assert!(line.width() <= width, "{width}: {line}");
        }
    }
}

/// There are eighty columns, and `(not set)` needs few of them.
#[test]
fn a_short_value_leaves_its_room_to_the_other() {
    let variable = r#"{"name":"DEBUG","value":"checkout"}"#;
    let live: serde_json::Value = serde_json::from_str(variable).unwrap();
    let added = finding(
        FindingCode::Added,
        "/spec/containers[name=web]/env[name=DEBUG]",
        None,
        Some(live),
    );
    let object = object("v1", "Pod", "shop", "web").drifted([added]);
    let report = fixtures::report(vec![fixtures::release("shop", "web").with_objects([object])]);
    let options = TextOptions {
        width: Some(80),
        extent: Extent::Short,
        ..TextOptions::PLAIN
    };
    let page = as_text(&report, &options);
    assert!(page.contains(&format!("(not set) → {variable}\n")), "{page}");
}

proptest! {
    // Each case is written in every format.
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn hostile_text_anywhere_is_harmless(
        word in "(::error::|##\\[|##vso\\[|\n|\r|\u{1b}|\u{202e}|section_start:|#|\\[|[a-z ]{1,6}|\\PC){0,12}",
        width in proptest::option::of(40_usize..160),
    ) {
        let mut report = fixtures::drifted();
        report.cluster.name.clone_from(&word);
        for release in &mut report.releases {
            release.name.clone_from(&word);
            release.namespace.clone_from(&word);
            release.latest.status.clone_from(&word);
            for health in &mut release.health {
                health.message.clone_from(&word);
            }
            for object in &mut release.objects {
                object.kind.clone_from(&word);
                object.reason = Some(word.clone());
                for finding in &mut object.findings {
                    finding.path.clone_from(&word);
                    finding.live = Some(word.clone().into());
                }
            }
        }
        // Enough of each for a group.
        let copies = [report.releases.clone(), report.releases.clone()].concat();
        report.releases.extend(copies);
        report.summary = Summary::of(&report.releases);
        let mut options = CI;
        options.width = width;
        assert_harmless(&as_text(&report, &options), &word);
        assert_every_format_is_harmless(&report, &options, &word);
        let read = Report::from_json(as_json(&report).as_bytes()).unwrap();
        prop_assert_eq!(read, report);
    }
}
