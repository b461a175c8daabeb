//! Who is told of what: routes send releases to receivers by name, and everything else goes to the default ones.
//!
//! Each team gets its own part only. The routes are tried in their order, and the first one that a release matches takes it,
//! unless that one says `continue`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, de};

use super::codes::{self, RouteCode};
use crate::model::{ReleaseReport, ReportError};
use crate::policy::glob::Glob;
use crate::policy::name_pattern;
use crate::report::words::critical_codes;
use crate::state::Share;
use crate::vocabulary::{FindingCode, HealthSeverity};

/// The key of the routes.
const ROUTES: &str = "routes";

/// The key of the receivers of what no route takes.
pub(super) const DEFAULT: &str = "default";

/// The longest name of a label: a domain of 253 characters, a slash, and 63 more.
const LONGEST_LABEL_NAME: usize = 317;

/// The routes, and who gets what none of them takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes {
    /// The routes, in the order in which they are tried.
    pub routes: Vec<Route>,
    /// The receivers of what no route takes; `None` for all that no route names.
    pub default: Option<Vec<String>>,
}

/// One route. It matches a release that meets all of its conditions; an empty list is no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Route {
    /// The namespaces of the releases.
    #[serde(deserialize_with = "namespaces")]
    namespaces: Vec<Glob>,
    /// The names of the releases.
    #[serde(deserialize_with = "releases")]
    releases: Vec<Glob>,
    /// Labels that people gave the releases with `helm install --labels`, each with its value.
    labels: BTreeMap<LabelName, LabelValue>,
    /// How bad it is.
    severity: Option<RouteSeverity>,
    /// Codes of findings and health entries, and states of objects, of which the release has at least one.
    codes: Vec<RouteCode>,
    /// The receivers.
    to: Vec<String>,
    /// Whether the routes behind it are tried, too.
    #[serde(rename = "continue")]
    goes_on: GoesOn,
}

/// Whether the routes behind a route are tried, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "bool")]
enum GoesOn {
    #[default]
    No,
    Yes,
}

impl From<bool> for GoesOn {
    fn from(goes_on: bool) -> Self {
        if goes_on { Self::Yes } else { Self::No }
    }
}

/// How bad a release is, for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RouteSeverity {
    /// Its health is critical.
    Critical,
    /// Its health is not critical.
    Warning,
}

/// The name of a label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct LabelName(String);

impl<'de> Deserialize<'de> for LabelName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let may_have = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_' | '.' | '/');
        if !text.is_empty() && text.len() <= LONGEST_LABEL_NAME && text.chars().all(may_have) {
            return Ok(Self(text));
        }
        Err(de::Error::custom(format!(
            "`{text}` cannot be the name of a label: that has letters, digits, `-`, `_` and `.`, perhaps after a domain and a `/`"
        )))
    }
}

/// The value of a label, or a pattern of values.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LabelValue(Glob);

impl<'de> Deserialize<'de> for LabelValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

/// Why routes cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutesError {
    /// A route sends nowhere.
    #[error("the route {0} has no `to`: name the receivers")]
    NoReceiver(usize),
    /// A name is that of no receiver.
    #[error("`{name}` is no receiver; {}", there_are(.known))]
    Unknown {
        /// The key that has the name.
        key: &'static str,
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// No release is told because of this code.
    #[error(
        "the route {route} waits for `{code}`, of which nobody is ever told, because it is only worth knowing (info); codes that \
         are told: {}",
        .told.join(", ")
    )]
    NeverTold {
        /// The number of the route.
        route: usize,
        /// The code.
        code: String,
        /// The codes that are told.
        told: Vec<&'static str>,
    },
    /// A route in front takes everything that this one is to take.
    #[error(
        "nothing comes to the route {behind}, because the route {in_front} takes every release: put it last, give it a condition, \
         or write `continue: true` in it"
    )]
    Unreached {
        /// The number of the route.
        behind: usize,
        /// The number of the one in front.
        in_front: usize,
    },
    /// Somebody is told of everything that a route takes, and nobody of the rest.
    #[error(
        "every receiver is in a route and there is no `default`: name who gets what no route takes, such as a scan that \
         failed, or write `default: []` for nobody"
    )]
    NoDefault,
}

