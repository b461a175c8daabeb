//! What a reader can filter releases by, and how many releases have each.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::budget::{Capped, capped};
use super::glossary::Code;
use crate::model::{ReleaseReport, Tracked};
use crate::report::summary::is_critical;
use crate::report::text::TextOptions;
use crate::report::text::safe::Safe;
use crate::report::words::news;
use crate::vocabulary::{HealthSeverity, ObjectState, Verdict};

/// The columns of a name that can be filtered by.
const NAME: usize = 253;

/// How many choices of one kind the page offers.
const CHOICES: usize = 1_000;

/// How many of them the counts have.
const COUNTED: usize = 100;

/// The word for releases in a critical state, beside the verdicts.
pub(super) const CRITICAL: &str = "critical";

/// The word for releases that somebody has to look at, beside the verdicts.
const NOT_IN_ORDER: &str = "not-in-order";

/// Whether nobody has to look at a release.
pub(super) fn is_in_order(release: &ReleaseReport) -> bool {
    release.verdict == Verdict::Clean && !release.health.iter().any(is_critical)
}

/// How bad it is that a release has a code, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The release is in a critical state.
    Critical,
    /// Somebody should look at it.
    Wrong,
    /// It is only worth knowing.
    Info,
}

/// What one release can be found by.
pub(super) struct Traits {
    /// Its verdict, whether it is in a critical state, and whether somebody has to look at it.
    pub(super) is: Vec<&'static str>,
    /// The codes of its findings and of its health, and the states of its objects, by how bad they are in it.
    codes: BTreeMap<Code, Rank>,
    /// Its namespace.
    pub(super) namespace: String,
    /// The managers that its findings name.
    pub(super) managers: BTreeSet<String>,
    /// How its parts stand to what earlier scans found.
    pub(super) statuses: BTreeSet<&'static str>,
    /// Whether anything is said of its next upgrade.
    has_upgrades: bool,
}

impl Rank {
    const fn wrong_if(is_wrong: bool) -> Self {
        if is_wrong { Self::Wrong } else { Self::Info }
    }
}

