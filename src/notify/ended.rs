//! What is over, in the words of a message: by release and object, in the order of the words in which it was told as new.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::list::{DetailLevel, DetailLine, ListEntry};
use super::release::named_in_the_same_way;
use super::text::{NAME, PATH, clean};
use crate::model::{Report, Resolved, ResolvedObject, Storage};
use crate::report::words::{ended, lasting};
use crate::vocabulary::Ending;

/// What is over, by release; those together in which the same is over.
pub(super) fn entries(report: &Report, now: DateTime<Utc>) -> Vec<ListEntry> {
    let mut releases: BTreeMap<_, Vec<&Resolved>> = BTreeMap::new();
    for resolved in &report.resolved {
        let release = (&resolved.namespace, &resolved.release, &resolved.storage);
        releases.entry(release).or_default().push(resolved);
    }
    let mut alike: BTreeMap<ReleaseEnding, Vec<(String, &Storage)>> = BTreeMap::new();
    for ((_, _, storage), resolved) in releases {
        let Some(first) = resolved.first() else { continue };
        let ending = ReleaseEnding::of(&resolved, now);
        alike.entry(ending).or_default().push((name_of(first), storage));
    }
    let mut groups: Vec<_> = alike.into_iter().collect();
    groups.sort_by(|(_, a), (_, b)| a.cmp(b));
    let groups = groups.into_iter();
    groups.map(|(ending, releases)| ending.entry(&releases)).collect()
}

/// The namespace and the name of the release in which something is over.
pub(super) fn name_of(resolved: &Resolved) -> String {
    format!(
        "{}/{}",
        clean(&resolved.namespace, NAME),
        clean(&resolved.release, NAME)
    )
}

/// What is over in a release.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ReleaseEnding {
    /// In a few words.
    facts: String,
    /// A line each: what was wrong with the release, then by object what was wrong with it and its fields.
    lines: Vec<(DetailLevel, String)>,
}

impl ReleaseEnding {
    fn of(resolved: &[&Resolved], now: DateTime<Utc>) -> Self {
        let mut endings = resolved.iter();
        if endings.all(|resolved| resolved.how == Ending::ReleaseGone) {
            return Self {
                facts: "the release is gone".to_owned(),
                lines: Vec::new(),
            };
        }
        let mut lines = Vec::new();
        let mut objects: BTreeMap<_, Vec<&Resolved>> = BTreeMap::new();
        for resolved in resolved {
            match &resolved.object {
                None => {
                    let path = resolved.path.as_deref().map(|path| clean(path, PATH));
                    let path = path.map_or_else(String::new, |path| format!(" {path}"));
                    let line = format!("  {}{path}: {}", code(resolved), how(resolved, now));
                    lines.push((DetailLevel::Objects, line));
                }
                Some(object) => {
                    let key = (&object.kind, &object.namespace, &object.name);
                    objects.entry(key).or_default().push(resolved);
                }
            }
        }
        for of_object in objects.into_values() {
            of_one_object(&of_object, now, &mut lines);
        }
        Self {
            facts: format!("{} resolved", resolved.len()),
            lines,
        }
    }

    /// The entry for the releases in which this is over.
    fn entry(self, releases: &[(String, &Storage)]) -> ListEntry {
        let names: Vec<String> = releases.iter().map(|(name, _)| name.clone()).collect();
        let facts = self.facts;
        let head = if let [name] = &names[..] {
            format!("{name}: {facts}")
        } else {
            let each = if self.lines.is_empty() { "" } else { " each" };
            format!("{}: {facts}{each}", named_in_the_same_way(names.len(), &names))
        };
        let details = self
            .lines
            .into_iter()
            .map(|(shown_from, text)| DetailLine { shown_from, text });
        let first = releases.first();
        ListEntry {
            namespace: first.map_or_else(String::new, |(_, storage)| storage.namespace.clone()),
            number: releases.len(),
            head,
            details: details.collect(),
        }
    }
}