/// The names of the receivers that there are.
fn there_are(known: &[String]) -> String {
    if known.is_empty() {
        "there is none".to_owned()
    } else {
        format!("there are: {}", known.join(", "))
    }
}

impl RoutesError {
    /// The key of the `notify` section that has the mistake.
    pub(crate) const fn key(&self) -> &'static str {
        match self {
            Self::Unknown { key, .. } => key,
            Self::NoReceiver(_) | Self::NeverTold { .. } | Self::Unreached { .. } | Self::NoDefault => ROUTES,
        }
    }
}

impl Routes {
    /// Checks that every receiver that is named is one of these.
    pub(crate) fn check(&self, known: &BTreeSet<&str>) -> Result<(), RoutesError> {
        for (number, route) in self.routes.iter().enumerate() {
            if route.to.is_empty() {
                return Err(RoutesError::NoReceiver(number + 1));
            }
        }
        let all = self.routes.iter().position(Route::takes_every_release);
        if let Some(at) = all.filter(|at| at + 1 < self.routes.len()) {
            return Err(RoutesError::Unreached {
                behind: at + 2,
                in_front: at + 1,
            });
        }
        let routed = self.routes.iter().flat_map(|route| &route.to);
        let named = routed.map(|name| (ROUTES, name));
        let mut named = named.chain(self.default.iter().flatten().map(|name| (DEFAULT, name)));
        if let Some((key, name)) = named.find(|(_, name)| !known.contains(name.as_str())) {
            return Err(RoutesError::Unknown {
                key,
                name: name.clone(),
                known: known.iter().map(|name| (*name).to_owned()).collect(),
            });
        }
        let is_left_out = self.default.is_none() && !self.routes.is_empty();
        if is_left_out && !known.iter().any(|name| self.is_default(name)) {
            return Err(RoutesError::NoDefault);
        }
        Ok(())
    }

    /// Checks that somebody can be told because of each code that a route asks for, where `is_drift` says which findings count
    /// as drift.
    pub(crate) fn check_codes(&self, is_drift: impl Fn(FindingCode) -> bool) -> Result<(), RoutesError> {
        for (number, route) in self.routes.iter().enumerate() {
            if let Some(code) = route.codes.iter().find(|code| !code.is_told(&is_drift)) {
                return Err(RoutesError::NeverTold {
                    route: number + 1,
                    code: code.as_str().to_owned(),
                    told: codes::told(is_drift),
                });
            }
        }
        Ok(())
    }

    /// Whether nothing is ever told to a receiver: no route names it, and it gets nothing of what no route takes.
    pub(crate) fn leaves_out(&self, receiver: &str) -> bool {
        let mut named = self.routes.iter().flat_map(|route| &route.to);
        !named.any(|name| name == receiver) && !self.is_default(receiver)
    }

    /// How much of a release a receiver is told; `None` for nothing at all.
    pub(crate) fn share(&self, release: &ReleaseReport, receiver: &str) -> Option<Share> {
        if self.send(receiver, |route| route.matches(release)) {
            return Some(Share::Whole);
        }
        self.may_have_sent(release, receiver).then_some(Share::Over)
    }

    /// Whether a receiver would be told of a release in another condition, so that it may have been.
    fn may_have_sent(&self, release: &ReleaseReport, receiver: &str) -> bool {
        for route in self.routes.iter().filter(|route| route.is_for_release(release)) {
            if route.to.iter().any(|name| name == receiver) {
                return true;
            }
            if route.goes_on == GoesOn::No && !route.has_condition() {
                return false;
            }
        }
        self.is_default(receiver)
    }

