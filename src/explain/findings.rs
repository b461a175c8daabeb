//! The guidance on finding codes: everything that their messages leave out.

use super::Guidance;
use crate::vocabulary::FindingCode;

pub(super) const fn guidance(code: FindingCode) -> Guidance {
    match code {
        FindingCode::Changed => Guidance {
            details: "It is not the previous revision's value either, as far as that is known. If the last upgrade \
                changed the field too, the report says from which value.",
            arises: "A person or a program wrote the field after the deployment: kubectl edit, set, patch or scale, a \
                dashboard, a script, a controller.",
            remedy: "Find out whether the change is wanted. If it is, put it into the chart's values and deploy them, so \
                that it survives the next upgrade. If it is not, deploy the release again with the same chart and \
                values. The report names the field manager if managed fields have one; the API server's audit log has \
                the user.",
            next_upgrade: "Client-side apply, built-in kinds: Helm writes the deployed value back. Client-side apply, \
                custom resources: Helm compares only the old manifest with the new one, so the live value stays unless \
                the chart changes this field. Server-side apply: the upgrade fails with a conflict if another manager \
                owns the field, unless it is run with --force-conflicts.",
        },
        FindingCode::NotApplied => Guidance {
            details: "The deployed revision sets a new value. Helm's record says deployed, but the object still has the \
                value of the revision before.",
            arises: "Helm merged the old and the new manifest without looking at the live object (custom resources), an \
                admission webhook put the old value back, or the object was restored from a backup. Or two elements of a \
                list have the same merge key (two protocols of one port), which a strategic merge patch takes for one. \
                Or somebody put the old value back, and nothing proves it.",
            remedy: "Check first whether somebody went back to the old value on purpose, for instance during an \
                incident: the service may need it. If so, roll the release back, so that Helm's record matches. If not, \
                deploy again and check the field afterwards.",
            next_upgrade: "Client-side apply, built-in kinds: Helm writes the deployed value, but for list elements that \
                share their merge key with an earlier one. Client-side apply, custom resources: nothing happens unless the chart changes the field again, because the old and the new \
                manifest have the same value. Server-side apply: Helm writes the value, or the upgrade fails with a \
                conflict if another manager owns the field.",
        },
        FindingCode::Undone => Guidance {
            details: "The upgrade wrote the deployed value. Managed fields show it: Helm wrote the object in that upgrade \
                and no longer owns the field, and another writer followed after the end of the upgrade. If the field was \
                removed, no writer is known.",
            arises: "Somebody rolled back a single object without Helm, often during an incident: with kubectl rollout \
                undo, kubectl edit, or kubectl apply of an older manifest.",
            remedy: "Talk to the person who did it before you deploy again: the service may need the old value. If the \
                value has to stay, roll the release back, or put the value into the chart's values.",
            next_upgrade: "Client-side apply, built-in kinds: Helm writes the deployed value again. Client-side apply, \
                custom resources: the live value stays unless the chart changes the field again. Server-side apply: the \
                upgrade fails with a conflict if another manager owns the field, unless it is run with \
                --force-conflicts.",
        },
        FindingCode::Removed => Guidance {
            details: "",
            arises: "Somebody deleted the field, or replaced the object or the list around it. Managed fields do not \
                record removals, so the report names nobody.",
            remedy: "Deploy again to restore the field. If it disappears again, a controller or an admission webhook \
                removes it: look for one that writes this kind.",
            next_upgrade: "Client-side apply of built-in kinds, and server-side apply: the field comes back. Client-side \
                apply of custom resources: it stays absent unless the chart changes it.",
        },
        FindingCode::Lingering => Guidance {
            details: "An earlier revision set the field and the deployed revision does not, so a setting that the \
                chart dropped is still in effect. The report names the revision, if its record is still kept. Of a key \
                in data, Helm's ownership is enough: nothing there is a default. So it is of a key in a value that has \
                one owner as a whole, such as a Service's selector: Helm's patch merges its keys with those that \
                somebody added. Where a webhook may have added it too, in the templates of Pods and in custom \
                resources, that is info.",
            arises: "Helm did not remove the field: another manager owns it as well (server-side apply keeps it then), \
                it was written under another name (stringData), the upgrade that dropped it did not complete, somebody \
                set it again afterwards, or Helm took the object over from another release (--take-ownership).",
            remedy: "Remove the field by hand once you know that nothing needs it, or set the value that you want in \
                the chart. If it was dropped for security reasons, act now.",
            next_upgrade: "The field stays. Helm removes a field only in the upgrade that drops it from the manifest; \
                after that, neither the old nor the new manifest has it.",
        },
        FindingCode::HalfUpgraded => Guidance {
            details: "The difference comes from that upgrade or rollback and not from a person. It is info while the \
                operation may still be running.",
            arises: "An upgrade or rollback wrote some objects and then failed, timed out or was killed. Helm does not \
                undo these writes unless it runs with --rollback-on-failure (Helm 3: --atomic).",
            remedy: "Look at the release's health first: Helm refuses an upgrade while a revision is pending. Then choose \
                a direction: fix the cause and upgrade again, or roll back to the deployed revision. A rollback also \
                deletes objects that the failed revision created; an upgrade does not.",
            next_upgrade: "After a failed revision, Helm compares the deployed revision, the new manifest and the live \
                object: on built-in kinds it writes the new manifest's value. On custom resources under client-side \
                apply, the half-upgraded value stays unless the chart changes the field. While a revision is pending, \
                the upgrade fails: another operation is in progress.",
        },
        FindingCode::Pruned => Guidance {
            details: "The API server drops the field on every write, so it has never had any effect on this cluster.",
            arises: "A misspelt field in the chart, or a field of a newer Kubernetes version or of a newer custom resource \
                definition than the installed one.",
            remedy: "Correct the name in the chart, or upgrade the cluster or the custom resource definition. Check what \
                the setting was for: it is not in effect.",
            next_upgrade: "Helm sends the field, and the API server drops it again. Helm 4 asks for strict validation, \
                so its upgrade may fail instead.",
        },
        FindingCode::Added => Guidance {
            details: "It is not a default of the API server. Additions by programs under metadata have severity info, \
                because operators label and annotate the objects that they manage.",
            arises: "kubectl set env, label, annotate or edit, a dashboard, a script, or a program that driftline does \
                not know. driftline finds additions by managed fields, which name the writer of every field.",
            remedy: "If it is wanted, put it into the chart's values. If not, remove it by hand: deploying again does not \
                remove it. If one of your programs is meant to write it, add the program to managers.expected in the \
                settings, or ignore the path.",
            next_upgrade: "Mostly it stays, because Helm removes only what an earlier manifest had. The report says where it \
                does not: Helm replaces some values as a whole, and an addition to them goes with the old value; in \
                one that the API server treats as a whole, such as a Service's selector, it makes a server-side apply fail \
                with a conflict; and some fields go when another one that they depend on changes.",
        },
        FindingCode::Overwritten => Guidance {
            details: "The release's own records tell when its Helm was running: from a record's creation to its last \
                write, by the API server's clock. The write was at another time.",
            arises: "Two releases have the same object, often a custom resource definition, and overwrite each other's \
                values. Or a tool or a person used --field-manager=helm.",
            remedy: "Find the other release that has this object, and remove the object from one of the two. Until then, \
                every upgrade of one release overwrites the values of the other.",
            next_upgrade: "As for changed. Under server-side apply, Helm writes over the value if it was applied under \
                Helm's name; if it was updated under that name, the upgrade fails with a conflict.",
        },
        FindingCode::MutatedAtAdmission => Guidance {
            details: "Helm still owns the field: the API server records the owner before admission changes the value.",
            arises: "Policy engines that rewrite image registries, platforms that set resources or security contexts.",
            remedy: "Usually nothing: this is what the policy is for. To get rid of the finding, put the value that the \
                policy sets into the chart's values.",
            next_upgrade: "Where Helm sends the manifest's value again, the report says what its write makes of the field. \
                What admission makes of that write is not known before: a webhook that is called for updates changes it \
                again, one that is called for new objects only does not.",
        },
        FindingCode::Autoscaled => Guidance {
            details: "A HorizontalPodAutoscaler targets the object.",
            arises: "The chart sets replicas, and an autoscaler sets them as well.",
            remedy: "Leave replicas out of the chart for workloads with an autoscaler. Most charts do so when their \
                autoscaling option is enabled. The upgrade that takes the field out sets one replica, until the autoscaler \
                acts again, where Helm owns the field: always with client-side apply, and with server-side apply as long \
                as the autoscaler has not written it.",
            next_upgrade: "Client-side apply: Helm sets the chart's count, and the autoscaler raises it again; capacity \
                is lost in between. Server-side apply: the upgrade fails with a conflict.",
        },
        FindingCode::Restarted => Guidance {
            details: "The annotation in the Pod template holds the time of the restart.",
            arises: "kubectl rollout restart, or the same button in a dashboard.",
            remedy: "Nothing: the new Pods run what the chart sets.",
            next_upgrade: "The annotation stays, so the upgrade does not restart the Pods because of it.",
        },
        FindingCode::Resized => Guidance {
            details: "A PersistentVolumeClaim never shrinks.",
            arises: "A volume autoscaler enlarged a volume that was nearly full. If a person did it, the code is changed.",
            remedy: "Set the chart's size to the live size: with the old size, the next upgrade may fail.",
            next_upgrade: "The API server refuses to shrink a PersistentVolumeClaim, so an upgrade that writes the \
                chart's size fails.",
        },
        FindingCode::ControllerOwned => Guidance {
            details: "The report counts these findings and lists them only with --all.",
            arises: "On every healthy cluster: a controller writes the CA bundle of a webhook, the token of a \
                ServiceAccount, the revision number of a rollout. The known controllers and their fields are a list in \
                the program; managers.expected in the settings adds to it.",
            remedy: "Nothing, if you know the controller.",
            next_upgrade: "Fields that the chart does not set stay. Fields that it sets are written by Helm and then by \
                the controller again; under server-side apply, the upgrade can fail with a conflict.",
        },
        FindingCode::AlsoWritten => Guidance {
            details: "Nothing differs now, but two writers share the object.",
            arises: "Two releases have the same object with the same content; a GitOps tool corrects drift under Helm's \
                name; somebody used --field-manager=helm.",
            remedy: "Find the other writer before it writes a different value.",
            next_upgrade: "Nothing happens, because the values are the same.",
        },
    }
}
