//! Who is told of what: routes send releases to receivers by name, and everything else goes to the default ones.
//!
//! Each team gets its own part only. The routes are tried in their order, and the first one that a release matches takes it,
//! unless that one says `continue`.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use crate::model::{ReleaseReport, ReportError};
use crate::policy::glob::Glob;
use crate::policy::name_pattern;
use crate::report::words::critical_codes;
use crate::state::Share;
use crate::vocabulary::{FindingCode, HealthCode, ObjectState};

/// How the scope of an error about a namespace begins.
const OF_NAMESPACE: &str = "namespace/";

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

/// A code of a finding or a health entry, or the state of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RouteCode(String);

impl<'de> Deserialize<'de> for RouteCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == ObjectState::InSync.as_str() {
            return Err(de::Error::custom(format!(
                "`{text}` is nothing that anybody is told of: leave it out"
            )));
        }
        let is_known = FindingCode::from_str(&text).is_ok()
            || HealthCode::from_str(&text).is_ok()
            || ObjectState::from_str(&text).is_ok();
        if is_known {
            Ok(Self(text))
        } else {
            Err(de::Error::custom(format!(
                "`{text}` is no code of a finding or of a release's health and no state of an object: `driftline explain` lists \
                 them"
            )))
        }
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
            Self::NoReceiver(_) | Self::NoDefault => ROUTES,
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
        let namespace = error.scope.strip_prefix(OF_NAMESPACE);
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
            && (self.codes.is_empty() || self.codes.iter().any(|code| has_code(release, &code.0)))
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

