//! Clusters with honest releases, and something hostile beside them.

use serde_json::{Value, json};

use crate::faults::server::{Fault, Server, Stored};
use crate::faults::world::{Home, config_map, cron_tab, live, release, secret};
use crate::support::limited::{Limits, Measured, run};

/// The namespace of the tenant who means harm.
pub(super) const EVIL: &str = "evil";

/// The namespaces of the honest tenants. One comes before the hostile one in every order, two come after it.
const HONEST: [&str; 3] = ["depot", "shop", "zoo"];

/// A cluster in which something is hostile.
#[derive(Clone, Copy)]
pub(super) struct Scene {
    /// What tests and tables call it.
    pub(super) name: &'static str,
    /// What is hostile about it, in a few words.
    pub(super) about: &'static str,
    /// What driftline promises for it.
    pub(super) promise: Promise,
    /// Makes the hostile part.
    pub(super) make: fn() -> Hostile,
    /// What the scan is asked for besides.
    pub(super) flags: &'static [&'static str],
}

/// What driftline promises for a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// Every other release is reported as without the hostile part, which is told about.
    OthersAsWithout,
    /// The same, and none of the hostile releases is clean.
    NoneClean,
    /// Every other release is reported as without the hostile part. A scan that reads all of it within its limits has
    /// nothing to tell about it.
    Harmless,
    /// Every other release is reported as without the hostile part. Of the hostile releases all are drifted, and each drifted
    /// field has a key that keeps it, or the reason why none is named.
    Answered,
    /// The scan does not say "clean", whatever else it says.
    NeverClean,
}

/// The form of the report.
#[derive(Clone, Copy)]
pub(super) enum Format {
    /// For programs.
    Json,
    /// For people.
    Text,
}

/// The hostile part of a cluster.
#[derive(Default)]
pub(super) struct Hostile {
    /// Records and objects.
    pub(super) stored: Vec<Stored>,
    /// Answers that are none: path, text in the query, how many requests pass before, the fault.
    pub(super) faults: Vec<(&'static str, &'static str, usize, Fault)>,
}

impl Hostile {
    pub(super) fn stored(stored: impl IntoIterator<Item = Stored>) -> Self {
        Self {
            stored: stored.into_iter().collect(),
            faults: Vec::new(),
        }
    }
}

/// A release in each honest namespace, whose settings have drifted.
pub(super) fn honest() -> Vec<Stored> {
    let release_in = |namespace: &'static str| {
        let objects = [
            config_map("settings", "blue"),
            secret("login"),
            cron_tab("nightly"),
        ];
        let mut stored = release(namespace, "web", &objects);
        stored[1].body["data"]["key"] = json!("red");
        stored
    };
    HONEST.into_iter().flat_map(release_in).collect()
}

impl Scene {
    /// A scene of which something is told.
    pub(super) fn told(name: &'static str, about: &'static str, make: fn() -> Hostile) -> Self {
        Self {
            name,
            about,
            promise: Promise::OthersAsWithout,
            make,
            flags: &[],
        }
    }

    /// A scene of which there may be nothing to tell.
    pub(super) fn harmless(name: &'static str, about: &'static str, make: fn() -> Hostile) -> Self {
        Self {
            promise: Promise::Harmless,
            ..Self::told(name, about, make)
        }
    }

    /// The same, and the scan is asked which values keep the drift.
    pub(super) fn with_values(self) -> Self {
        Self {
            flags: &["--values"],
            ..self
        }
    }

    /// Scans the scene's cluster.
    pub(super) fn scan(&self, format: Format, limits: Limits) -> Measured {
        let hostile = (self.make)();
        let mut server = Server::start(honest().into_iter().chain(hostile.stored));
        for (path, query, skip, fault) in hostile.faults {
            server = server.on(path, query, skip, usize::MAX, fault);
        }
        scan(&server, format, self.flags, limits)
    }

    /// Scans the cluster of the honest tenants alone, asked for the same.
    pub(super) fn scan_without(&self, limits: Limits) -> Measured {
        scan(&Server::start(honest()), Format::Json, self.flags, limits)
    }
}

/// Scans the cluster of the honest tenants alone.
pub(super) fn scan_without(limits: Limits) -> Measured {
    scan(&Server::start(honest()), Format::Json, &[], limits)
}

fn scan(server: &Server, format: Format, flags: &[&str], limits: Limits) -> Measured {
    let home = Home::new();
    let kubeconfig = home.kubeconfig(&server.url, &json!({"token": "token"}));
    let format = match format {
        Format::Json => "json",
        Format::Text => "text",
    };
    let arguments = [
        "scan",
        "--kubeconfig",
        &kubeconfig,
        "--request-timeout",
        "10s",
        "--timeout",
        "20m",
        "-o",
        format,
    ];
    let arguments = [&arguments, flags].concat();
    run(&[("HOME", home.path().as_os_str())], &arguments, limits)
}

/// What a report says about the honest tenants: their releases, whole.
pub(super) fn about_the_honest(report: &Value) -> Vec<Value> {
    let mut releases = report["releases"].as_array().cloned().unwrap_or_default();
    releases.retain(|release| !is_hostile(release));
    releases
}

/// What a report says about the hostile tenant: the releases whose records lie in that namespace, whatever they claim.
pub(super) fn about_the_hostile(report: &Value) -> Vec<&Value> {
    let releases = report["releases"].as_array().into_iter().flatten();
    releases.filter(|release| is_hostile(release)).collect()
}

fn is_hostile(release: &Value) -> bool {
    release["storage"]["namespace"] == EVIL
}

/// An object of a release of the hostile tenant, which Helm seems to have put there.
pub(super) fn owned(release: &str, object: &Value) -> Stored {
    live(EVIL, release, object)
}
