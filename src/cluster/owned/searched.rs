//! The kinds in which orphans are looked for.

use std::collections::BTreeMap;

use kube::core::Version;

use crate::object::Gvk;
use crate::source::{Kinds, ServedKind};

/// The resources that no chart installs, by group and plural: the cluster makes them itself, and accounts that read
/// releases may rarely list them.
const NOT_OF_CHARTS: [(&str, &str); 16] = [
    ("", "componentstatuses"),
    ("", "events"),
    ("", "nodes"),
    ("apps", "controllerrevisions"),
    ("certificates.k8s.io", "certificatesigningrequests"),
    ("coordination.k8s.io", "leasecandidates"),
    ("events.k8s.io", "events"),
    ("internal.apiserver.k8s.io", "storageversions"),
    ("metrics.k8s.io", "nodes"),
    ("metrics.k8s.io", "pods"),
    ("networking.k8s.io", "ipaddresses"),
    ("resource.k8s.io", "resourceslices"),
    ("storage.k8s.io", "csinodes"),
    ("storage.k8s.io", "csistoragecapacities"),
    ("storage.k8s.io", "volumeattachments"),
    ("storagemigration.k8s.io", "storageversionmigrations"),
];

/// The kinds in which orphans are looked for, each in one of its versions: all that can be listed and that charts install.
pub fn searched_kinds(kinds: &Kinds) -> Vec<(Gvk, ServedKind)> {
    let mut chosen: BTreeMap<(&str, &str), (&Gvk, &ServedKind)> = BTreeMap::new();
    for (gvk, served) in &kinds.served {
        let resource = (gvk.group(), served.plural.as_str());
        if !served.listable || NOT_OF_CHARTS.contains(&resource) {
            continue;
        }
        // The stable version, as kubectl prefers it: the storage of others may need a conversion.
        let priority = |gvk: &Gvk| Version::parse(gvk.version()).priority();
        let known = chosen.entry(resource).or_insert((gvk, served));
        if priority(gvk) > priority(known.0) {
            *known = (gvk, served);
        }
    }
    chosen
        .into_values()
        .map(|(gvk, served)| (gvk.clone(), served.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(rows: &[(&str, &str, &str, bool)]) -> Kinds {
        let mut kinds = Kinds::default();
        for (api_version, kind, plural, listable) in rows {
            let served = ServedKind {
                plural: (*plural).to_owned(),
                namespaced: true,
                listable: *listable,
            };
            kinds.served.insert(Gvk::new(*api_version, *kind), served);
        }
        kinds
    }

    #[test]
    fn each_kind_is_searched_once_in_its_stable_version() {
        let kinds = kinds(&[
            (
                "autoscaling/v1",
                "HorizontalPodAutoscaler",
                "horizontalpodautoscalers",
                true,
            ),
            (
                "autoscaling/v2",
                "HorizontalPodAutoscaler",
                "horizontalpodautoscalers",
                true,
            ),
            (
                "autoscaling/v2beta2",
                "HorizontalPodAutoscaler",
                "horizontalpodautoscalers",
                true,
            ),
            ("v1", "Event", "events", true),
            ("v1", "ConfigMap", "configmaps", true),
            (
                "authorization.k8s.io/v1",
                "SubjectAccessReview",
                "subjectaccessreviews",
                false,
            ),
        ]);
        let searched: Vec<String> = searched_kinds(&kinds)
            .iter()
            .map(|(gvk, _)| gvk.to_string())
            .collect();
        assert_eq!(
            searched,
            ["v1/ConfigMap", "autoscaling/v2/HorizontalPodAutoscaler"]
        );
    }
}
