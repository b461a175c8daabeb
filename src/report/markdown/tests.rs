//! What a reader of Markdown would notice.

use serde_json::{Value, json};

use super::*;
use crate::report::text::TextOptions;

/// Text that wants to be more than text.
const HOSTILE: [&str; 24] = [
    "</details><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/p.png)",
    "[click](javascript:alert(1))",
    "[x]: https://evil.example",
    "<https://evil.example>",
    "https://evil.example/a www.evil.example a@evil.example",
    "@octocat @org/team #123 GH-123 org/repo#1 deadbeefcafe",
    "a|b|c\\|d\\\\|e",
    "`` ` ``` `a` ``b",
    "`",
    "\\`x\\`",
    "\n\n# heading\n\n- item\n\n```\nfence\n```\n",
    "\r\n> [!WARNING]\r\n> x",
    "::error::x\n##[error]y",
    "\u{202e}evil\u{2066}\u{0}\u{1b}[2J",
    "&lt;b&gt; &#64;octocat &amp;",
    "*a* _b_ ~~c~~ **d** <u>e</u>",
    "$\\ce{x}$ $$x$$ :tada:",
    "<!-- hidden -->",
    "]]> --> ?> <![CDATA[x",
    "[^1] [^1]: note",
    "- [ ] task 1. one 1) two + three",
    "   ```sh\n   x\n",
];

fn report(hostile: &str) -> Value {
    let finding = |path: &str, desired: Value, live: Value| {
        json!({
            "code": "changed", "severity": "drift", "path": path, "pointer": path, "desired": desired,
            "live": live, "message": hostile, "nextUpgrade": "refused", "nextUpgradeReason": hostile,
            "actor": {"manager": hostile, "operation": "Update", "subresource": hostile}
        })
    };
    let lines = format!("a\n{hostile}\nb\n");
    let name = format!("x{hostile}");
    json!({
        "schema": "driftline.report/v1", "tool": {"name": "driftline", "version": "0"},
        "cluster": {"name": hostile, "server": hostile},
        "startedAt": "2026-11-20T03:14:00Z", "finishedAt": "2026-11-20T03:14:00Z", "outcome": "drift",
        "summary": {
            "releases": {"total": 1, "clean": 0, "drifted": 1, "incomplete": 0, "unreadable": 0},
            "objects": {"total": 2, "inSync": 0, "drifted": 1, "missing": 1, "terminating": 0, "foreign": 0,
                "leftover": 0, "unknown": 0, "ignored": 0},
            "findings": {"drift": 3, "info": 0, "expected": 0, "ignored": 0}
        },
        "ignored": [{"rule": 1, "description": hostile, "reason": hostile, "findings": 1, "objects": 1}],
        "releases": [{
            "namespace": name, "name": name, "storage": {"driver": "secret", "namespace": name},
            "chart": {"name": hostile, "version": hostile},
            "baseline": {"revision": 1, "status": "deployed"}, "previous": null,
            "latest": {"revision": 2, "status": hostile}, "applyMethod": "csa", "verdict": "drifted",
            "managedBy": {"tool": "flux", "name": hostile, "evidence": [hostile], "meaning": hostile},
            "health": [{
                "code": "stuck", "severity": "critical", "message": hostile, "evidence": [hostile],
                "advice": [{"command": hostile, "destructive": true, "why": hostile, "changes": hostile}]
            }],
            "objects": [
                {"apiVersion": "v1", "kind": hostile, "namespace": name, "name": hostile, "template": hostile,
                 "state": "drifted", "findings": [
                    finding(hostile, json!(hostile), json!(1)),
                    finding("/data/a", json!(lines), json!("a\nb\n")),
                    finding("/data/b", json!({hostile: [hostile]}), Value::Null),
                 ]},
                {"apiVersion": "v1", "kind": "Pod", "namespace": null, "name": name, "template": null,
                 "state": "missing", "reason": hostile, "nextUpgradeReason": hostile, "findings": []}
            ]
        }],
        "orphans": [{
            "namespace": name, "name": name, "records": "none", "evidence": [hostile],
            "objects": [{"apiVersion": "v1", "kind": hostile, "namespace": name, "name": name, "keptByPolicy": true}],
            "advice": [{"command": hostile, "destructive": false, "why": hostile}]
        }],
        "resolved": [{
            "fingerprint": "00".repeat(32), "kind": "finding", "namespace": name, "release": name,
            "storage": {"driver": "secret", "namespace": name}, "path": hostile, "code": hostile,
            "firstSeen": "2026-11-20T03:14:00Z", "resolvedAt": "2026-11-20T03:14:00Z", "how": "reverted",
            "object": {"apiVersion": "v1", "kind": hostile, "namespace": name, "name": name}
        }],
        "errors": [{"scope": hostile, "message": hostile}],
        "notes": [{"scope": hostile, "message": hostile}]
    })
}

