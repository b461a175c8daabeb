//! The report as one web page, for people who would rather look than read.
//!
//! The page is a single file that needs nothing else: no network, no fonts, no images. It says what the text report says,
//! by the same words; what it adds is that a reader can find things in it. Without scripts it is as complete, and a script
//! of its own only filters, copies and remembers the colours.
//!
//! Names and values are hostile. Every text is a [`Safe`](super::text::safe::Safe) or a word of driftline's own, templates
//! escape whatever they print, and the [policy](csp) of the page allows nothing but the style and the script that it
//! brings along. The page is written release by release and object by object, and [bounded](budget).

mod budget;
mod csp;
mod glossary;
mod marked;
mod news;
mod object;
mod page;
mod prose;
mod release;
mod row;
mod timeline;
mod traits;
mod values;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use askama::Template;

use self::budget::{LIMITS, Limits, Page};
use self::object::{ObjectView, Place};
use self::page::{Head, Tail};
use self::release::{Extent, ReleaseEnd, ReleaseView};
use self::traits::{Choices, Traits, is_in_order};
use super::alike::{self, Said};
use super::text::objects::Overview;
use super::text::{Detail, TextOptions};
use super::{RenderOptions, urgency};
use crate::model::{ObjectReport, ReleaseReport, Report};
use crate::vocabulary::ObjectState;

/// Writes a report as a page.
pub(super) fn render(report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    render_within(LIMITS, report, options, out)
}

/// Writes a report as a page that is about so large at most.
fn render_within(
    limits: Limits,
    report: &Report,
    options: &RenderOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let text = &options.text;
    let mut choices = Choices::default();
    for release in &report.releases {
        choices.add(release, Traits::of(release, text));
    }
    let mut tail = Tail::of(report, &choices, options);
    let mut page = Page::new(out, limits);
    write(&Head::of(report, &choices, &tail, options), &mut page)?;
    let mut releases: Vec<(usize, &ReleaseReport)> = report.releases.iter().enumerate().collect();
    // Stable: within equals, the order of the report stays.
    releases.sort_by_cached_key(|(_, release)| (is_in_order(release), urgency::order(release)));
    let alike = alike(report);
    for (place, (id, release)) in releases.into_iter().enumerate() {
        if !page.has_room_for_a_line() {
            tail.unlisted += 1;
            continue;
        }
        let traits = Traits::of(release, text);
        let is_whole = page.has_room() && text.detail != Detail::Summary;
        let extent = if is_whole { Extent::Whole } else { Extent::Line };
        let mut view = ReleaseView::of(id, release, &traits, extent, report.started_at, text)
            .beside(alike.get(&id).copied().unwrap_or_default());
        if place == 0 && !is_in_order(release) {
            view = view.opened();
        }
        write(&view, &mut page)?;
        if is_whole {
            objects(report, id, release, text, &mut page)?;
        }
    }
    write(&tail, &mut page)
}

/// How many other releases are in the same way as each, by the positions of those that are not alone.
fn alike(report: &Report) -> HashMap<usize, usize> {
    let positions: HashMap<*const ReleaseReport, usize> =
        report.releases.iter().map(std::ptr::from_ref).zip(0..).collect();
    let mut alike = HashMap::new();
    for group in alike::releases(&report.releases, Said::Everything) {
        let others = group.len() - 1;
        if others > 0 {
            let members = group.releases().map(std::ptr::from_ref);
            let members = members.filter_map(|release| positions.get(&release).copied());
            alike.extend(members.map(|position| (position, others)));
        }
    }
    alike
}

/// Writes what a template makes, without holding it.
fn write(view: &impl Template, page: &mut Page<'_>) -> io::Result<()> {
    Template::write_into(view, page)
}

