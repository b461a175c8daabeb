//! The texts of the finding codes.

use super::Text;
use crate::classify::code::FindingCode;

pub(super) const fn text(code: FindingCode) -> Text {
    match code {
        FindingCode::Changed => Text {
            meaning: "The live value is not the one that Helm deployed, and it is not the previous revision's \
                value either, as far as that is known.",
            arises: "Somebody or something wrote the field after the deployment: kubectl edit, set, patch or \
                scale, a dashboard, a script, a controller.",
            example: "/spec/template/spec/containers[name=app]/image nginx:1.25 → nginx:1.27",
            remedy: "Find out whether the change was meant. If it was, put it into the chart's values and deploy \
                it, so that it survives. If not, deploy the release again with the same chart and values. The \
                writer is named where managed fields know one; the API server's audit log knows the user.",
            next_upgrade: "Built-in kinds, client-side apply: the deployed value comes back. Custom resources, \
                client-side apply: Helm compares only the old manifest with the new one, so the live value stays \
                unless the chart changes this very field. Server-side apply: the upgrade fails with a conflict \
                while another manager owns the field, unless it is run with --force-conflicts.",
        },
        FindingCode::NotApplied => Text {
            meaning: "The baseline sets a new value, but the live object still has the value of the revision \
                before it. Helm says deployed; this field was not.",
            arises: "Either the write never arrived: the upgrade merged old and new without seeing it (custom \
                resources), an admission webhook put the old value back, or the object was restored from a backup. \
                Or somebody undid the change by hand after the upgrade, with kubectl rollout undo for instance.",
            example: "/spec/template/spec/containers[name=app]/image nginx:1.27 → nginx:1.25, as in revision 6",
            remedy: "Check whether somebody rolled back on purpose during an incident before you deploy again: \
                the old value may be what keeps the service up. If so, roll the release back as well, so that \
                Helm's record tells the truth. If not, deploy again and look at the field afterwards.",
            next_upgrade: "Built-in kinds, client-side apply: the baseline's value is written. Custom resources, \
                client-side apply: nothing happens unless the chart changes the field once more; old and new \
                manifest agree, so Helm sees no reason to write. Server-side apply: it is written, or the upgrade \
                fails with a conflict if another manager owns the field.",
        },
        FindingCode::Conflict => Text {
            meaning: "Three values disagree: the previous revision had one, the baseline sets another, and the \
                live object has a third.",
            arises: "The chart changed a field that somebody else changes too, before or after the upgrade. \
                Often two tools fight over it: an autoscaler and a replica count, an image updater and a tag.",
            example: "/spec/replicas 4 → 7, revision 6: 2",
            remedy: "Decide who owns the field. If the chart does, stop the other writer and deploy again. If the \
                other writer does, take the field out of the chart, or leave it to an ignore rule.",
            next_upgrade: "Client-side apply overwrites the live value on built-in kinds and keeps it on custom \
                resources. Server-side apply fails while another manager owns the field, unless forced. This code \
                is about three values; whether the upgrade itself will meet a conflict stands beside the finding.",
        },
        FindingCode::Removed => Text {
            meaning: "Helm deployed a field that the live object does not have.",
            arises: "Somebody deleted it, or replaced the object or a list around it. A removal leaves no trace \
                in managed fields, so nobody can be named.",
            example: "/spec/template/spec/containers[name=app]/resources/limits/memory 512Mi → (absent)",
            remedy: "Deploy again to restore it. If it disappears once more, a controller or an admission webhook \
                removes it: look for one that writes this kind.",
            next_upgrade: "Built-in kinds, client-side apply, and server-side apply: the field comes back. Custom \
                resources, client-side apply: it stays absent unless the chart changes it.",
        },
        FindingCode::Lingering => Text {
            meaning: "The previous revision set the field, the baseline no longer does, and the live object still \
                has the old value. What the chart dropped is still in force.",
            arises: "Helm could not remove it: another manager owns the field as well (server-side apply keeps it \
                then), the upgrade that should have removed it was partial, or it was put back afterwards.",
            example: "/spec/template/spec/hostNetwork (not set) → true, as in revision 6",
            remedy: "Remove the field by hand after checking that nobody relies on it, or have the chart set it to \
                the wanted value explicitly. Settings that were dropped for security deserve haste.",
            next_upgrade: "It stays. Helm removes a field only in the upgrade that drops it from the manifest; \
                from then on neither the old nor the new manifest mentions it.",
        },
        FindingCode::HalfUpgraded => Text {
            meaning: "The live value is that of a later revision that failed or is still pending. The difference \
                comes from that upgrade, not from a person.",
            arises: "An upgrade or rollback wrote some objects and then failed, timed out or was killed. Helm does \
                not undo what it has written unless it was asked to (--rollback-on-failure, formerly --atomic).",
            example: "/spec/replicas 2 → 4, as in revision 8 (failed)",
            remedy: "See the release's health first: a pending revision must be resolved before Helm accepts \
                another operation. Then go one way or the other: fix the cause and upgrade again, or roll back to \
                the baseline. A rollback also deletes what the failed revision created; an upgrade does not.",
            next_upgrade: "After a failed revision an upgrade compares the deployed revision with the new one and \
                the live object: on built-in kinds the new manifest's value is written. On custom resources under \
                client-side apply a half-upgraded value stays unless the chart changes the field. While a revision \
                is pending, Helm refuses: another operation is in progress.",
        },
        FindingCode::Pruned => Text {
            meaning: "The manifest sets a field that this API server does not know. It is dropped on every write, \
                so it has no effect and never had any on this cluster.",
            arises: "A typing mistake in the chart, or a field of a newer Kubernetes version or a newer custom \
                resource definition than the one installed.",
            example: "/spec/template/spec/hostUser \"true\" → (absent)",
            remedy: "Correct the name in the chart, or upgrade the cluster or the custom resource definition. \
                Somebody believed that this setting was in force.",
            next_upgrade: "The field is sent and dropped again. Helm 4 asks the server for strict validation and \
                may fail on it instead.",
        },
    }
}