    /// Whether a receiver is told of an error: by routes that ask for nothing but a namespace, where it is about one.
    pub(crate) fn sends_error(&self, error: &ReportError, receiver: &str) -> bool {
        let namespace = error.namespace();
        self.send(receiver, |route| {
            namespace.is_some_and(|namespace| route.is_for(namespace))
        })
    }

    fn send(&self, receiver: &str, matches: impl Fn(&Route) -> bool) -> bool {
        let mut is_taken = false;
        for route in self.routes.iter().filter(|route| matches(route)) {
            is_taken = true;
            if route.to.iter().any(|name| name == receiver) {
                return true;
            }
            if route.goes_on == GoesOn::No {
                return false;
            }
        }
        !is_taken && self.is_default(receiver)
    }

    fn is_default(&self, receiver: &str) -> bool {
        if let Some(default) = &self.default {
            return default.iter().any(|name| name == receiver);
        }
        let mut named = self.routes.iter().flat_map(|route| &route.to);
        !named.any(|name| name == receiver)
    }
}

impl Route {
    fn matches(&self, release: &ReleaseReport) -> bool {
        self.is_for_release(release)
            && self.severity.is_none_or(|severity| {
                let is_critical = !critical_codes(release).is_empty();
                is_critical == (severity == RouteSeverity::Critical)
            })
            && (self.codes.is_empty() || self.codes.iter().any(|code| has_code(release, code.as_str())))
    }

    /// Whether no release comes to the routes behind it.
    fn takes_every_release(&self) -> bool {
        let takes_all = |patterns: &[Glob]| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.to_string() == "*")
        };
        self.goes_on == GoesOn::No
            && !self.has_condition()
            && takes_all(&self.namespaces)
            && takes_all(&self.releases)
            && self.labels.is_empty()
    }

    /// Whether it asks for a condition that the release is in.
    fn has_condition(&self) -> bool {
        self.severity.is_some() || !self.codes.is_empty()
    }

    /// Whether it takes a release, in whatever condition that is.
    fn is_for_release(&self, release: &ReleaseReport) -> bool {
        let any = |patterns: &[Glob], name: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
        };
        any(&self.namespaces, &release.namespace)
            && any(&self.releases, &release.name)
            && self.labels.iter().all(|(LabelName(name), LabelValue(pattern))| {
                release
                    .labels
                    .get(name)
                    .is_some_and(|value| pattern.matches(value))
            })
    }

    /// Whether it takes whatever is in a namespace.
    fn is_for(&self, namespace: &str) -> bool {
        let is_all = self.releases.is_empty() && self.labels.is_empty() && !self.has_condition();
        is_all
            && !self.namespaces.is_empty()
            && self.namespaces.iter().any(|pattern| pattern.matches(namespace))
    }
}

/// Whether a release has a code that counts: of drift, of an object's state, or of its health. What is only worth knowing is told
/// to nobody, and so sends nothing anywhere.
fn has_code(release: &ReleaseReport, code: &str) -> bool {
    let mut health = release
        .health
        .iter()
        .filter(|entry| entry.severity != HealthSeverity::Info);
    health.any(|entry| entry.code.as_str() == code)
        || release.objects.iter().any(|object| {
            let mut findings = object.findings.iter().filter(|finding| finding.is_drift());
            object.state.as_str() == code || findings.any(|finding| finding.code.as_str() == code)
        })
}

fn namespaces<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Glob>, D::Error> {
    globs(deserializer, name_pattern::namespace)
}

fn releases<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Glob>, D::Error> {
    globs(deserializer, name_pattern::release)
}

fn globs<'de, D: Deserializer<'de>, E: std::fmt::Display>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<Glob, E>,
) -> Result<Vec<Glob>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let globs = texts.iter().map(|text| parse(text));
    globs.collect::<Result<_, _>>().map_err(de::Error::custom)
}

#[cfg(test)]
mod tests;