fn page(report: &Value, limit: usize, codes_url: Option<&str>) -> String {
    let report = Report::from_json(report.to_string().as_bytes()).unwrap();
    let mut out = Vec::new();
    let codes = codes_url.map(|url| url.parse().unwrap());
    render(&report, &TextOptions::PLAIN, limit, codes.as_ref(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What is left of a page without its blocks and pieces of code, by the rules of `CommonMark`.
fn without_code(page: &str) -> String {
    let (mut left, mut fence): (String, Option<&str>) = (String::new(), None);
    for line in page.lines() {
        let mark = line.trim_start_matches(' ');
        let run = &mark[..mark.len() - mark.trim_start_matches('`').len()];
        match fence {
            Some(open) if run.len() >= open.len() && mark == run => fence = None,
            Some(_) => {}
            None if run.len() >= 3 && !mark[run.len()..].contains('`') => fence = Some(run),
            None => {
                let mut rest = line;
                while let Some(at) = rest.find('`') {
                    left.push_str(&rest[..at]);
                    let run = rest[at..].len() - rest[at..].trim_start_matches('`').len();
                    rest = &rest[at + run..];
                    let closing = closing(rest, run).unwrap_or_else(|| panic!("code without an end: {line}"));
                    rest = &rest[closing + run..];
                    left.push('C');
                }
                left.push_str(rest);
                left.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a block without an end");
    left
}

/// Where a run of exactly that many backticks begins.
fn closing(text: &str, run: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let length = text[start..].len() - text[start..].trim_start_matches('`').len();
        if length == run {
            return Some(start);
        }
        at = start + length;
    }
    None
}

#[test]
fn text_of_a_cluster_is_text_and_nothing_else() {
    for hostile in HOSTILE {
        let page = page(&report(hostile), LIMIT, Some("https://docs.example.com/codes"));
        let left = without_code(&page);
        let count = |tag: &str| left.matches(tag).count();
        assert_eq!(
            [
                count("<details"),
                count("<summary>"),
                count("</summary>"),
                count("</details>")
            ],
            [2; 4]
        );
        let own = [
            "<details>",
            "<details open>",
            "</details>",
            "<summary>",
            "</summary>",
        ];
        let bare = own.iter().fold(left.clone(), |left, tag| left.replace(tag, ""));
        let bare: String = bare
            .split("](https://docs.example.com/codes#")
            .enumerate()
            .map(|(at, part)| {
                if at == 0 {
                    part
                } else {
                    part.split_once(')').unwrap().1
                }
            })
            .collect();
        for mark in [
            "<", "&", "@", "](", "://", "www.", "_", "~", "$", "\\", "\u{202e}", "\u{1b}", "\r", "evil",
        ] {
            assert!(!bare.contains(mark), "{hostile:?} leaves {mark:?}: {left}");
        }
        // Only headings of the page itself begin with such marks.
        let headings = left.lines().filter(|line| line.trim_start().starts_with('#'));
        assert_eq!(headings.count(), 8, "{left}");
        assert!(
            !page.lines().any(|line| line.trim_start().starts_with("::")),
            "{page}"
        );
    }
}

#[test]
fn a_long_name_is_cut_and_a_page_keeps_its_limit() {
    // The accent has no width: it is in no number of columns.
    for long in [
        "`|<a ".repeat(20_000),
        "a\u{301}".repeat(20_000),
        format!("a{}", "\u{301}".repeat(60_000)),
    ] {
        for limit in [1_000, 65_536] {
            let page = page(&report(&long), limit, None);
            assert!(page.len() <= limit.max(LEAST), "{}", page.len());
            without_code(&page);
        }
    }
}

/// A report of that many drifted releases, each with that many findings in one object.
fn many(releases: usize, findings: usize) -> Value {
    let mut whole = report("x");
    let one = whole["releases"][0].clone();
    let finding = one["objects"][0]["findings"][0].clone();
    let of = |number: usize| {
        let mut release = one.clone();
        release["name"] = json!(format!("app-{number}"));
        release["objects"][0]["name"] = json!(format!("unlike-{}", number * 7919));
        let numbered = (0..findings).map(|at| {
            let mut finding = finding.clone();
            finding["path"] = json!(format!("/spec/{number}/{at}"));
            finding
        });
        release["objects"][0]["findings"] = numbered.collect();
        release
    };
    whole["releases"] = (0..releases).map(of).collect();
    whole["summary"]["releases"]["total"] = json!(releases);
    whole["summary"]["releases"]["drifted"] = json!(releases);
    whole
}

#[test]
fn what_does_not_fit_is_counted_and_every_release_is_told_or_counted() {
    for limit in [16 * 1024, 65_536] {
        let page = page(&many(600, 10), limit, None);
        assert!(page.len() <= limit, "{} of {limit}", page.len());
        let sections = page.matches("### drifted: ").count();
        let left_out = page.split_once("**Left out for length: ").unwrap().1;
        let number: usize = left_out.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(sections + number, 600, "{limit}");
        assert!(sections >= 1, "{limit}");
        // Nothing is cut in its middle.
        without_code(&page);
        assert_eq!(
            page.matches("<details").count(),
            page.matches("</details>").count()
        );
        assert!(page.contains("## Notes") && page.contains("## What could not be read"));
    }
}

#[test]
fn a_release_that_is_too_long_leaves_room_for_the_next() {
    let mut whole = many(2, 3);
    let object = whole["releases"][0]["objects"][0].clone();
    let of = |number: usize| {
        let mut object = object.clone();
        object["name"] = json!(format!("o-{number}"));
        object["findings"][0]["path"] = json!(format!("/spec/{number}"));
        object
    };
    whole["releases"][0]["objects"] = (0..500).map(of).collect();
    let page = page(&whole, 65_536, None);
    assert!(
        page.contains("`xx/app-0`") && page.contains("`xx/app-1`"),
        "{page}"
    );
    let told = page.matches("`x xx/o-").count();
    let left_out = page.split_once("Left out for length: ").unwrap().1;
    let number: usize = left_out.split(' ').next().unwrap().parse().unwrap();
    assert!(told > 10, "{told}");
    assert_eq!(told + number, 500);
}

#[test]
fn what_is_new_comes_before_what_is_known() {
    let mut whole = many(2, 1);
    whole["comparedWith"] = json!({"scannedAt": "2026-11-19T03:14:00Z", "detail": "fields"});
    whole["releases"][0]["status"] = json!("ongoing");
    whole["releases"][1]["status"] = json!("new");
    let page = page(&whole, LIMIT, None);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    let news = at("## New and changed since the scan of 2026-11-19 03:14");
    assert!(
        news < at("`xx/app-1`")
            && at("`xx/app-1`") < at("## Still so")
            && at("## Still so") < at("`xx/app-0`")
    );
}

#[test]
fn a_summary_has_a_line_for_every_release_and_no_sections() {
    let report = Report::from_json(many(30, 2).to_string().as_bytes()).unwrap();
    let options = TextOptions {
        detail: Detail::Summary,
        ..TextOptions::PLAIN
    };
    let mut out = Vec::new();
    render(&report, &options, LIMIT, None, &mut out).unwrap();
    let page = String::from_utf8(out).unwrap();
    assert_eq!(page.matches("| `xx/app-").count(), 30, "{page}");
    assert!(!page.contains("### "), "{page}");
}

#[test]
fn codes_are_links_or_the_page_says_where_they_are_explained() {
    let linked = page(&report("x"), LIMIT, Some("https://docs.example.com/codes"));
    assert!(linked.contains("[`stuck`](https://docs.example.com/codes#health-stuck)"));
    assert!(!linked.contains("explain CODE"));
    let plain = page(&report("x"), LIMIT, None);
    assert_eq!(plain.matches("`driftline explain CODE`").count(), 1);
    assert!(!plain.contains("]("));
}

#[test]
fn destructive_commands_are_marked_and_commands_with_escapes_are_not_printed() {
    let mut whole = report("x");
    let advice = &mut whole["releases"][0]["health"][0]["advice"];
    *advice = json!([
        {"command": "kubectl delete secret a -n b", "destructive": true, "why": "frees it", "changes": "a record"},
        {"command": "helm history a\u{1b}", "destructive": false, "why": "shows it"},
    ]);
    let page = page(&whole, LIMIT, None);
    let deletes = "```sh\n# DESTRUCTIVE: frees it\n#   a record\nkubectl delete secret a -n b\n```\n";
    assert!(page.contains(deletes), "{page}");
    assert!(
        page.contains("```sh\n# shows it\n# no command is printed"),
        "{page}"
    );
    assert!(
        page.find("# shows it") < page.find("# DESTRUCTIVE"),
        "what only reads comes first"
    );
}

/// A baseline report may be of any age: there was no last scan then.
#[test]
fn the_page_begins_with_the_answer_and_says_what_it_is_compared_with() {
    let mut whole = report("x");
    let alone = page(&whole, LIMIT, None);
    assert!(
        alone.starts_with("## driftline: 1 of 1 release drifted\n"),
        "{alone}"
    );
    whole["summary"]["changes"] = json!({"new": 1, "changed": 0, "ongoing": 0, "resolved": 0, "flapping": 0});
    whole["comparedWith"] = json!({"detail": "fields"});
    let first = page(&whole, LIMIT, None);
    assert!(
        first.contains("\n| compared with no earlier scan | 1 new |\n"),
        "{first}"
    );
    whole["comparedWith"]["scannedAt"] = json!("2026-11-20T06:00:00Z");
    let later = page(&whole, LIMIT, None);
    let row = "\n| compared with the scan of 2026-11-20 06:00 UTC | 1 new |\n";
    assert!(
        later.contains(row) && !later.contains("since the last scan"),
        "{later}"
    );
    assert!(!alone.contains("compared with"), "{alone}");
}
