//! What a reader can filter releases by, and how many releases have each.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::{Capped, capped};
use super::glossary::Code;
use crate::model::{ReleaseReport, Tracked};
use crate::report::text::TextOptions;
use crate::report::text::safe::Safe;
use crate::vocabulary::{ChangeStatus, HealthSeverity, ObjectState, Verdict};

/// The columns of a name that can be filtered by.
const NAME: usize = 253;

/// How many choices of one kind the page offers.
const CHOICES: usize = 1_000;

/// How many of them the overview has.
const TOP: usize = 6;

/// The word for releases in a critical state, beside the verdicts.
pub(super) const CRITICAL: &str = "critical";

/// What one release can be found by.
pub(super) struct Traits {
    /// Its verdict, and whether it is in a critical state.
    pub(super) is: Vec<&'static str>,
    /// The codes of its findings and of its health, and the states of its objects.
    pub(super) codes: BTreeSet<Code>,
    /// Its namespace.
    pub(super) namespace: String,
    /// The managers that its findings name.
    pub(super) managers: BTreeSet<String>,
    /// How its parts stand to what earlier scans found.
    pub(super) statuses: BTreeSet<ChangeStatus>,
    /// Whether anything is said of its next upgrade.
    has_upgrades: bool,
}

impl Traits {
    /// Looks at all of a release.
    pub(super) fn of(release: &ReleaseReport, options: &TextOptions) -> Self {
        let name = |text: &str| Safe::of(text, options.medium).cut(NAME).to_string();
        let is_critical = release
            .health
            .iter()
            .any(|entry| entry.severity == HealthSeverity::Critical);
        let mut traits = Self {
            is: std::iter::once(release.verdict.as_str())
                .chain(is_critical.then_some(CRITICAL))
                .collect(),
            codes: BTreeSet::new(),
            namespace: name(&release.namespace),
            managers: BTreeSet::new(),
            statuses: BTreeSet::new(),
            has_upgrades: false,
        };
        for entry in &release.health {
            traits.codes.insert(Code::Health(entry.code));
            traits.add_status(&entry.tracked);
        }
        for object in &release.objects {
            traits.codes.insert(Code::State(object.state));
            traits.add_status(&object.tracked);
            traits.has_upgrades |= object.next_upgrade.is_some();
            for finding in &object.findings {
                traits.codes.insert(Code::Finding(finding.code));
                traits.add_status(&finding.tracked);
                traits.has_upgrades |= finding.next_upgrade.is_some();
                if let Some(actor) = &finding.actor {
                    traits.managers.insert(name(&actor.manager));
                }
            }
        }
        traits
    }

    fn add_status(&mut self, tracked: &Tracked) {
        self.statuses.extend(tracked.status);
    }

    /// The verdict, for an attribute.
    pub(super) fn is_attribute(&self) -> String {
        self.is.join(" ")
    }

    /// The codes, for an attribute.
    pub(super) fn codes_attribute(&self) -> String {
        self.telling_codes().into_iter().collect::<Vec<_>>().join(" ")
    }

    /// The codes by which one looks for a release. Nobody looks for what is in sync.
    fn telling_codes(&self) -> BTreeSet<&'static str> {
        let codes = self
            .codes
            .iter()
            .filter(|code| **code != Code::State(ObjectState::InSync));
        codes.map(|code| code.as_str()).collect()
    }

    /// The managers, for an attribute: as JSON, because nothing parts names that may have anything in them.
    pub(super) fn managers_attribute(&self) -> String {
        serde_json::to_string(&self.managers).unwrap_or_default()
    }

    /// The statuses, for an attribute.
    pub(super) fn statuses_attribute(&self) -> String {
        let statuses = self.statuses.iter().map(|status| status.as_str());
        statuses.collect::<Vec<_>>().join(" ")
    }
}

/// One choice of a filter.
pub(super) struct Choice {
    /// What it is.
    pub(super) name: String,
    /// How many releases it leaves.
    pub(super) releases: usize,
    /// How long its bar is, from 1 to 100.
    pub(super) percent: usize,
    /// The part of an address that makes this choice.
    pub(super) link: String,
}

/// The choices of every filter.
#[derive(Default)]
pub(super) struct Choices {
    verdicts: BTreeMap<&'static str, usize>,
    codes: BTreeMap<&'static str, usize>,
    namespaces: BTreeMap<String, usize>,
    drifted_namespaces: BTreeMap<String, usize>,
    managers: BTreeMap<String, usize>,
    statuses: BTreeMap<&'static str, usize>,
    /// The codes that occur.
    pub(super) known: BTreeSet<Code>,
    /// Whether anything is said of the next upgrade of a release.
    pub(super) has_upgrades: bool,
}

