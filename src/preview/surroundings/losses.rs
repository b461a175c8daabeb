//! What goes with an object that is deleted: everything in a Namespace, every object of a `CustomResourceDefinition`, the data
//! of a volume claim.
//!
//! Kubernetes deletes the first two with their owner (`pkg/controller/namespace/deletion/namespaced_resources_deleter.go`;
//! `apiextensions-apiserver/pkg/controller/finalizer/crd_finalizer.go`). The data of a claim goes where the reclaim policy of
//! its volume is `Delete`, the default of storage classes; a `StatefulSet` deletes its claims where
//! `persistentVolumeClaimRetentionPolicy` says so.
//!
//! What is in a Namespace, and how many objects a definition has, is counted only where that is the release's own: a record
//! can name any Namespace of the cluster, and its writer must not learn what is in there.

use super::{Obstacle, Sent, SurroundingFacts, Verdict, gap_of};
use crate::manifest::desired::Owner;
use crate::manifest::standing::Standing;
use crate::source::surroundings::{Contents, Counted, SentVerb};
use crate::vocabulary::PreviewCause;

pub(super) fn judge(facts: &SurroundingFacts<'_>) -> Vec<Obstacle> {
    let deletions = facts
        .sent
        .iter()
        .filter(|sent| sent.verb == SentVerb::Delete && !is_going(sent));
    let mut found = Vec::new();
    for sent in deletions {
        let kind = (sent.key.gvk.group(), sent.key.gvk.kind.as_str());
        let message = match kind {
            ("", "Namespace") if !is_own(facts, sent) => "everything in it is deleted".to_owned(),
            ("", "Namespace") => {
                let answer = facts.surroundings.contents.get(&sent.key.name);
                found.extend(gap_of(&format!("what goes with {}", sent.key), answer));
                let contents = answer.and_then(|answer| answer.read());
                contents.map_or_else(
                    || "everything in it is deleted".to_owned(),
                    |contents| format!("everything in it is deleted: {}", within(*contents)),
                )
            }
            ("apiextensions.k8s.io", "CustomResourceDefinition") if !is_own(facts, sent) => {
                "every object of its kind is deleted".to_owned()
            }
            ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                let answer = facts.surroundings.custom_objects.get(&sent.key.name);
                found.extend(gap_of(&format!("how many objects go with {}", sent.key), answer));
                match answer.and_then(|answer| answer.read()) {
                    Some(Counted {
                        count: 0,
                        or_more: false,
                    }) => continue,
                    Some(counted) => format!("every object of its kind is deleted: {}", objects(*counted)),
                    None => "every object of its kind is deleted".to_owned(),
                }
            }
            ("", "PersistentVolumeClaim") => {
                "the data of its volume is deleted, unless the reclaim policy of the volume keeps it"
                    .to_owned()
            }
            ("", "PersistentVolume") => "the volume that it stands for is given up".to_owned(),
            ("apps", "StatefulSet") if deletes_claims(sent) => {
                "its volume claims are deleted with it (persistentVolumeClaimRetentionPolicy)".to_owned()
            }
            (_, _) => continue,
        };
        found.push(Obstacle::of_object(
            PreviewCause::DeletesData,
            sent,
            Verdict::Loses,
            message,
        ));
    }
    found
}

/// Whether the live object names this release as its owner.
fn is_own(facts: &SurroundingFacts<'_>, sent: &Sent<'_>) -> bool {
    let owner = Owner {
        name: facts.record.release,
        namespace: facts.record.namespace,
    };
    sent.live
        .is_some_and(|live| Standing::of(live, sent.key, owner) == Standing::Ours)
}

/// Whether somebody deleted it already: what goes with it goes anyway.
fn is_going(sent: &Sent<'_>) -> bool {
    sent.live
        .is_some_and(|live| live["metadata"]["deletionTimestamp"].is_string())
}

fn deletes_claims(sent: &Sent<'_>) -> bool {
    sent.live
        .is_some_and(|live| live["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete")
}

fn objects(counted: Counted) -> String {
    format!("{counted} {}", noun(counted, "object", "objects"))
}

fn within(contents: Contents) -> String {
    let Contents {
        claims,
        pods,
        records,
    } = contents;
    let parts = [
        (claims, "volume claim", "volume claims"),
        (pods, "Pod", "Pods"),
        (records, "record of Helm releases", "records of Helm releases"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(counted, _, _)| counted.count > 0)
        .map(|(counted, one, several)| format!("{counted} {}", noun(counted, one, several)))
        .collect();
    if parts.is_empty() {
        "no volume claim, Pod or record of Helm releases is in it".to_owned()
    } else {
        parts.join(", ")
    }
}

const fn noun<'n>(counted: Counted, one: &'n str, several: &'n str) -> &'n str {
    if counted.count == 1 && !counted.or_more {
        one
    } else {
        several
    }
}
