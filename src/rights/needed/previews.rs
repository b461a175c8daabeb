//! The rights that previews need beside those of a scan: for what is around the objects
//! ([`crate::source::surroundings`]). Without one of them a preview has a gap, and says so.

use super::{GET, LIST, Need, NeededResource, Places, READ, Scope};
use crate::model::rights::{Resource, RightPurpose, RightTarget, Verb};
use crate::scan::Needs;

const PURPOSE: RightPurpose = RightPurpose::Previews;

/// What has no namespace.
const CLUSTER_WIDE: [(&str, &str, &[Verb]); 6] = [
    ("", "namespaces", GET),
    (
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        LIST,
    ),
    (
        "admissionregistration.k8s.io",
        "validatingadmissionpolicies",
        LIST,
    ),
    (
        "admissionregistration.k8s.io",
        "validatingadmissionpolicybindings",
        LIST,
    ),
    (
        "admissionregistration.k8s.io",
        "validatingwebhookconfigurations",
        LIST,
    ),
    ("apiextensions.k8s.io", "customresourcedefinitions", GET),
];

/// What may be in any namespace: Services with node ports, and those that answer for webhooks.
const EVERYWHERE: [(&str, &str, &[Verb]); 2] = [
    ("", "services", READ),
    ("discovery.k8s.io", "endpointslices", LIST),
];

/// What is counted in a namespace that goes with a release.
const CONTENTS: [&str; 3] = ["persistentvolumeclaims", "pods", "secrets"];

/// What a `LimitRange` is about, of what a release has.
const LIMITED: [&str; 2] = ["persistentvolumeclaims", "pods"];

/// The rights for previews of every release.
pub(super) fn needed(needs: &Needs, places: &Places<'_>) -> Vec<Need> {
    let mut wanted = Vec::new();
    for (group, plural, verbs) in CLUSTER_WIDE {
        let (resource, nowhere) = (Resource::new(group, plural), NeededResource::default());
        wanted.extend(places.of(PURPOSE, &resource, &nowhere, Scope::Cluster, verbs));
    }
    wanted.extend(EVERYWHERE.map(|(group, plural, verbs)| everywhere(group, plural, verbs)));
    let of_objects = needs.resources.values().flat_map(|needed| &needed.namespaces);
    let quotas = NeededResource {
        namespaces: needs.namespaces.iter().chain(of_objects).cloned().collect(),
        ..NeededResource::default()
    };
    let resource = Resource::new("", "resourcequotas");
    wanted.extend(places.of(PURPOSE, &resource, &quotas, Scope::Namespaced, LIST));
    if let Some(limits) = limited(needs) {
        let resource = Resource::new("", "limitranges");
        wanted.extend(places.of(PURPOSE, &resource, &limits, Scope::Namespaced, LIST));
    }
    if needs.resources.contains_key(&Resource::new("", "namespaces")) {
        wanted.extend(CONTENTS.map(|plural| everywhere("", plural, LIST)));
    }
    wanted
}

/// Where there are objects that a `LimitRange` is about, of whatever kind; `None` where there are none.
fn limited(needs: &Needs) -> Option<NeededResource> {
    let kinds = LIMITED.map(|plural| Resource::new("", plural));
    let mut found = kinds.iter().filter_map(|kind| needs.resources.get(kind));
    let mut limited = found.next()?.clone();
    for needed in found {
        limited.namespaces.extend(needed.namespaces.iter().cloned());
        limited.releases.extend(needed.releases.iter().cloned());
    }
    Some(limited)
}

fn everywhere(group: &str, plural: &str, verbs: &'static [Verb]) -> Need {
    Need {
        purpose: PURPOSE,
        target: RightTarget::AllNamespaces {
            resource: Resource::new(group, plural),
        },
        verbs,
        releases: Vec::new(),
        places: Vec::new(),
    }
}
