//! Who is told of what.

use super::*;
use crate::report::fixtures::{finding, object, release};
use crate::vocabulary::{HealthCode, ObjectState, Severity};

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
fn a_route_that_waits_for_what_is_never_told_is_a_mistake() {
    let check = |text: &str| {
        let is_drift = |code: FindingCode| code.default_severity() == Severity::Drift;
        routes(text, None)
            .check_codes(is_drift)
            .map_err(|error| error.to_string())
    };
    for code in ["in-sync", "ignored", "autoscaled", "rollback-loses"] {
        let error = check(&format!("[{{to: [a]}}, {{codes: [changed, {code}], to: [a]}}]")).unwrap_err();
        assert!(
            error.starts_with(&format!(
                "the route 2 waits for `{code}`, of which nobody is ever told"
            )),
            "{error}"
        );
        assert!(error.contains("codes that are told: changed, "), "{error}");
    }
    assert_eq!(check("[{codes: [changed, unknown, stuck], to: [a]}]"), Ok(()));
}

#[test]
fn a_code_that_is_only_worth_knowing_sends_a_release_nowhere() {
    let routes = routes("[{codes: [upgrade-blocked], to: [upgrades]}]", Some(&["all"]));
    let blocked = |severity| release("shop", "web").with_health(HealthCode::UpgradeBlocked, severity);
    let warned = blocked(HealthSeverity::Warning);
    assert_eq!(routes.share(&warned, "upgrades"), Some(Share::Whole));
    let may_fail = blocked(HealthSeverity::Info);
    assert_eq!(routes.share(&may_fail, "upgrades"), Some(Share::Over));
    assert_eq!(routes.share(&may_fail, "all"), Some(Share::Whole));
}

#[test]
fn a_route_that_nothing_comes_to_is_a_mistake() {
    let known = BTreeSet::from(["a", "b"]);
    let check = |text: &str| routes(text, Some(&["a"])).check(&known);
    assert_eq!(
        check("[{namespaces: [x], to: [b]}, {to: [a]}, {namespaces: [y], to: [b]}]"),
        Err(RoutesError::Unreached {
            behind: 3,
            in_front: 2
        })
    );
    let all = check("[{namespaces: [shop, '*'], releases: ['*'], to: [a]}, {to: [b]}]");
    assert!(matches!(all, Err(RoutesError::Unreached { .. })), "{all:?}");
    for text in [
        "[{to: [a], continue: true}, {namespaces: [y], to: [b]}]",
        "[{severity: critical, to: [a]}, {to: [b]}]",
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

#[test]
fn a_receiver_that_nobody_names_is_left_out() {
    let text = "[{namespaces: [shop], to: [a]}]";
    let of_default = |default: Option<&[&str]>| {
        let routes = routes(text, default);
        ["a", "b"].map(|name| routes.leaves_out(name))
    };
    assert_eq!(of_default(None), [false, false]);
    assert_eq!(of_default(Some(&["b"])), [false, false]);
    assert_eq!(of_default(Some(&["a"])), [false, true]);
    assert_eq!(of_default(Some(&[])), [false, true]);
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
