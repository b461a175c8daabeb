//! The guidance on object states: everything that their messages leave out.

use super::Guidance;
use crate::vocabulary::ObjectState;

pub(super) const fn guidance(state: ObjectState) -> Guidance {
    match state {
        ObjectState::InSync => Guidance {
            details: "It may still have findings of severity info. The report counts these objects and lists them only \
                with --all.",
            arises: "Every object is in sync after a successful deployment. Defaults that the API server fills in, and \
                fields that known controllers own, are not drift.",
            remedy: "Nothing needs to be done.",
            next_upgrade: "It changes only what the new chart changes.",
        },
        ObjectState::Drifted => Guidance {
            details: "The object exists and belongs to the release.",
            arises: "Somebody or something other than Helm wrote the object, or an upgrade was not applied in full. The \
                code of each finding says which.",
            remedy: "Go through the findings; driftline explain has a text for each code. The JSON report has a patch for \
                each object that restores the deployed values.",
            next_upgrade: "It depends on the field, on the kind, and on how Helm applies the release. The report says it \
                beside each finding.",
        },
        ObjectState::Missing => Guidance {
            details: "The release deployed the object. Only the API server's own not-found answer counts; an object that \
                could not be read is unknown. In another namespace than the release's, driftline does not tell whether \
                an object exists that is not owned by the release: it is reported as missing or not owned.",
            arises: "The object was deleted: by hand, by garbage collection of its owner, by a cleanup job, or with its \
                namespace before a partial restore.",
            remedy: "Find out why it was deleted before you restore it, because it may be deleted again. Deploying the \
                release again creates the object. Data in deleted volumes does not come back.",
            next_upgrade: "Helm creates it again from the new manifest.",
        },
        ObjectState::Terminating => Guidance {
            details: "driftline does not compare its fields.",
            arises: "The object has a finalizer, and the controller that should remove it is slow, broken or no longer \
                installed; or the deletion began moments ago.",
            remedy: "Find out which finalizers remain and why their controller does not remove them. Removing a finalizer \
                by hand skips its cleanup and can leave volumes or cloud resources behind.\n\
                $ kubectl get KIND NAME -n NAMESPACE -o jsonpath='{.metadata.finalizers}'",
            next_upgrade: "Helm patches the terminating object and reports success; the object disappears when its \
                finalizers are removed. Upgrade after it is gone.",
        },
        ObjectState::Foreign => Guidance {
            details: "An object of this kind and name exists. driftline neither compares nor shows its content. In another \
                namespace than the release's, it is reported as missing or not owned, without its owner.",
            arises: "Two releases render the same object, somebody deleted it and created it again by hand, or somebody \
                edited the label app.kubernetes.io/managed-by or the annotations meta.helm.sh/release-name and \
                meta.helm.sh/release-namespace.",
            remedy: "If two releases render it, remove it from one of them; until then, each upgrade of one overwrites \
                the other. If it was created by hand, compare it with the manifest and then hand it over to the \
                release:\n\
                $ kubectl label KIND NAME -n NAMESPACE app.kubernetes.io/managed-by=Helm --overwrite\n\
                $ kubectl annotate KIND NAME -n NAMESPACE meta.helm.sh/release-name=RELEASE \
                meta.helm.sh/release-namespace=RELEASE_NAMESPACE --overwrite",
            next_upgrade: "Helm checks ownership only of objects that are new in the manifest. This object is in the \
                deployed manifest already, so the upgrade takes it over without asking; under server-side apply it may \
                conflict with the manager that edited the metadata. helm uninstall deletes the object with Helm 3 and \
                leaves it with Helm 4. A new installation fails, because it cannot import the object.",
        },
        ObjectState::Leftover => Guidance {
            details: "No revision that is in use manages it. Objects with the annotation helm.sh/resource-policy: keep \
                are left on purpose and are not reported.",
            arises: "A failed upgrade created it, and a later one started again from the deployed revision. Or the chart \
                dropped or renamed it, and its deletion failed or was blocked, or somebody created it again.",
            remedy: "Check that nothing uses it, save it, and delete it. Old workloads still run, old Services still \
                route traffic, old Roles still grant rights.\n\
                $ kubectl get KIND NAME -n NAMESPACE -o yaml > NAME.yaml",
            next_upgrade: "It stays: an upgrade deletes only objects that the deployed manifest has and the new one does \
                not. If the new chart has it, Helm takes it over. A rollback from the failed revision deletes objects \
                that this revision created.",
        },
        ObjectState::Unknown => Guidance {
            details: "It may match, differ or not exist, so it counts neither as clean nor as drift. It makes the release \
                incomplete unless something else drifted. The reason is beside the object.",
            arises: "The account may not read the kind, the request timed out, or the API group does not answer or does \
                not serve the version. Or the object is made so that comparing it takes far more work than its size \
                explains.",
            remedy: "Grant get and list on the kind, repair the API service, or allow the scan more time. For a kind that \
                is not served in the manifest's version, see api-removed. An object that is too costly to compare is \
                for a person to look at: nobody writes one by mistake.\n\
                $ kubectl auth can-i list KIND -n NAMESPACE --as=system:serviceaccount:NAMESPACE:ACCOUNT",
            next_upgrade: "Unknown until the object has been read.",
        },
        ObjectState::Ignored => Guidance {
            details: "It is not drift. An object that opts out as a whole is ignored even if it matches. The report lists \
                ignored objects only with --all.",
            arises: "By a rule under ignore in the settings, or by the annotation that ignore_annotation names. The \
                report says which of them it was, and counts what each of them ignores.",
            remedy: "Look at what a rule ignores before you rely on it, and remove rules that match nothing.\n\
                $ driftline scan --config FILE --all",
            next_upgrade: "Ignore rules change only the report: Helm does the same as without them. The report says it \
                beside each finding.",
        },
    }
}