/// Whether a release has a code that counts: of drift, of an object's state, or of its health.
fn has_code(release: &ReleaseReport, code: &str) -> bool {
    let mut health = release.health.iter();
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
mod tests {
    use super::*;
    use crate::report::fixtures::{finding, object, release};
    use crate::vocabulary::HealthSeverity;

    fn routes(text: &str, default: Option<&[&str]>) -> Routes {
        Routes {
            routes: serde_saphyr::from_str(text).unwrap(),
            default: default.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
        }
    }

    const TEAMS: &str = "
- {namespaces: ['team-a-*'], to: [a]}
- {severity: critical, to: [oncall], continue: true}
- {codes: [missing, overwritten], to: [audit], continue: true}
- {namespaces: [shop], releases: ['web*'], to: [shop]}
";

    #[test]
    fn a_release_goes_where_the_first_route_sends_it_or_on() {
        let routes = routes(TEAMS, Some(&["all"]));
        let receivers = |release: &ReleaseReport| {
            let all = ["a", "oncall", "audit", "shop", "all"];
            all.into_iter()
                .filter(|name| routes.share(release, name) == Some(Share::Whole))
                .collect::<Vec<_>>()
        };
        let plain = |namespace: &str, name: &str| release(namespace, name);
        let stuck = |namespace: &str, name: &str| {
            plain(namespace, name).with_health(HealthCode::Stuck, HealthSeverity::Critical)
        };
        let missing = object("v1", "Service", "shop", "web").in_state(ObjectState::Missing);
        let overwritten = finding(FindingCode::Overwritten, "/spec/x", None, None);
        assert_eq!(receivers(&plain("team-a-1", "x")), ["a"]);
        assert_eq!(
            receivers(&stuck("team-a-1", "x")),
            ["a"],
            "the first route does not go on"
        );
        assert_eq!(receivers(&plain("shop", "web-1")), ["shop"]);
        assert_eq!(receivers(&stuck("shop", "web-1")), ["oncall", "shop"]);
        assert_eq!(receivers(&plain("shop", "api")), ["all"]);
        assert_eq!(receivers(&stuck("shop", "api")), ["oncall"], "a route took it");
        assert_eq!(
            receivers(&plain("shop", "web").with_objects([missing])),
            ["audit", "shop"]
        );
        let drifted = object("v1", "Service", "pay", "x").drifted([overwritten]);
        assert_eq!(receivers(&plain("pay", "x").with_objects([drifted])), ["audit"]);
    }

    #[test]
    fn a_route_for_labels_takes_releases_that_have_all_of_them() {
        let routes = routes(
            "[{labels: {team: 'pay*', example.com/tier: '1'}, to: [pay]}, {labels: {team: '*'}, to: [teams]}]",
            Some(&["all"]),
        );
        let receiver = |labels: &[(&str, &str)]| {
            let labels = labels
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let release = ReleaseReport {
                labels: labels.collect(),
                ..release("shop", "web")
            };
            ["pay", "teams", "all"]
                .into_iter()
                .find(|name| routes.share(&release, name) == Some(Share::Whole))
        };
        assert_eq!(
            receiver(&[("team", "payments"), ("example.com/tier", "1")]),
            Some("pay")
        );
        assert_eq!(receiver(&[("team", "payments")]), Some("teams"));
        assert_eq!(receiver(&[("team", "")]), Some("teams"));
        assert_eq!(receiver(&[("example.com/tier", "1")]), Some("all"));
    }

    /// An alert of a receiver that is told of bad conditions only would stay open for ever.
    #[test]
    fn a_receiver_that_may_have_been_told_hears_that_it_is_over() {
        let routes = routes(TEAMS, Some(&["all"]));
        let share = |namespace: &str, receiver: &str| routes.share(&release(namespace, "web"), receiver);
        assert_eq!(share("shop", "oncall"), Some(Share::Over));
        assert_eq!(share("shop", "audit"), Some(Share::Over));
        assert_eq!(share("shop", "shop"), Some(Share::Whole));
        assert_eq!(
            share("shop", "all"),
            None,
            "the last route takes it in every condition"
        );
        assert_eq!(
            share("team-a-1", "oncall"),
            None,
            "the first route takes it in every condition"
        );
    }

    #[test]
    fn an_error_goes_to_whoever_has_the_namespace() {
        let routes = routes(TEAMS, None);
        let error = |scope: &str| ReportError {
            scope: scope.to_owned(),
            message: String::new(),
        };
        let about_a = error("namespace/team-a-1");
        assert!(routes.sends_error(&about_a, "a") && !routes.sends_error(&about_a, "slack"));
        let about_all = error("discovery");
        assert!(!routes.sends_error(&about_all, "a") && routes.sends_error(&about_all, "slack"));
    }

    #[test]
    fn what_no_route_takes_is_told_to_somebody_unless_it_is_said_that_it_is_not() {
        let known = BTreeSet::from(["a", "b"]);
        let all = "[{namespaces: [shop], to: [a]}, {severity: critical, to: [b, a], continue: true}]";
        let some = "[{namespaces: [shop], to: [a]}]";
        let everything = "[{to: [a, b]}]";
        for (text, default, is_right) in [
            (all, None, false),
            (all, Some(&[][..]), true),
            (all, Some(&["a"][..]), true),
            (some, None, true),
            (some, Some(&[][..]), true),
            // A scan that failed is no release.
            (everything, None, false),
            (everything, Some(&["b"][..]), true),
            ("[]", None, true),
        ] {
            let checked = routes(text, default).check(&known);
            let wanted = if is_right {
                Ok(())
            } else {
                Err(RoutesError::NoDefault)
            };
            assert_eq!(checked, wanted, "{text} {default:?}");
        }
        assert!(
            RoutesError::NoDefault
                .to_string()
                .contains("`default: []` for nobody")
        );
    }

    #[test]
    fn mistakes_are_named() {
        let known = BTreeSet::from(["slack"]);
        let error = |text: &str| routes(text, None).check(&known).unwrap_err().to_string();
        assert_eq!(error("[{to: [slck]}]"), "`slck` is no receiver; there are: slack");
        let nobody = routes("[]", Some(&["slack"]))
            .check(&BTreeSet::new())
            .unwrap_err();
        assert_eq!(nobody.to_string(), "`slack` is no receiver; there is none");
        assert_eq!(nobody.key(), "default");
        assert_eq!(
            error("[{namespaces: [a]}]"),
            "the route 1 has no `to`: name the receivers"
        );
        for (text, said) in [
            ("[{codes: [mising], to: [slack]}]", "`mising` is no code"),
            (
                "[{codes: [in-sync], to: [slack]}]",
                "`in-sync` is nothing that anybody is told of",
            ),
            ("[{severity: bad, to: [slack]}]", "critical"),
            ("[{namespaces: ['A'], to: [slack]}]", "A"),
            (
                "[{labels: {'a b': x}, to: [slack]}]",
                "`a b` cannot be the name of a label",
            ),
            ("[{labels: {a: '[x'}, to: [slack]}]", "without its `]`"),
            ("[{labels: [a], to: [slack]}]", "expected"),
            ("[{name: x}]", "unknown field"),
        ] {
            let error = serde_saphyr::from_str::<Vec<Route>>(text)
                .unwrap_err()
                .to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
