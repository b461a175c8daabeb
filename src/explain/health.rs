//! The texts of the health codes.

use super::Text;
use crate::vocabulary::HealthCode;

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
        HealthCode::HalfUpgraded => Text {
            meaning: "The newest revision failed or is pending, and part of its objects are as it wants them. The entry \
                counts how many are at the new revision, how many at the deployed one and how many at neither, and \
                names what is not ready.",
            arises: "Helm writes objects one after the other. It was killed, or an object was refused, before it was \
                through; what came before stays as it is.",
            example: "of 5 objects that revision 8 changes, 3 are at revision 8, 1 at revision 7 and 1 at neither",
            remedy: "Go to the side that is closer and works: forward by fixing the cause and upgrading again, or back by \
                a rollback to the deployed revision. The entry about the failed or pending operation has the commands.",
            next_upgrade: "It writes every object again as the new chart wants it, and does not look at how far the last \
                one came. Objects that only the failed revision created are forgotten.",
        },
        HealthCode::HookFailed => Text {
            meaning: "A hook of the newest operation failed, and with it the operation.",
            arises: "The Job or Pod of the hook ended with an error, ran out of retries, or did not end in time.",
            example: "Job shop/web-migrate, a hook for pre-upgrade, failed",
            remedy: "Read what it said while its Pods are there, and mind that it may have done half of its work. After a \
                pre-hook nothing else was written; before a post-hook everything was.\n\
                $ kubectl logs job/NAME -n NAMESPACE --all-containers",
            next_upgrade: "Unless the hook's delete policy says otherwise, it deletes the old object of the hook before it \
                makes the new one, so what the old one said is lost then.",
        },
        HealthCode::HookRunning => Text {
            meaning: "A hook of the newest operation still runs. Helm may have given up on it long ago; the Job does not \
                know.",
            arises: "The hook takes longer than --timeout, or Helm was killed while it waited.",
            example: "Job shop/web-migrate, a hook for pre-upgrade, still runs, although Helm gave up",
            remedy: "Wait until it ends before doing anything else: a rollback or another upgrade beside a migration that \
                is still running can destroy data. Then upgrade with a longer --timeout.\n\
                $ kubectl wait --for=condition=complete job/NAME -n NAMESPACE --timeout=1h",
            next_upgrade: "It deletes the running Job and starts another one, unless the hook's delete policy says \
                otherwise.",
        },
        HealthCode::LeftoverObjects => Text {
            meaning: "Objects exist that carry this release's name and that its deployed revision does not have.",
            arises: "A failed upgrade created them, or an upgrade that should have deleted them did not get to it.",
            example: "ConfigMap shop/web-new belongs to revisions that are not deployed",
            remedy: "Look at what uses them, and delete them by hand if nothing does. A chart that has them again adopts \
                them. With --cleanup-on-fail Helm deletes what a failing upgrade created.",
            next_upgrade: "It leaves them, unless the new chart has them: then it takes them over.",
        },
        HealthCode::BlockedByFinalizer => Text {
            meaning: "An object of the release is being deleted and cannot go, because nobody takes its finalizers off.",
            arises: "The controller that serves the finalizer is gone, broken or slow; or an uninstall deleted the \
                controller before the objects that it has to clean up.",
            example: "Widget shop/web is being deleted for 3 d, and waits for widgets.example.com/cleanup",
            remedy: "Bring the controller back; it cleans up what the object stands for. Only if it is gone for good, \
                remove the finalizer by hand, and clean up by hand.\n\
                $ kubectl describe KIND NAME -n NAMESPACE",
            next_upgrade: "It can write an object that is being deleted and does not bring it back: it goes as soon as its \
                finalizers do, and the one after that creates it anew.",
        },
        HealthCode::HistoryBloat => Text {
            meaning: "The release keeps many revisions, or its records come near the limit of 1 MiB for a Secret.",
            arises: "--history-max 0 keeps everything. Large records come from large charts: a record holds all templates \
                and files of the chart, and the rendered manifest.",
            example: "40 revisions are kept, where Helm keeps 10 unless told otherwise",
            remedy: "Upgrade once with a limit; Helm deletes the older records then. Against large records only a smaller \
                chart helps: files that do not belong there, dashboards, definitions.\n\
                $ helm upgrade RELEASE CHART -n NAMESPACE --reuse-values --history-max 10",
            next_upgrade: "It fails with `Too long: must have at most 1048576 bytes` when the record does not fit, before \
                anything is written.",
        },
        HealthCode::OwnershipConflict => Text {
            meaning: "An object that the newest revision adds exists already and belongs to another release, or to none.",
            arises: "Two releases have an object of the same kind and name, or somebody created it by hand before the \
                chart had it.",
            example: "ConfigMap shop/web-settings exists and is not this release's: an upgrade that adds it refuses",
            remedy: "Find out who needs it. Rename it in one of the charts, or let this release take it over: with \
                --take-ownership (Helm 3.17 and later), or by its annotations and label.\n\
                $ kubectl annotate KIND NAME -n NAMESPACE --overwrite meta.helm.sh/release-name=RELEASE",
            next_upgrade: "It refuses before anything is written. Helm asks only about objects that the deployed revision \
                does not have: one of those that changed hands is taken back without a word.",
        },
        HealthCode::LeftoverHooks => Text {
            meaning: "Objects of hooks exist that the newest revision of the chart does not have any more. Said by driftline \
                diagnose only: they do no harm.",
            arises: "Helm deletes the object of a hook before it makes the next one of that name. When a chart drops or \
                renames a hook, nobody deletes its last object.",
            example: "left by hooks of older revisions: Job shop/web-migrate-v1",
            remedy: "Delete them once they have ended, or let Jobs expire by themselves: ttlSecondsAfterFinished.",
            next_upgrade: "It does not look at them.",
        },
        HealthCode::ChartCrdsChanged => Text {
            meaning: "Definitions in the chart's folder crds/ are not what they were in an older revision. Said by \
                driftline diagnose only, from the records: whether somebody has applied them is not looked at.",
            arises: "Helm installs the folder once and never upgrades it; charts of operators change it often.",
            example: "the chart's crds/widgets.yaml changed after revision 6, and Helm does not upgrade definitions",
            remedy: "Compare, read the chart's release notes, and apply them by hand.\n\
                $ helm show crds CHART | kubectl diff -f -\n\
                $ helm show crds CHART | kubectl apply --server-side -f -",
            next_upgrade: "It leaves the definitions as they are, and may use fields that they do not have: those are \
                dropped, or refused.",
        },
    }
}
