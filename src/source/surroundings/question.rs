//! The question about what is around the objects of an operation, gathered from the objects.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::facts::FixedPlace;
use crate::object::{Gvk, ObjectKey};
use crate::release::stored::Driver;
use crate::source::Kinds;
use crate::types::TypeTable;
use crate::vocabulary::vocabulary;

vocabulary! {
    /// What Helm asks of the API server about one object.
    SentVerb {
        /// It creates the object.
        Create = "create",
        /// It patches or replaces the object, be it with what is there already.
        Update = "update",
        /// It deletes the object.
        Delete = "delete",
    }
}

/// What is asked about the surroundings of one operation or several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SurroundingsQuestion {
    /// The namespaces of records and objects that are written or deleted.
    pub namespaces: BTreeSet<String>,
    /// The namespaces in which something is written that a `LimitRange` is about: volume claims and Pods.
    pub limited: BTreeSet<String>,
    /// The ports and addresses that the objects name themselves.
    pub places: FixedPlaces,
    /// The kinds of the objects.
    pub written: BTreeSet<(SentVerb, Gvk)>,
    /// The definitions of the custom kinds among them, and definitions that are written.
    pub definitions: BTreeSet<String>,
    /// The definitions that are deleted.
    pub deleted_definitions: BTreeSet<String>,
    /// The namespaces that are deleted.
    pub deleted_namespaces: BTreeSet<String>,
}

impl SurroundingsQuestion {
    /// Asks for what is around the record of a new revision.
    pub fn add_record(&mut self, namespace: &str, driver: Driver) {
        self.namespaces.insert(namespace.to_owned());
        let record = Gvk::new("v1", driver.kind());
        self.written.insert((SentVerb::Create, record));
    }

    /// Asks for what is around an object that is sent.
    pub fn add(&mut self, verb: SentVerb, key: &ObjectKey, object: Option<&Value>, kinds: &Kinds) {
        self.namespaces.extend(key.namespace.clone());
        self.written.insert((verb, key.gvk.clone()));
        match (key.gvk.group(), key.gvk.kind.as_str(), verb) {
            ("", "Namespace", SentVerb::Delete) => {
                self.deleted_namespaces.insert(key.name.clone());
            }
            ("", "Namespace", SentVerb::Create | SentVerb::Update) => {
                self.namespaces.insert(key.name.clone());
            }
            ("", "PersistentVolumeClaim", SentVerb::Create | SentVerb::Update)
            | ("", "Pod", SentVerb::Create) => {
                self.limited.extend(key.namespace.clone());
            }
            ("", "Service", SentVerb::Create | SentVerb::Update) => {
                self.places.extend_from(object);
            }
            ("apiextensions.k8s.io", "CustomResourceDefinition", SentVerb::Delete) => {
                self.deleted_definitions.insert(key.name.clone());
            }
            ("apiextensions.k8s.io", "CustomResourceDefinition", SentVerb::Create | SentVerb::Update) => {
                self.definitions.insert(key.name.clone());
            }
            (_, _, SentVerb::Create | SentVerb::Update | SentVerb::Delete) => {}
        }
        if let Some(definition) = definition_of(&key.gvk, kinds) {
            self.definitions.insert(definition);
        }
    }
}

/// The name of the definition behind a custom kind. A kind of an aggregated API server looks like one; it has none, which
/// says nothing.
pub fn definition_of(gvk: &Gvk, kinds: &Kinds) -> Option<String> {
    let is_built_in =
        gvk.group().is_empty() || TypeTable::builtin().kind(&gvk.api_version, &gvk.kind).is_some();
    let served = kinds.served.get(gvk).filter(|_| !is_built_in)?;
    Some(format!("{}.{}", served.plural, gvk.group()))
}

/// Ports and addresses that Services name themselves, instead of taking what the API server gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedPlaces(BTreeSet<FixedPlace>);

impl FixedPlaces {
    /// Those that a Service names.
    pub fn of(service: &Value) -> Self {
        let spec = &service["spec"];
        let port = |port: &Value| port.as_u64().and_then(|port| u16::try_from(port).ok());
        let listed = spec["ports"].as_array().into_iter().flatten();
        let ports = listed.map(|listed| &listed["nodePort"]);
        let ports = ports.chain([&spec["healthCheckNodePort"]]).filter_map(port);
        let ports = ports.filter(|port| *port != 0).map(FixedPlace::Port);
        let addresses = spec["clusterIPs"].as_array().into_iter().flatten();
        let addresses = addresses
            .chain([&spec["clusterIP"]])
            .filter_map(Value::as_str)
            .filter(|address| !address.is_empty() && *address != "None")
            .map(|address| FixedPlace::Address(address.to_ascii_lowercase()));
        Self(ports.chain(addresses).collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &FixedPlace> {
        self.0.iter()
    }

    /// Whether it is one of these.
    pub fn has(&self, place: &FixedPlace) -> bool {
        self.0.contains(place)
    }

    /// Whether all of the others are among these.
    pub fn contains(&self, others: &Self) -> bool {
        self.0.is_superset(&others.0)
    }

    /// Adds others.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    fn extend_from(&mut self, service: Option<&Value>) {
        self.extend(service.map(Self::of).unwrap_or_default());
    }
}
