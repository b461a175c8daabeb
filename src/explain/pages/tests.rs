//! The page has every word once, and every link of it leads somewhere.

use std::collections::HashSet;

use super::*;
use crate::explain::{all, entries};

fn written(format: PageFormat) -> String {
    let mut out = Vec::new();
    page(format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What stands between these marks, everywhere in a text.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> Vec<&'t str> {
    let rest = text.split(begin).skip(1);
    rest.map(|rest| rest.split(end).next().unwrap()).collect()
}

#[test]
fn every_word_has_an_anchor_of_its_own_and_every_link_leads_to_one() {
    for (format, anchor, link) in [
        (PageFormat::Markdown, ("<a id=\"", "\""), ("](#", ")")),
        (PageFormat::Html, (" id=\"", "\""), (" href=\"#", "\"")),
    ] {
        let page = written(format);
        let anchors = between(&page, anchor.0, anchor.1);
        let unique: HashSet<_> = anchors.iter().copied().collect();
        assert_eq!(anchors.len(), unique.len());
        assert_eq!(unique.len(), entries().count() + Group::ALL.len());
        let links: HashSet<_> = between(&page, link.0, link.1).into_iter().collect();
        assert_eq!(links, unique);
        for known in [
            "finding-changed",
            "health-stuck",
            "state-missing",
            "state-in-sync",
        ] {
            assert!(unique.contains(known), "{known}");
        }
    }
}

#[test]
fn every_explanation_is_on_the_page() {
    let (text, markdown, html) = (
        written(PageFormat::Text),
        written(PageFormat::Markdown),
        written(PageFormat::Html),
    );
    for entry in entries() {
        assert!(text.contains(&entry.to_string()), "{}", entry.name());
    }
    for explanation in all() {
        let example = explanation.example().unwrap();
        assert!(
            markdown.contains(&format!("```text\n{example}\n```")),
            "{}",
            explanation.code
        );
        let commands = explanation
            .guidance
            .remedy
            .lines()
            .filter_map(|line| line.strip_prefix("$ "));
        for command in commands {
            assert!(markdown.lines().any(|line| line == command), "{command}");
        }
    }
    for heading in ["How it arises", "What to do", "The next helm upgrade"] {
        assert_eq!(
            markdown.matches(&format!("#### {heading}\n")).count(),
            all().count()
        );
        assert_eq!(
            html.matches(&format!("<h4>{heading}</h4>")).count(),
            all().count()
        );
    }
}

#[test]
fn the_page_allows_its_own_style_and_nothing_else() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let page = written(PageFormat::Html);
    let style = between(&page, "<style>", "</style>");
    assert_eq!(style.len(), 1);
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style[0]));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    assert!(page.contains(&policy), "{policy}");
    for forbidden in [
        "<script",
        "javascript:",
        " style=",
        " src=",
        "http://",
        "https://",
        "url(",
        "@import",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}
