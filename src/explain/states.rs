//! The texts of the states of objects.

use super::Text;
use crate::vocabulary::ObjectState;

pub(super) const fn text(state: ObjectState) -> Text {
    match state {
        ObjectState::InSync => Text {
            meaning: "Everything that Helm deployed for this object is there and has the deployed value. The \
                object may still carry notes of severity info.",
            arises: "This is how every object looks after a successful deployment. Defaults that the server fills \
                in, and fields that known controllers own, do not count as differences.",
            example: "in-sync Service shop/web, listed with --all only",
            remedy: "Nothing needs to be done. The summary counts these objects whether they are listed or not.",
            next_upgrade: "It changes what the new chart changes, and nothing else.",
        },
        ObjectState::Drifted => Text {
            meaning: "The object exists and belongs to the release, and at least one of its fields does not match \
                what Helm deployed. Each such field is a finding of its own.",
            arises: "By writes past Helm, or by an upgrade that was not applied in full. The code of each finding \
                says which.",
            example: "drifted Deployment shop/web, with changed /spec/replicas 3 → 5",
            remedy: "Go through the findings; driftline explain has a text for each code. The JSON report holds a \
                patch per object that restores the deployed values.",
            next_upgrade: "It depends on the field, on the kind and on how the release is applied, so it stands \
                beside each finding.",
        },
        ObjectState::Missing => Text {
            meaning: "The release deployed the object, and the API server says that it does not exist. Only a \
                clear not-found answer counts; an object that could not be read is unknown.",
            arises: "Somebody or something deleted it: by hand, through garbage collection of an owner, by a \
                clean-up job, or with its namespace and a partial restore.",
            example: "missing Service shop/web",
            remedy: "Find out why before restoring it, since what deleted it may do so again. Deploying the \
                release again creates it. Data in deleted volumes does not come back.",
            next_upgrade: "Helm creates it again from the new manifest.",
        },
        ObjectState::Terminating => Text {
            meaning: "The object was deleted and is not gone yet. Its fields are not compared any more.",
            arises: "A finalizer waits for a controller that is slow, broken or no longer installed; or the \
                deletion began moments ago.",
            example: "terminating Namespace pay-jobs: finalizer kubernetes",
            remedy: "See which finalizers remain and why their controller does not act. Removing a finalizer by \
                hand skips the clean-up that it stands for and can leave volumes or cloud resources behind.\n\
                $ kubectl get KIND NAME -n NAMESPACE -o jsonpath='{.metadata.finalizers}'",
            next_upgrade: "Helm patches the dying object as if nothing were wrong and reports success; the object \
                disappears when its finalizers are done. Upgrade after it is gone.",
        },
        ObjectState::Foreign => Text {
            meaning: "An object of that name exists, but its ownership metadata names another release, or none. \
                Its content is not compared and not shown.",
            arises: "Two releases render the same object, or it was deleted and created again by hand, or its \
                label app.kubernetes.io/managed-by or the annotations meta.helm.sh/release-name and \
                release-namespace were edited.",
            example: "foreign ConfigMap shop/settings: owned by release shop/api",
            remedy: "If two releases render it, give it to one of them; until then each upgrade of one undoes the \
                other. If it was created by hand, compare it with the manifest and then hand it over:\n\
                $ kubectl label KIND NAME -n NAMESPACE app.kubernetes.io/managed-by=Helm --overwrite\n\
                $ kubectl annotate KIND NAME -n NAMESPACE meta.helm.sh/release-name=RELEASE \
                meta.helm.sh/release-namespace=RELEASE_NAMESPACE --overwrite",
            next_upgrade: "Helm checks ownership only of objects that are new to the manifest. This one is in the \
                deployed manifest already, so the upgrade takes it over without asking; under server-side apply \
                it may meet a conflict with whoever edited the metadata. Uninstalling the release deletes the \
                object with Helm 3 and leaves it with Helm 4. A fresh installation fails: it cannot be imported.",
        },
        ObjectState::Leftover => Text {
            meaning: "The object belongs to a previous or a failed revision of the release, is not in the \
                baseline, and still exists. Nobody manages it any more.",
            arises: "A failed upgrade created it and a later one went on from the deployed revision. Or the chart \
                dropped or renamed it and its deletion failed, was blocked or was undone. Objects with the policy \
                helm.sh/resource-policy: keep are left on purpose and are not reported.",
            example: "leftover ConfigMap pay/ledger-old: created by revision 8, which failed",
            remedy: "Check that nothing uses it, save it, and delete it. Old workloads still run, old Services \
                still route, old roles still grant.\n\
                $ kubectl get KIND NAME -n NAMESPACE -o yaml > NAME.yaml",
            next_upgrade: "It stays: an upgrade deletes only what the deployed manifest names and the new one does \
                not. If the new chart names it, Helm adopts it. Rolling back from the failed revision deletes what \
                that revision created.",
        },
        ObjectState::Unknown => Text {
            meaning: "The object could not be read, so it may match, differ or not exist. It counts as neither \
                clean nor drifted, and it makes the release incomplete unless something else drifted.",
            arises: "The account may not read the kind, the request timed out, or the API group does not answer \
                or does not serve the version. The reason stands beside the object.",
            example: "unknown Secret shop/db: forbidden: cannot get secrets in namespace shop",
            remedy: "Grant get and list on the kind, repair the API service, or scan with more time. For a kind \
                that is not served at the version of the manifest see api-removed.\n\
                $ kubectl auth can-i list KIND -n NAMESPACE --as=system:serviceaccount:NAMESPACE:ACCOUNT",
            next_upgrade: "Nobody can say before the object has been read.",
        },
        ObjectState::Ignored => Text {
            meaning: "The object does not match what Helm deployed, and the ignore rules of the settings, or an \
                annotation that they allow, cover all of it. It does not count as drift. An object that opts out \
                as a whole is ignored even where it matches.",
            arises: "By a rule under ignore, or by the annotation that ignore_annotation names. The report says \
                which rule it was, and how much each of them leaves out.",
            example: "ignored Service shop/web: missing; ignored by rule 2",
            remedy: "See what a rule hides before trusting it, and remove the rules that match nothing.\n\
                $ driftline scan --config FILE --all",
            next_upgrade: "Ignoring is a matter of the report alone: Helm does what it would do anyway, which stands \
                beside each finding.",
        },
    }
}