/// The lines of one object: itself, and each field of it on a line of its own.
fn of_one_object(resolved: &[&Resolved], now: DateTime<Utc>, lines: &mut Vec<(DetailLevel, String)>) {
    let (fields, whole): (Vec<&Resolved>, Vec<&Resolved>) =
        resolved.iter().partition(|resolved| resolved.path.is_some());
    let name = resolved.first().and_then(|first| {
        let object = first.object.as_ref()?;
        Some(object_name(first, object))
    });
    let name = name.unwrap_or_default();
    for resolved in &whole {
        let line = format!("  {name}: was {}; {}", code(resolved), how(resolved, now));
        lines.push((DetailLevel::Objects, line));
    }
    if whole.is_empty() {
        lines.push((DetailLevel::Objects, format!("  {name}")));
    }
    for resolved in fields {
        let path = resolved.path.as_deref().unwrap_or_default();
        let line = format!(
            "    {} {}: {}",
            code(resolved),
            clean(path, PATH),
            how(resolved, now)
        );
        lines.push((DetailLevel::Fields, line));
    }
}

/// An object's kind and name, with its namespace where that is not the release's.
fn object_name(resolved: &Resolved, object: &ResolvedObject) -> String {
    let place = match &object.namespace {
        Some(namespace) if *namespace != resolved.namespace => format!("{}/", clean(namespace, NAME)),
        Some(_) | None => String::new(),
    };
    format!(
        "{} {place}{}",
        clean(&object.kind, NAME),
        clean(&object.name, NAME)
    )
}

fn code(resolved: &Resolved) -> String {
    clean(&resolved.code, NAME)
}

/// How something ended, and after how long.
fn how(resolved: &Resolved, now: DateTime<Utc>) -> String {
    let lasted = lasting(resolved.first_seen, resolved.resolved_at.min(now));
    let lasted = lasted.strip_prefix("for ").unwrap_or(&lasted);
    format!("{}, after {lasted}", ended(resolved))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone};

    use super::*;
    use crate::model::Fingerprint;
    use crate::notify::list::{LineCost, MessageList};
    use crate::report::fixtures;
    use crate::vocabulary::ResolvedKind;

    const ALL: LineCost = LineCost {
        text: str::len,
        per_line: 0,
    };

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).unwrap()
    }

    fn resolved(kind: ResolvedKind, code: &str, object: Option<&str>, path: Option<&str>) -> Resolved {
        Resolved {
            fingerprint: Fingerprint::of([code]),
            kind,
            namespace: "shop".to_owned(),
            release: "web".to_owned(),
            cluster: None,
            storage: Storage {
                driver: "secret".to_owned(),
                namespace: "shop".to_owned(),
            },
            object: object.map(|name| ResolvedObject {
                api_version: "apps/v1".to_owned(),
                kind: "Deployment".to_owned(),
                namespace: Some("shop".to_owned()),
                name: name.to_owned(),
            }),
            path: path.map(str::to_owned),
            code: code.to_owned(),
            first_seen: now() - TimeDelta::hours(12),
            resolved_at: now(),
            how: Ending::Over,
            flapping: false,
        }
    }

    fn lines(resolved: Vec<Resolved>, budget: usize) -> Vec<String> {
        let mut report = fixtures::report(Vec::new());
        report.resolved = resolved;
        let list = MessageList {
            title: "Resolved",
            noun: "release",
            entries: entries(&report, now()),
        };
        list.lines(budget, ALL)
    }

    #[test]
    fn what_is_over_is_told_by_object_with_each_field_on_a_line_of_its_own() {
        let reverted = |object: &str, path: &str| Resolved {
            how: Ending::Reverted,
            ..resolved(ResolvedKind::Finding, "changed", Some(object), Some(path))
        };
        let all = vec![
            reverted("web", "/spec/replicas"),
            resolved(ResolvedKind::Object, "missing", Some("gone"), None),
            resolved(ResolvedKind::Health, "upgrade-blocked", None, None),
            reverted("web", "/spec/image"),
        ];
        assert_eq!(
            lines(all.clone(), 10_000),
            [
                "shop/web: 4 resolved",
                "  upgrade-blocked: over, after 12 hours",
                "  Deployment gone: was missing; over, after 12 hours",
                "  Deployment web",
                "    changed /spec/replicas: reverted to the chart's value, after 12 hours",
                "    changed /spec/image: reverted to the chart's value, after 12 hours",
            ]
        );
        assert_eq!(
            lines(all, 180).last().unwrap(),
            "(fields left out for length: 2 lines)"
        );
    }

    #[test]
    fn names_of_what_is_over_begin_no_line_of_their_own() {
        let hostile = resolved(
            ResolvedKind::Finding,
            "x\n\u{202e}y",
            Some("web\nfake: line"),
            Some("/a\n/b"),
        );
        let lines = lines(vec![hostile], 10_000);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(
            lines.iter().all(|line| !line.contains(['\n', '\u{202e}'])),
            "{lines:?}"
        );
    }
}