impl Choices {
    /// Counts a release.
    pub(super) fn add(&mut self, release: &ReleaseReport, traits: Traits) {
        for word in &traits.is {
            *self.verdicts.entry(word).or_default() += 1;
        }
        for code in traits.telling_codes() {
            *self.codes.entry(code).or_default() += 1;
        }
        for status in traits.statuses {
            *self.statuses.entry(status.as_str()).or_default() += 1;
        }
        for manager in traits.managers {
            *self.managers.entry(manager).or_default() += 1;
        }
        if release.verdict == Verdict::Drifted {
            *self
                .drifted_namespaces
                .entry(traits.namespace.clone())
                .or_default() += 1;
        }
        *self.namespaces.entry(traits.namespace).or_default() += 1;
        self.known.extend(traits.codes);
        self.has_upgrades |= traits.has_upgrades;
    }

    /// The verdicts that occur, the worst first.
    pub(super) fn verdicts(&self) -> Capped<Choice> {
        let order = [CRITICAL, "drifted", "unreadable", "incomplete", "clean"];
        let found = order
            .iter()
            .filter_map(|word| Some((*word, *self.verdicts.get(word)?)));
        capped(choices(found, "is"), CHOICES)
    }

    /// The codes that occur, by name.
    pub(super) fn codes(&self) -> Capped<Choice> {
        most(choices(words(&self.codes), "code"))
    }

    /// The namespaces, by name.
    pub(super) fn namespaces(&self) -> Capped<Choice> {
        most(choices(named(&self.namespaces), "namespace"))
    }

    /// The managers, by name.
    pub(super) fn managers(&self) -> Capped<Choice> {
        most(choices(named(&self.managers), "by"))
    }

    /// The statuses that occur, by name.
    pub(super) fn statuses(&self) -> Capped<Choice> {
        most(choices(words(&self.statuses), "status"))
    }

    /// The codes that most releases have.
    pub(super) fn top_codes(&self) -> Vec<Choice> {
        let mut codes = choices(words(&self.codes), "code");
        // The verdict says it.
        codes.retain(|code| code.name != ObjectState::Drifted.as_str());
        top(codes)
    }

    /// The managers that the differences of most releases name.
    pub(super) fn top_managers(&self) -> Vec<Choice> {
        top(choices(named(&self.managers), "by"))
    }

    /// The namespaces with most drifted releases.
    pub(super) fn top_namespaces(&self) -> Vec<Choice> {
        let mut found = choices(named(&self.drifted_namespaces), "namespace");
        for choice in &mut found {
            choice.link.push_str("&is=drifted");
        }
        top(found)
    }
}

/// Words of a map with their numbers.
fn words<'m>(map: &'m BTreeMap<&'static str, usize>) -> impl Iterator<Item = (&'static str, usize)> + 'm {
    map.iter().map(|(name, number)| (*name, *number))
}

/// Names of a map with their numbers.
fn named(map: &BTreeMap<String, usize>) -> impl Iterator<Item = (&str, usize)> {
    map.iter().map(|(name, number)| (name.as_str(), *number))
}

/// Choices of a filter, which has this name in addresses.
fn choices<'n>(found: impl Iterator<Item = (&'n str, usize)>, filter: &str) -> Vec<Choice> {
    let choice = |(name, releases): (&str, usize)| Choice {
        name: name.to_owned(),
        releases,
        percent: 0,
        link: format!("#?{filter}={}", percent_encoded(name)),
    };
    found.map(choice).collect()
}

/// As many choices as the page offers: those that leave the most releases, by name.
fn most(mut found: Vec<Choice>) -> Capped<Choice> {
    by_releases(&mut found);
    let mut most = capped(found, CHOICES);
    most.shown.sort_by(|a, b| a.name.cmp(&b.name));
    most
}

/// Sorts choices by how many releases they leave.
fn by_releases(found: &mut [Choice]) {
    found.sort_by(|a, b| b.releases.cmp(&a.releases).then_with(|| a.name.cmp(&b.name)));
}

/// The choices that leave the most releases.
fn top(mut found: Vec<Choice>) -> Vec<Choice> {
    found.sort_by(|a, b| b.releases.cmp(&a.releases).then_with(|| a.name.cmp(&b.name)));
    found.truncate(TOP);
    let most = found.first().map_or(1, |choice| choice.releases).max(1);
    for choice in &mut found {
        choice.percent = (choice.releases * 100 / most).max(1);
    }
    found
}

/// Text for the part of an address behind `#`, in which the browser's own parser finds it again.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                encoded.push(
                    char::from_digit(u32::from(digit), 16)
                        .unwrap_or('0')
                        .to_ascii_uppercase(),
                );
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_an_address() {
        for (name, encoded) in [
            ("kubectl-edit", "kubectl-edit"),
            ("a&b=c#d", "a%26b%3Dc%23d"),
            ("ü ", "%C3%BC%20"),
        ] {
            assert_eq!(percent_encoded(name), encoded);
        }
    }

    #[test]
    fn the_most_frequent_comes_first_and_has_the_longest_bar() {
        let top = top(choices([("a", 1), ("b", 4), ("c", 4)].into_iter(), "code"));
        let told: Vec<_> = top
            .iter()
            .map(|choice| (choice.name.as_str(), choice.percent))
            .collect();
        assert_eq!(told, [("b", 100), ("c", 100), ("a", 25)]);
    }
}
