//! The texts of the finding codes.

use super::Text;
use crate::vocabulary::FindingCode;

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
                Or somebody put the old value back and the managed fields do not prove it.",
            example: "/spec/template/spec/containers[name=app]/image nginx:1.27 → nginx:1.25, as in revision 6",
            remedy: "Check whether somebody rolled back on purpose during an incident before you deploy again: \
                the old value may be what keeps the service up. If so, roll the release back as well, so that \
                Helm's record tells the truth. If not, deploy again and look at the field afterwards.",
            next_upgrade: "Built-in kinds, client-side apply: the baseline's value is written. Custom resources, \
                client-side apply: nothing happens unless the chart changes the field once more; old and new \
                manifest agree, so Helm sees no reason to write. Server-side apply: it is written, or the upgrade \
                fails with a conflict if another manager owns the field.",
        },
        FindingCode::Undone => Text {
            meaning: "The upgrade wrote the baseline's value, and somebody put the previous revision's value back \
                afterwards.",
            arises: "Somebody rolled one object back without Helm during an incident, with kubectl rollout undo, edit \
                or apply of an older manifest. The managed fields name a writer and a time after the upgrade; \
                they name nobody where a new field was removed again.",
            example: "/spec/template/spec/containers[name=app]/image nginx:1.27 → nginx:1.25, as in revision 6",
            remedy: "Ask whoever did it before you deploy again: the old value may be what keeps the service up. If \
                it has to stay, roll the release back as well, or put the value into the chart's values.",
            next_upgrade: "Built-in kinds, client-side apply: the baseline's value is written again. Custom resources, \
                client-side apply: the live value stays unless the chart changes the field once more. Server-side \
                apply: the upgrade fails with a conflict while the other manager owns the field, unless forced.",
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
        FindingCode::Added => Text {
            meaning: "Somebody else put this into the object. The chart does not ask for it, and the server does not \
                fill it in.",
            arises: "kubectl set env, label, annotate or edit, a dashboard, a script, or a program that driftline does \
                not know. It is found by managed fields, which name the writer of every field. Additions by programs \
                under metadata count as info: operators label and annotate what they look after.",
            example: "/spec/template/spec/containers[name=app]/env[name=DEBUG] (not set) → {\"name\":\"DEBUG\", …}",
            remedy: "If it is wanted, put it into the chart's values. If not, remove it by hand: deploying again does \
                not. If a program of yours is right to write it, name the program under managers.expected in the \
                settings, or ignore the path.",
            next_upgrade: "It stays: Helm removes only what an earlier manifest asked for. One exception: in a value \
                that the API server knows only as a whole, such as a Service's selector, it makes a server-side apply \
                fail with a conflict.",
        },
        FindingCode::Overwritten => Text {
            meaning: "The live value differs, and it was written under Helm's name at a time when this release's Helm \
                was not at work. It was another Helm, a tool that calls itself so, or a person.",
            arises: "Two releases hold the same object, mostly a custom resource definition, and overwrite each other. \
                Or somebody used --field-manager=helm. The release's own record proves when its Helm was at work: \
                from the record's creation to its last write, on the API server's clock.",
            example: "/spec/scope Namespaced → Cluster, by helm, 2026-11-20 03:12 (claimed)",
            remedy: "Find the other release that has this object and give it to one of them. Until then every upgrade \
                of either takes it away from the other.",
            next_upgrade: "As for changed. Under server-side apply a write by the same manager name is no conflict if \
                it was an apply, and is written over; if it was an update, it is one.",
        },
        FindingCode::MutatedAtAdmission => Text {
            meaning: "Helm wrote this field in its own operation, and still owns it, but the cluster holds another \
                value: an admission webhook or plug-in changed it on the way in.",
            arises: "Policy engines that rewrite image registries, platforms that set resources or security contexts. \
                Ownership is noted before admission runs, so that Helm keeps it.",
            example: "/spec/template/spec/containers[name=app]/image docker.io/app:1 → mirror.example.com/app:1",
            remedy: "Usually nothing: it is what the policy is for. To silence it, write what the policy makes of it \
                into the chart's values.",
            next_upgrade: "Helm writes its value and admission changes it again.",
        },
        FindingCode::Autoscaled => Text {
            meaning: "A HorizontalPodAutoscaler targets the object and chose another replica count than the chart.",
            arises: "The chart sets replicas and an autoscaler does as well.",
            example: "/spec/replicas 2 → 5, kube-controller-manager via scale",
            remedy: "Leave replicas out of the chart where an autoscaler is in charge. Most charts do so once their \
                autoscaling is enabled.",
            next_upgrade: "Client-side apply sets the chart's count, and the autoscaler raises it again: capacity is \
                lost in between. Server-side apply fails with a conflict.",
        },
        FindingCode::Restarted => Text {
            meaning: "Somebody restarted the workload. The only trace is an annotation with the time, in the template \
                of its Pods.",
            arises: "kubectl rollout restart, or the same in a dashboard.",
            example: "/spec/template/metadata/annotations[\"kubectl.kubernetes.io/restartedAt\"]",
            remedy: "Nothing: the new Pods run what the chart asks for.",
            next_upgrade: "The annotation stays, so that the upgrade restarts nothing.",
        },
        FindingCode::Resized => Text {
            meaning: "A PersistentVolumeClaim asks for more storage than the chart, and a program wrote it so. Claims \
                only ever grow.",
            arises: "A volume autoscaler found the disk full. Where a person did it, the finding is changed.",
            example: "/spec/resources/requests/storage 10Gi → 20Gi",
            remedy: "Set the chart's size to the live one: with the old one the next upgrade may fail.",
            next_upgrade: "The API server refuses to shrink a claim, so an upgrade that writes the chart's size fails.",
        },
        FindingCode::ControllerOwned => Text {
            meaning: "A known controller wrote what it is there to write: the certificate authority of a webhook, the \
                tokens of a service account, the number of a rollout.",
            arises: "On every healthy cluster. Such findings are counted, and listed with --all only. The list of \
                controllers and places is part of the program; managers.expected in the settings adds to it.",
            example: "/webhooks[name=a.example.com]/clientConfig/caBundle (not set) → LS0t…, cainjector",
            remedy: "Nothing, as long as you know the controller.",
            next_upgrade: "What the chart does not set stays. What it sets is written, and then the controller writes \
                again; under server-side apply the upgrade can fail with a conflict.",
        },
        FindingCode::AlsoWritten => Text {
            meaning: "Somebody wrote this object under Helm's name while this release's Helm was not at work. Nothing \
                differs now, but two writers share the object.",
            arises: "Two releases hold the same object with the same contents; a GitOps tool that repairs drift under \
                Helm's name; --field-manager=helm used by hand.",
            example: "/ by helm, 2026-11-20 03:12 (claimed)",
            remedy: "Find the other writer before it writes something else.",
            next_upgrade: "Nothing differs, so nothing happens.",
        },
    }
}
