//! The guidance on health codes: everything that their messages leave out.

use super::Guidance;
use crate::vocabulary::HealthCode;

pub(super) const fn guidance(code: HealthCode) -> Guidance {
    match code {
        HealthCode::Undecodable => Guidance {
            details: "If it is the record of the deployed revision, the release cannot be compared. Where it says that the scan \
                ended before, nothing is known to be wrong with the record: scan again, with more time.",
            arises: "The Secret or ConfigMap was edited or cut off, restored incompletely, or written by a tool with a \
                format of its own. driftline also refuses records that exceed its limits of size, depth and expansion, and releases whose \
                manifests together do.",
            remedy: "Look at the record itself. helm history skips such records silently, so a release can look older \
                than it is. Restore the record from a backup; save a copy before you delete anything.\n\
                $ kubectl get secret -n NAMESPACE -l owner=helm,name=RELEASE --show-labels",
            next_upgrade: "Helm skips the record as well. It takes an older revision for the newest one, or says that the \
                release has no deployed revision.",
        },
        HealthCode::NoBaseline => Guidance {
            details: "",
            arises: "The first installation failed, is pending or was interrupted; a rollback failed; the release was \
                uninstalled with --keep-history; or the record of the deployed revision was deleted.",
            remedy: "The other health entries say what happened to the newest revision. If the objects are in use, fix \
                the cause and install or upgrade again; if not, uninstall the release.",
            next_upgrade: "Helm upgrades from the newest revision if that failed, and refuses if it is pending. helm \
                upgrade --install behaves the same.",
        },
        HealthCode::FailedUpgrade => Guidance {
            details: "driftline compares with the revision that is still deployed, if there is one.",
            arises: "The API server refused an object, a hook failed, or Helm waited too long for readiness. Some objects \
                may have been written before that; these differences have the code half-upgraded.",
            remedy: "Read why it failed. Then fix the cause and upgrade again, or roll back.\n\
                $ helm status RELEASE -n NAMESPACE\n\
                $ helm history RELEASE -n NAMESPACE",
            next_upgrade: "Helm accepts it. It compares the deployed revision with the new manifest, not the failed one, \
                and so forgets objects that only the failed revision created; see leftover.",
        },
        HealthCode::FailedInstall => Guidance {
            details: "Some of its objects may exist.",
            arises: "The API server refused an object, a hook failed, or Helm waited too long for readiness, and the \
                installation was not undone.",
            remedy: "Fix the cause and upgrade, or uninstall and install again. Uninstalling deletes the objects that \
                exist, which may include volumes with data.",
            next_upgrade: "Helm accepts it: without a deployed revision, it upgrades from the failed one.",
        },
        HealthCode::InProgress => Guidance {
            details: "What the pending revision explains is no drift: its values, the objects that it adds and those \
                that it deletes. All other differences are drift as usual.",
            arises: "helm install, upgrade, rollback or uninstall was running during the scan.",
            remedy: "Wait and scan again. An operation that stays pending for longer than stuck_after is reported as \
                stuck, and its differences are drift.",
            next_upgrade: "Helm refuses while the operation is pending: another operation is in progress.",
        },
        HealthCode::Stuck => Guidance {
            details: "The Helm process is probably gone, and the pending revision blocks upgrades.",
            arises: "The Helm process was killed after it wrote the record and before it finished: a cancelled CI job, an \
                evicted runner, a lost connection, a timeout of the pipeline. A rollback or an uninstallation whose hook fails stays \
                pending, too, and is stuck at once.",
            remedy: "Make sure that no pipeline is still running. Then roll back to the deployed revision, which Helm \
                accepts in this state. If no revision is deployed, uninstall the release, or save and delete the pending \
                record. driftline diagnose prints the commands, safest first.\n\
                $ helm rollback RELEASE REVISION -n NAMESPACE",
            next_upgrade: "It fails: another operation (install/upgrade/rollback) is in progress. A release that is stuck \
                in uninstalling can be uninstalled again.",
        },
        HealthCode::SeveralDeployed => Guidance {
            details: "driftline, like Helm, uses the highest of them.",
            arises: "Two Helm operations ran at the same time, or Helm stopped before it marked the older revision as \
                superseded.",
            remedy: "If the highest revision is the right one, the next successful upgrade starts from it. Find out what \
                runs Helm twice: two pipelines, or a pipeline and a GitOps controller.",
            next_upgrade: "It starts from the highest deployed revision.",
        },
        HealthCode::IdentityMismatch => Guidance {
            details: "It is not certain which revision is the deployed one, so the release counts as incomplete unless \
                objects drifted. A record that names another release or revision than its object is undecodable. \
                Of a release whose record claims to install into another namespace than the record's own, only \
                objects in the record's namespace are read and compared, and no commands are advised, unless \
                trusted_storage_namespaces in the settings lists the record's namespace. It is reported in the \
                record's namespace.",
            arises: "The record was copied to another namespace, renamed, relabelled or forged; or Flux keeps it in a \
                storageNamespace, or in the namespace of a HelmRelease with a targetNamespace. Everything inside a \
                record can be written by anybody who may write Secrets in its namespace.",
            remedy: "Trust the API server's metadata, not the content. The audit log has the user who wrote the record. \
                Save a copy before you delete it.",
            next_upgrade: "Helm selects records by label and then believes their content, so it may upgrade something \
                else than you asked for.",
        },
        HealthCode::ApiRemoved => Guidance {
            details: "The objects may still exist under a newer version. It is critical where every operation of Helm fails, because \
                the newest revision has the kind: a rollback and an uninstallation then leave the release pending. It is a \
                warning where another revision has it.",
            arises: "The cluster was upgraded past the version, such as policy/v1beta1, or the custom resource definition \
                was removed.",
            remedy: "Rewrite the stored manifest to a version that is served, for instance with the Helm plugin \
                mapkubeapis, which saves the change as another revision. Then deploy a chart that uses that version.",
            next_upgrade: "It fails before anything is written, even if the new chart uses the right version: Helm cannot \
                build the objects of the deployed manifest.",
        },
        HealthCode::ChangedDuringScan => Guidance {
            details: "Differences may come from that change, so the release counts as incomplete, even if objects drifted.",
            arises: "helm install, upgrade, rollback or uninstall ran at the same time as the scan.",
            remedy: "Scan again when the operation is over. If it happens at every scan, move the scan or the deployment \
                to another time.",
            next_upgrade: "It is not affected, unless the operation is still pending.",
        },
        HealthCode::HalfUpgraded => Guidance {
            details: "The entry counts the objects at the new revision, at the deployed one and at neither. driftline \
                diagnose names them, and those that are not ready.",
            arises: "Helm writes objects one after the other. It was killed, or the API server refused an object; objects \
                that were written before stay as they are.",
            remedy: "Go to the revision that is closer and works: forward, by fixing the cause and upgrading again, or \
                back, by a rollback to the deployed revision. The entry about the failed or pending operation has the \
                commands.",
            next_upgrade: "Helm writes every object again from the new chart, whatever the last operation completed. It \
                forgets objects that only the failed revision created.",
        },
        HealthCode::HookFailed => Guidance {
            details: "The operation failed with it.",
            arises: "The Job or Pod of the hook ended with an error, ran out of retries, or did not end in time.",
            remedy: "Read its logs while its Pods exist. The hook may have done part of its work. After a failed pre-hook, \
                no other object was written; before a post-hook, all objects were.\n\
                $ kubectl logs job/NAME -n NAMESPACE --all-containers",
            next_upgrade: "Helm deletes the hook's old object before it creates the new one, unless the hook's delete \
                policy says otherwise. The old logs are lost then.",
        },
        HealthCode::HookRunning => Guidance {
            details: "Helm may have given up long ago; the Job or Pod continues.",
            arises: "The hook takes longer than --timeout, or Helm was killed while it waited.",
            remedy: "Wait until the hook has ended before you do anything else: a rollback or another upgrade beside a \
                running migration can destroy data. Then upgrade with a longer --timeout.\n\
                $ kubectl wait --for=condition=complete job/NAME -n NAMESPACE --timeout=1h",
            next_upgrade: "Helm deletes the running Job or Pod and starts another one, unless the hook's delete policy says \
                otherwise.",
        },
        HealthCode::LeftoverObjects => Guidance {
            details: "They carry the release's ownership metadata, and the deployed manifest does not have them.",
            arises: "A failed upgrade created them, or an upgrade that should have deleted them did not complete.",
            remedy: "Find out what uses them, and delete them by hand if nothing does. A chart that has them again takes \
                them over. With --cleanup-on-fail, Helm deletes objects that a failing upgrade created.",
            next_upgrade: "They stay, unless the new chart has them: then Helm takes them over.",
        },
        HealthCode::BlockedByFinalizer => Guidance {
            details: "",
            arises: "The controller that serves the finalizer is gone, broken or slow; or an uninstall deleted the \
                controller before the objects that it has to clean up.",
            remedy: "Restore the controller, which then cleans up. Only if the controller is gone for good, remove the \
                finalizer by hand and clean up by hand.\n\
                $ kubectl describe KIND NAME -n NAMESPACE",
            next_upgrade: "Helm may write the terminating object, but this does not save it: the object disappears when \
                its finalizers are removed. The upgrade after that creates it again.",
        },
        HealthCode::HistoryBloat => Guidance {
            details: "A record must fit into one Secret, which holds 1 MiB.",
            arises: "--history-max 0 keeps all revisions. Large charts make large records: a record holds all templates \
                and files of the chart, and the rendered manifest.",
            remedy: "Against many revisions: upgrade once with a limit, and Helm deletes the older records. Against large \
                records only a smaller chart helps: move dashboards, definitions and unneeded files out of it.\n\
                $ helm upgrade RELEASE CHART -n NAMESPACE --reuse-values --history-max 10",
            next_upgrade: "If the record does not fit, it fails with `Too long: must have at most 1048576 bytes` before \
                anything is written.",
        },
        HealthCode::OwnershipConflict => Guidance {
            details: "",
            arises: "Two releases have an object of the same kind and name, somebody created it by hand before the chart \
                had it, or somebody edited its ownership metadata.",
            remedy: "Find out which release needs it. Rename it in one of the charts, or let this release take it over, \
                with --take-ownership (Helm 3.17 and later) or by its annotations and label.\n\
                $ kubectl annotate KIND NAME -n NAMESPACE --overwrite meta.helm.sh/release-name=RELEASE",
            next_upgrade: "If the deployed revision does not have the object, Helm refuses before anything is written. \
                If it does, Helm does not check the owner and overwrites the object.",
        },
        HealthCode::LeftoverHooks => Guidance {
            details: "They do no harm; only driftline diagnose reports them.",
            arises: "Helm deletes a hook's object before it creates the next one of that name. If a chart drops or renames \
                a hook, nothing deletes its last object.",
            remedy: "Delete the objects once they have ended, or set ttlSecondsAfterFinished, so that Jobs expire.",
            next_upgrade: "Helm does not look at them.",
        },
        HealthCode::ChartCrdsChanged => Guidance {
            details: "The entry compares the chart's crds/ folder in the release's records, and not the definitions in the \
                cluster. Only driftline diagnose reports it.",
            arises: "Helm installs the crds/ folder once and never upgrades it. Charts of operators change it often.",
            remedy: "Compare the definitions, read the chart's release notes, and apply them by hand.\n\
                $ helm show crds CHART | kubectl diff -f -\n\
                $ helm show crds CHART | kubectl apply --server-side -f -",
            next_upgrade: "Helm leaves the definitions as they are. The chart may use fields that they do not have, which \
                the API server then drops or refuses.",
        },
        HealthCode::MissingObjects => Guidance {
            details: "A scan tells of each such object by its state, missing. Only driftline diagnose, and a preview in JSON, have \
                this entry, where the newest operation completed, with the commands that create the objects again.",
            arises: "Somebody deleted the objects, or a program did, such as one that cleans up namespaces.",
            remedy: "If they are to exist, roll back to the same revision, or upgrade with the same chart and values; both also \
                write over other drift. If not, drop them from the chart.\n\
                $ helm rollback RELEASE REVISION -n NAMESPACE",
            next_upgrade: "Helm creates them again.",
        },
        HealthCode::UpgradeBlocked => Guidance {
            details: "It holds for an upgrade with the same chart and values, whether anything drifted or not. The evidence \
                names each field with its owner, or the rule. It is a warning where the upgrade fails for certain, and info \
                where it may fail: templates that read live objects by lookup, or render random values, the time or the \
                revision, may render something else. Only what fails for certain counts for --fail-on blocked.",
            arises: "Under server-side apply the chart sets a field that another manager owns with another value: a replica \
                count beside an autoscaler, an empty caBundle beside cainjector, imagePullSecrets beside a controller that \
                adds to them. Or the API server lets nobody change a field back: it cannot be changed once the object exists, \
                or only grow.",
            remedy: "Take the field out of the chart (most charts have a value for that), and Helm leaves it to its owner. If \
                the chart's value is to win, --force-conflicts takes the field over; its owner may write it again. No flag \
                helps against what a rule refuses: set the live field back by hand where it may change, or put the live value \
                into the chart's values.\n\
                $ kubectl get KIND NAME -n NAMESPACE -o yaml --show-managed-fields",
            next_upgrade: "It fails at these objects, writes the others, and ends as failed; with --rollback-on-failure Helm \
                rolls back then, which may fail in the same way. At the objects of which the entry says that it may fail, it \
                fails unless their templates render something else.",
        },
        HealthCode::RollbackBlocked => Guidance {
            details: "It holds for a rollback to the last revision that worked, as the cluster is now. The evidence names each \
                object with the reason, and says in which state the rollback leaves the release.",
            arises: "The cluster changed since that revision was deployed: a field that cannot be changed back, a kind that is no \
                longer served, a port that is taken, a field that another manager owns.",
            remedy: "Look at the whole preview while there is time, and mend what it names.\n\
                $ driftline preview rollback RELEASE -n NAMESPACE",
            next_upgrade: "An upgrade goes from the deployed manifest to a new one, and may work where the rollback fails.",
        },
        HealthCode::RollbackLoses => Guidance {
            details: "It holds for a rollback to the last revision that worked, as the cluster is now. The rollback itself works.",
            arises: "Helm deletes what only the newest manifest has, without asking whose it is by now: a volume claim goes with \
                its data, a namespace or a definition with everything in it.",
            remedy: "Save copies, or mark what has to stay.\n\
                $ driftline preview rollback RELEASE -n NAMESPACE\n\
                $ kubectl annotate KIND NAME -n NAMESPACE helm.sh/resource-policy=keep",
            next_upgrade: "An upgrade keeps what its manifest names.",
        },
    }
}