impl Traits {
    /// Looks at all of a release.
    pub(super) fn of(release: &ReleaseReport, options: &TextOptions) -> Self {
        let name = |text: &str| Safe::of(text, options.medium).cut(NAME).to_string();
        let is_critical = release.health.iter().any(is_critical);
        let mut traits = Self {
            is: std::iter::once(release.verdict.as_str())
                .chain(is_critical.then_some(CRITICAL))
                .chain((!is_in_order(release)).then_some(NOT_IN_ORDER))
                .collect(),
            codes: BTreeMap::new(),
            namespace: name(&release.place()),
            managers: BTreeSet::new(),
            statuses: BTreeSet::new(),
            has_upgrades: false,
        };
        for entry in &release.health {
            let rank = match entry.severity {
                HealthSeverity::Critical => Rank::Critical,
                HealthSeverity::Warning => Rank::Wrong,
                HealthSeverity::Info => Rank::Info,
            };
            traits.add_code(Code::Health(entry.code), rank);
            traits.add_status(&entry.tracked);
        }
        for object in &release.objects {
            let is_wrong = object.state.is_drift() || object.state == ObjectState::Unknown;
            traits.add_code(Code::State(object.state), Rank::wrong_if(is_wrong));
            traits.add_status(&object.tracked);
            traits.has_upgrades |= object.next_upgrade.is_some();
            for finding in &object.findings {
                traits.add_code(Code::Finding(finding.code), Rank::wrong_if(finding.is_drift()));
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
        self.statuses.extend(news(tracked));
    }

    fn add_code(&mut self, code: Code, rank: Rank) {
        let worst = self.codes.entry(code).or_insert(rank);
        *worst = rank.min(*worst);
    }

    /// The verdict, for an attribute.
    pub(super) fn is_attribute(&self) -> String {
        self.is.join(" ")
    }

    /// The codes, for an attribute.
    pub(super) fn codes_attribute(&self) -> String {
        self.telling_codes().into_keys().collect::<Vec<_>>().join(" ")
    }

    /// The codes by which one looks for a release. Nobody looks for what is in sync.
    fn telling_codes(&self) -> BTreeMap<&'static str, Rank> {
        let mut words = BTreeMap::new();
        for (code, rank) in &self.codes {
            if *code != Code::State(ObjectState::InSync) {
                // One word may be the code of a finding and of a health entry.
                let worst = words.entry(code.as_str()).or_insert(*rank);
                *worst = (*rank).min(*worst);
            }
        }
        words
    }

    /// The managers, for an attribute: as JSON, because nothing parts names that may have anything in them.
    pub(super) fn managers_attribute(&self) -> String {
        serde_json::to_string(&self.managers).unwrap_or_default()
    }

    /// The statuses, for an attribute.
    pub(super) fn statuses_attribute(&self) -> String {
        self.statuses.iter().copied().collect::<Vec<_>>().join(" ")
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
    /// Whether a release is in a critical state by it.
    pub(super) is_critical: bool,
}

/// The choices of every filter.
#[derive(Default)]
pub(super) struct Choices {
    verdicts: BTreeMap<&'static str, usize>,
    codes: BTreeMap<&'static str, usize>,
    /// How bad each code is in the release in which it is worst.
    ranks: BTreeMap<&'static str, Rank>,
    namespaces: BTreeMap<String, usize>,
    /// The namespaces of the releases that are not in order.
    troubled_namespaces: BTreeMap<String, usize>,
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
        for (code, rank) in traits.telling_codes() {
            *self.codes.entry(code).or_default() += 1;
            let worst = self.ranks.entry(code).or_insert(rank);
            *worst = rank.min(*worst);
        }
        for status in traits.statuses {
            *self.statuses.entry(status).or_default() += 1;
        }
        for manager in traits.managers {
            *self.managers.entry(manager).or_default() += 1;
        }
        if !is_in_order(release) {
            *self
                .troubled_namespaces
                .entry(traits.namespace.clone())
                .or_default() += 1;
        }
        *self.namespaces.entry(traits.namespace).or_default() += 1;
        self.known.extend(traits.codes.into_keys());
        self.has_upgrades |= traits.has_upgrades;
    }

    /// How many releases are in a critical state.
    pub(super) fn critical(&self) -> usize {
        self.verdicts.get(CRITICAL).copied().unwrap_or(0)
    }

    /// The verdicts that occur, the worst first, and what goes across them.
    pub(super) fn verdicts(&self) -> Capped<Choice> {
        let order = [
            CRITICAL,
            NOT_IN_ORDER,
            "drifted",
            "unreadable",
            "incomplete",
            "clean",
        ];
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

    /// The codes: the worst first, and then those that most releases have.
    pub(super) fn counted_codes(&self) -> Capped<Choice> {
        let mut codes = choices(words(&self.codes), "code");
        // The verdict says it.
        codes.retain(|code| code.name != ObjectState::Drifted.as_str());
        by_releases(&mut codes);
        let rank = |code: &Choice| self.ranks.get(code.name.as_str()).copied();
        // Stable: within equals, the order by releases stays.
        codes.sort_by_key(|code| rank(code).unwrap_or(Rank::Info));
        for code in &mut codes {
            code.is_critical = rank(code) == Some(Rank::Critical);
        }
        with_bars(codes)
    }

    /// The managers that differences name, those of most releases first.
    pub(super) fn counted_managers(&self) -> Capped<Choice> {
        let mut found = choices(named(&self.managers), "by");
        by_releases(&mut found);
        with_bars(found)
    }

    /// The namespaces of releases that are not in order, those with most of them first.
    pub(super) fn counted_namespaces(&self) -> Capped<Choice> {
        let mut found = choices(named(&self.troubled_namespaces), "namespace");
        by_releases(&mut found);
        for choice in &mut found {
            choice.link.push_str("&is=");
            choice.link.push_str(NOT_IN_ORDER);
        }
        with_bars(found)
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
        is_critical: false,
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
    found.sort_by(|a, b| (Reverse(a.releases), &a.name).cmp(&(Reverse(b.releases), &b.name)));
}

/// As many choices as the counts have, with bars as long as their numbers.
fn with_bars(found: Vec<Choice>) -> Capped<Choice> {
    let most = found.iter().map(|choice| choice.releases).max();
    let most = most.unwrap_or(1).max(1);
    let mut counted = capped(found, COUNTED);
    for choice in &mut counted.shown {
        choice.percent = (choice.releases * 100 / most).max(1);
    }
    counted
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
    use crate::report::fixtures::{finding, object, release};
    use crate::vocabulary::{FindingCode, HealthCode};

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

    fn counted(releases: &[ReleaseReport]) -> Choices {
        let mut choices = Choices::default();
        for release in releases {
            choices.add(release, Traits::of(release, &TextOptions::PLAIN));
        }
        choices
    }

    fn told(choices: Capped<Choice>) -> Vec<(String, usize, usize)> {
        let told = |choice: Choice| (choice.name, choice.releases, choice.percent);
        choices.shown.into_iter().map(told).collect()
    }

    #[test]
    fn the_worst_code_comes_first_and_the_most_frequent_has_the_longest_bar() {
        let drifted = |namespace: &str, name: &str| {
            let changed = finding(FindingCode::Changed, "/data/a", None, None);
            release(namespace, name)
                .with_objects([object("v1", "ConfigMap", namespace, "web").drifted([changed])])
        };
        let stuck = release("alone", "stuck").with_health(HealthCode::Stuck, HealthSeverity::Critical);
        let running = release("calm", "new").with_health(HealthCode::InProgress, HealthSeverity::Info);
        let choices = counted(&[drifted("shop", "a"), drifted("shop", "b"), stuck, running]);
        let codes = choices.counted_codes();
        let critical = codes.shown.iter().filter(|code| code.is_critical);
        assert_eq!(critical.count(), 1);
        let row = |name: &str, releases, percent| (name.to_owned(), releases, percent);
        assert_eq!(
            told(codes),
            [
                row("stuck", 1, 50),
                row("changed", 2, 100),
                row("in-progress", 1, 50)
            ]
        );
        // A namespace in which nothing drifted and something is stuck is not in order.
        assert_eq!(
            told(choices.counted_namespaces()),
            [row("shop", 2, 100), row("alone", 1, 50)]
        );
        assert_eq!(choices.critical(), 1);
    }
}