/// Writes the objects of a release, the worst first.
fn objects(
    report: &Report,
    id: usize,
    release: &ReleaseReport,
    options: &TextOptions,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let overview = Overview::of(release);
    let mut alike: HashMap<usize, &[usize]> = HashMap::new();
    let mut told: HashSet<usize> = HashSet::new();
    for group in &overview.alike {
        if let Some((first, others)) = group.split_first() {
            alike.insert(*first, others);
            told.extend(others);
        }
    }
    let place = Place {
        id,
        release,
        overview: &overview,
        now: report.started_at,
        options,
    };
    let is_told_in_a_word = |object: &ObjectReport| {
        object.state == ObjectState::InSync && object.findings.is_empty() && object.left_out.is_empty()
    };
    let in_sync = release.objects.iter().filter(|object| is_told_in_a_word(object));
    let in_sync = in_sync.map(|object| options.safe(&overview.title(object)));
    let mut shown: Vec<(usize, &ObjectReport)> = release
        .objects
        .iter()
        .enumerate()
        .filter(|(at, object)| !told.contains(at) && !is_told_in_a_word(object))
        .collect();
    // Stable: within equals, the order of the report stays.
    shown.sort_by_key(|(_, object)| (Reverse(object.state.is_drift()), urgency::of_object(object)));
    let mut left_out = 0;
    for (at, object) in shown {
        let others = alike.get(&at).copied().unwrap_or_default();
        if page.has_room() {
            let others: Vec<&ObjectReport> =
                others.iter().filter_map(|at| release.objects.get(*at)).collect();
            write(&ObjectView::of(&place, at, object, &others), page)?;
        } else {
            left_out += 1 + others.len();
        }
    }
    write(
        &ReleaseEnd::of(release, in_sync, left_out, report.started_at, options),
        page,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{ComparedWith, Tracked};
    use crate::report::ReportKind;
    use crate::report::fixtures;
    use crate::report::links::Links;
    use crate::vocabulary::{ChangeStatus, FindingCode, HealthCode, HealthSeverity, MemoryDetail};

    fn page_within(limits: Limits, report: &Report, text: TextOptions) -> String {
        let options = RenderOptions {
            kind: ReportKind::Scan,
            links: Links::default(),
            text,
        };
        let mut out = Vec::new();
        render_within(limits, report, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn page(report: &Report) -> String {
        page_within(LIMITS, report, TextOptions::PLAIN)
    }

    /// What stands between two texts, of which a page has one each.
    fn between<'p>(page: &'p str, begin: &str, end: &str) -> &'p str {
        assert_eq!(page.matches(begin).count(), 1, "{begin}");
        let (_, rest) = page.split_once(begin).unwrap();
        rest.split_once(end).unwrap().0
    }

    #[test]
    fn the_policy_allows_exactly_the_style_and_the_script_of_the_page() {
        for (name, report) in fixtures::every() {
            let page = page(&report);
            let style = between(&page, "<style>", "</style>");
            let script = between(&page, "<script>", "</script>");
            let policy = between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\">");
            assert_eq!(policy.replace("&#39;", "'"), csp::policy(style, script), "{name}");
        }
    }

    /// The browser's own parser looks at many more of them in `tests/browser`.
    #[test]
    fn texts_from_a_cluster_are_no_markup() {
        let attack =
            "\"'></style></title></script><script>planted()</script><img src=x onerror=planted()>&amp;";
        let mut release = fixtures::release(attack, attack)
            .with_health(HealthCode::Stuck, HealthSeverity::Critical)
            .with_objects([fixtures::object("v1", attack, attack, attack).drifted([
                fixtures::finding(FindingCode::Changed, attack, Some(json!(attack)), Some(json!(1))).by(
                    attack,
                    Some(attack),
                    "2026-11-20T03:12:00Z",
                ),
                fixtures::finding(
                    FindingCode::Changed,
                    "/data/lines",
                    Some(json!(format!("a\n{attack}\n"))),
                    Some(json!("a\nb\n")),
                ),
            ])]);
        release.health[0].message = attack.to_owned();
        release.labels.insert(attack.to_owned(), attack.to_owned());
        let mut report = fixtures::report(vec![release]);
        report.cluster.name = attack.to_owned();
        let page = page(&report);
        for markup in ["<img", "<script>planted", "\"'>", "</style></title>"] {
            assert!(!page.contains(markup), "{markup}");
        }
        assert_eq!(page.matches("<script").count(), 1);
        assert!(
            page.matches("&#60;img src=x onerror=planted()&#62;&#38;amp;")
                .count()
                > 12
        );
    }

    #[test]
    fn every_code_that_a_page_links_to_is_explained_in_it() {
        for (name, report) in fixtures::every() {
            let page = page(&report);
            let links = page.split("class=\"word\" href=\"#").skip(1);
            for link in links {
                let id = link.split('"').next().unwrap();
                assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{name}: {id}");
            }
        }
    }

    #[test]
    fn every_link_to_a_part_of_a_release_leads_to_it() {
        let mut links = 0;
        for (name, report) in fixtures::every() {
            for detail in [Detail::Full, Detail::Summary] {
                let text = TextOptions {
                    detail,
                    ..TextOptions::PLAIN
                };
                let page = page_within(LIMITS, &report, text);
                for link in page.split("href=\"#release-").skip(1) {
                    let id = link.split('"').next().unwrap();
                    let found = page.matches(&format!(" id=\"release-{id}\"")).count();
                    assert_eq!(found, 1, "{name}: {id}");
                    links += 1;
                }
            }
        }
        assert!(links >= 4, "{links}");
    }

    #[test]
    fn what_is_new_is_listed_the_worst_first_and_the_rest_is_counted() {
        let tracked = |status| Tracked {
            status: Some(status),
            ..Tracked::default()
        };
        let findings = (0..30).map(|at| {
            let mut finding = fixtures::finding(FindingCode::Changed, &format!("/data/{at:02}"), None, None);
            let is_known = at < 5;
            finding.tracked = tracked(if is_known {
                ChangeStatus::Ongoing
            } else {
                ChangeStatus::New
            });
            finding
        });
        let object = fixtures::object("v1", "ConfigMap", "shop", "web").drifted(findings);
        let mut stuck =
            fixtures::release("shop", "zoo").with_health(HealthCode::Stuck, HealthSeverity::Critical);
        stuck.health[0].tracked = tracked(ChangeStatus::Changed);
        let mut report = fixtures::report(vec![
            fixtures::release("shop", "web").with_objects([object]),
            stuck,
        ]);
        report.compared_with = Some(ComparedWith {
            scanned_at: Some(fixtures::at("2026-11-19T03:14:00Z")),
            detail: MemoryDetail::Fields,
        });
        let listed = |report: &Report| {
            let page = page(report);
            page.contains("<ol class=\"news\">").then(|| {
                let list = between(&page, "<ol class=\"news\">", "</section>").to_owned();
                (list.matches("<li>").count(), list)
            })
        };
        let (entries, list) = listed(&report).unwrap();
        assert_eq!(entries, 20);
        assert!(list.contains("and 6 more"), "{list}");
        let at = |text: &str| list.find(text).unwrap_or_else(|| panic!("{text}: {list}"));
        assert!(at("#release-1-health-0") < at("#release-0-object-0-finding-5"));
        assert!(!list.contains("/data/04") && list.contains("/data/05"), "{list}");
        // Where nothing was remembered, all of the report is new.
        report.compared_with.as_mut().unwrap().scanned_at = None;
        assert!(listed(&report).is_none());
    }

    #[test]
    fn a_line_tells_what_runs_what_is_critical_and_who_wrote() {
        let running =
            fixtures::release("shop", "new").with_health(HealthCode::InProgress, HealthSeverity::Info);
        let written = fixtures::finding(FindingCode::Changed, "/data/a", None, None).by(
            "kubectl-edit",
            None,
            "2026-11-20T03:12:00Z",
        );
        let stuck = fixtures::release("shop", "old")
            .with_health(HealthCode::Stuck, HealthSeverity::Critical)
            .with_objects([fixtures::object("v1", "ConfigMap", "shop", "old").drifted([written])]);
        let line = |release: ReleaseReport| {
            let page = page(&fixtures::report(vec![release]));
            let (_, rest) = page.split_once("<details class=\"release").unwrap();
            rest.split_once("</summary>").unwrap().0.to_owned()
        };
        let running = line(running);
        assert!(running.contains("in-progress (revision 7 deployed)"), "{running}");
        assert!(
            !running.contains('✓') && !running.contains("critical"),
            "{running}"
        );
        let stuck = line(stuck);
        for said in [
            ">critical</b> · ",
            "stuck (revision 7 deployed) +1",
            "differences by kubectl-edit",
        ] {
            assert!(stuck.contains(said), "{said}: {stuck}");
        }
        let clean = line(fixtures::release("shop", "web"));
        assert!(clean.contains('✓') && !clean.contains("differences"), "{clean}");
    }

    #[test]
    fn a_summary_has_a_line_for_each_release_and_no_details() {
        let report = fixtures::drifted();
        let summary = page_within(
            LIMITS,
            &report,
            TextOptions {
                detail: Detail::Summary,
                ..TextOptions::PLAIN
            },
        );
        let lines = |page: &str| page.matches("<details class=\"release").count();
        assert_eq!(lines(&summary), report.releases.len());
        assert_eq!(lines(&summary), lines(&page(&report)));
        assert!(!summary.contains("class=\"findings\""));
    }

    #[test]
    fn what_makes_a_page_too_large_is_left_out_and_told() {
        let value = Some(json!("<".repeat(budget::VALUE + 1)));
        let findings = (0..=budget::FINDINGS).map(|at| {
            let live = value.clone().filter(|_| at == 0);
            fixtures::finding(
                FindingCode::Changed,
                &format!("/data/{at:03}"),
                Some(json!("a")),
                live,
            )
        });
        let object = fixtures::object("v1", "ConfigMap", "shop", "web").drifted(findings.collect::<Vec<_>>());
        let releases =
            ["a", "b", "c"].map(|name| fixtures::release("shop", name).with_objects([object.clone()]));
        let report = fixtures::report(releases.to_vec());
        let within = |limits| page_within(limits, &report, TextOptions::PLAIN);
        let releases = |page: &str| page.matches("<details class=\"release").count();
        // Room for one release, and then for the lines of the others, or for nothing.
        let (details, lines) = (50_000, u64::MAX);
        let page = within(Limits { details, lines });
        assert_eq!(releases(&page), 3);
        assert_eq!(page.matches("Its details are left out of this page").count(), 2);
        for told in [
            "1 more difference of this object, left out of this page",
            "long value, shown in part",
        ] {
            assert_eq!(page.matches(told).count(), 1, "{told}");
        }
        let page = within(Limits {
            details,
            lines: details,
        });
        assert_eq!(releases(&page), 1);
        assert!(page.contains("2 more releases; the JSON report has all of them"));
    }
}
