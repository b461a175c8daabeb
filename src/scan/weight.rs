//! How much memory decoded manifests and reports take, near enough to limit it.
//!
//! Bodies that revisions share are shared in memory and count once.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

use crate::health::RecordFacts;
use crate::manifest::parse::ManifestObject;
use crate::model::{Finding, ObjectReport};

/// What an object takes besides its texts: its place in the revision, in the plan of its release and among the reads.
const OBJECT_BYTES: usize = 448;

/// What an object takes in another revision that has the same body.
const SHARED_OBJECT_BYTES: usize = 192;

/// What a hook, or the fingerprint of a definition, takes besides its texts.
const FACT_BYTES: usize = 320;

/// What the report of an object takes besides its texts, and what a finding does.
const REPORT_BYTES: usize = 320;
const FINDING_BYTES: usize = 384;

/// What a value takes besides its texts: its place in a list, or a node of a map for each of its entries.
const VALUE_BYTES: usize = 48;
const ENTRY_BYTES: usize = 96;

/// The weight of the revisions of one release, as they are decoded.
#[derive(Default)]
pub(super) struct ReleaseWeight {
    /// The bodies that were counted. They are held as long as this.
    bodies: HashSet<usize>,
    /// The bytes of everything that the release keeps until it is compared.
    pub(super) kept: usize,
    /// The bytes of the documents that are kept until all of its revisions are decoded.
    pub(super) documents: usize,
}

impl ReleaseWeight {
    /// Adds the objects of a decoded revision and its facts, and returns by how much the whole grew.
    pub(super) fn add(&mut self, objects: &[ManifestObject], facts: Option<&RecordFacts>) -> usize {
        let before = self.whole();
        for object in objects {
            self.add_object(object);
        }
        self.kept += facts.map_or(0, of_facts);
        self.whole() - before
    }

    /// All of it.
    pub(super) const fn whole(&self) -> usize {
        self.kept + self.documents
    }

    fn add_object(&mut self, object: &ManifestObject) {
        let names = object.gvk.api_version.len()
            + object.gvk.kind.len()
            + object.name.len()
            + object.namespace.as_ref().map_or(0, String::len)
            + object.template.as_ref().map_or(0, String::len);
        if self.bodies.insert(Arc::as_ptr(&object.body).addr()) {
            self.kept += OBJECT_BYTES + 4 * names + object.body.len();
            self.documents += object.body.len() + names;
        } else {
            self.kept += SHARED_OBJECT_BYTES + names;
        }
    }
}

fn of_facts(facts: &RecordFacts) -> usize {
    let hooks = facts.hooks.iter().map(|hook| {
        let texts = hook
            .events
            .iter()
            .chain(&hook.delete_policies)
            .map(|text| text.len() + 24);
        FACT_BYTES + hook.name.len() + hook.kind.len() + texts.sum::<usize>()
    });
    let files = facts.crds.keys().chain(facts.variations.texts());
    let definitions = files.map(|file| FACT_BYTES + file.len());
    facts.description.len() + hooks.chain(definitions).sum::<usize>()
}

/// What a report of an object takes without its values.
pub(super) fn of_report(report: &ObjectReport) -> usize {
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let texts = report.api_version.len()
        + report.kind.len()
        + report.name.len()
        + optional(&report.namespace)
        + optional(&report.template)
        + optional(&report.reason)
        + optional(&report.next_upgrade_reason);
    let findings = report.findings.iter().map(|finding| {
        let texts = [finding.path.len(), finding.pointer.len(), finding.message.len()];
        FINDING_BYTES + texts.iter().sum::<usize>() + optional(&finding.next_upgrade_reason)
    });
    REPORT_BYTES + texts + findings.sum::<usize>()
}

/// What the values of an object's findings and its patch take.
pub(super) fn of_values(report: &ObjectReport) -> usize {
    let values = report.findings.iter().flat_map(Finding::values);
    values.chain(&report.patch).map(of_value).sum()
}

/// What a value takes.
fn of_value(value: &Value) -> usize {
    VALUE_BYTES
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(of_value).sum(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| ENTRY_BYTES + name.len() + of_value(value))
                .sum(),
        }
}
