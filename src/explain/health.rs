//! The texts of the health codes.

use super::Text;
use crate::classify::code::HealthCode;

pub(super) const fn text(code: HealthCode) -> Text {
    match code {
        HealthCode::Undecodable => Text {
            meaning: "A record of the release exists but cannot be decoded, so nothing can be said about it.",
            arises: "The Secret or ConfigMap was edited or cut off, restored incompletely, written by a tool with \
                a format of its own, or made to be harmful: driftline limits size, depth and expansion.",
            example: "revision 3 cannot be decoded: the gzip stream ends early",
            remedy: "Look at the record itself. helm history skips such records without a word, so a release can \
                look older than it is. Restore the record from a backup; save a copy before deleting anything.\n\
                $ kubectl get secret -n NAMESPACE -l owner=helm,name=RELEASE --show-labels",
            next_upgrade: "Helm skips the record too. It takes an older revision for the newest one, or says that \
                the release has no deployed revision.",
        },
        HealthCode::NoBaseline => Text {
            meaning: "No revision of this release is deployed, so there is nothing to compare against.",
            arises: "The first installation failed, is pending or was interrupted, or the record of the deployed \
                revision was deleted.",
            example: "revision 1 is failed and no other revision exists",
            remedy: "See the other health entries for what happened to the newest revision. If the objects are in \
                use, fix the cause and install again; if not, uninstall the release.",
            next_upgrade: "With a failed newest revision Helm upgrades from that one. With a pending one it \
                refuses. helm upgrade --install behaves the same.",
        },
        HealthCode::FailedUpgrade => Text {
            meaning: "The newest revision failed. An older one still counts as deployed and is what driftline \
                compares against.",
            arises: "An object was refused, a hook failed, or waiting for readiness timed out. Some objects may \
                have been written before that; those differences carry the code half-upgraded.",
            example: "revision 8 failed on 2026-11-20; revision 7 is deployed",
            remedy: "Read why it failed, then either fix it and upgrade again or roll back.\n\
                $ helm status RELEASE -n NAMESPACE\n\
                $ helm history RELEASE -n NAMESPACE",
            next_upgrade: "It is accepted. Helm compares the deployed revision, not the failed one, with the new \
                manifest, so objects that only the failed revision created are forgotten; see leftover.",
        },
        HealthCode::FailedInstall => Text {
            meaning: "The first installation of this release failed. Part of its objects may exist.",
            arises: "An object was refused, a hook failed, or waiting for readiness timed out, and the \
                installation was not undone.",
            example: "revision 1 failed on 2026-11-20; 3 of 5 objects exist",
            remedy: "Fix the cause and upgrade, or uninstall and install again. Uninstalling deletes what exists, \
                which may include volumes with data.",
            next_upgrade: "It is accepted: with no deployed revision Helm upgrades from the failed one.",
        },
        HealthCode::InProgress => Text {
            meaning: "An operation on this release is pending and young enough to be running right now. What was \
                read may be half old and half new.",
            arises: "A helm install, upgrade or rollback was running during the scan.",
            example: "revision 8 is pending-upgrade for 40 s",
            remedy: "Wait and scan again. If it stays pending beyond the threshold, it is reported as stuck.",
            next_upgrade: "Helm refuses while the operation is pending: another operation is in progress.",
        },
        HealthCode::Stuck => Text {
            meaning: "An operation has been pending for longer than the threshold. Nobody seems to be working on \
                it any more, and it locks the release.",
            arises: "The Helm process was killed between writing the record and finishing: a cancelled CI job, an \
                evicted runner, a lost connection, a passed timeout of the pipeline itself.",
            example: "revision 8 is pending-upgrade for 3 h 12 min",
            remedy: "Make sure that no pipeline still runs. Then roll back to the deployed revision, which Helm \
                accepts in this state. If nothing was deployed yet, uninstall, or save and delete the pending \
                record. The advice beside the entry has the exact commands in that order.\n\
                $ helm rollback RELEASE REVISION -n NAMESPACE",
            next_upgrade: "It fails: another operation (install/upgrade/rollback) is in progress. A release that \
                is stuck in uninstalling can be uninstalled again.",
        },
        HealthCode::SeveralDeployed => Text {
            meaning: "More than one revision claims to be deployed. driftline, like Helm, takes the highest.",
            arises: "Two Helm operations ran at once, or Helm stopped before it marked the older revision as \
                superseded.",
            example: "revisions 6 and 7 are deployed; 7 is compared",
            remedy: "If the highest revision is the right one, the next successful upgrade goes on from it. Find \
                out what runs Helm twice: two pipelines, or a pipeline and a GitOps controller.",
            next_upgrade: "It works on the highest deployed revision.",
        },
        HealthCode::IdentityMismatch => Text {
            meaning: "The name, labels and content of a release record do not agree about which release and \
                revision it is.",
            arises: "The record was copied to another namespace, renamed, relabelled, or forged. Everything inside \
                a record can be written by whoever may write Secrets in its namespace.",
            example: "the Secret is named for release web, its payload says api",
            remedy: "Trust the API server's metadata, not the payload. Find out who wrote the record; audit logs \
                know. Delete a copy only after saving it.",
            next_upgrade: "Helm selects records by label and then believes the payload, so it may upgrade \
                something else than it was asked to.",
        },
        HealthCode::ApiRemoved => Text {
            meaning: "The manifest of the baseline names a kind at an API version that this API server does not \
                serve. The objects may be alive and well under a newer version.",
            arises: "The cluster was upgraded past the version, such as policy/v1beta1, or the custom resource \
                definition was removed.",
            example: "policy/v1beta1 PodDisruptionBudget is not served",
            remedy: "Rewrite the stored manifest to the version that is served, with the Helm plugin mapkubeapis \
                for instance, which saves the old record as another revision. Then deploy a chart that uses it.",
            next_upgrade: "It fails before anything is written, even if the new chart uses the right version: Helm \
                cannot build the objects of the deployed manifest.",
        },
        HealthCode::ChangedDuringScan => Text {
            meaning: "The newest revision of the release moved while driftline read it, so differences may come \
                from that and are not called drift.",
            arises: "An install, upgrade, rollback or uninstall ran at the same time as the scan.",
            example: "revision 7 was the newest when the scan began, 8 when it ended",
            remedy: "Scan again when the operation is over. If it happens at every scan, move one of the two to \
                another time.",
            next_upgrade: "It is not affected, unless the operation is still pending.",
        },
    }
}
