//! The words of previews: what an operation of Helm comes to, what that rests on, and what becomes of objects and fields.

use super::group::Group;
use super::words::Word;
use crate::vocabulary::{PreviewAction, PreviewCause, PreviewEffect, PreviewOutcome};

/// Every word of previews, by groups.
pub(super) fn all() -> impl Iterator<Item = Word> {
    let outcomes = PreviewOutcome::ALL.iter().map(|outcome| of_outcome(*outcome));
    let causes = PreviewCause::ALL.iter().map(|cause| of_cause(*cause));
    let actions = PreviewAction::ALL.iter().map(|action| of_action(*action));
    let effects = PreviewEffect::ALL.iter().map(|effect| of_effect(*effect));
    outcomes.chain(causes).chain(actions).chain(effects)
}

const fn of_outcome(outcome: PreviewOutcome) -> Word {
    let (names, details): (&[_], _) = match outcome {
        PreviewOutcome::Works => (
            &["works"],
            "What only the server or the future knows is listed beside it.",
        ),
        PreviewOutcome::WorksBut => (
            &["works-but"],
            "The causes say what, the gravest first; the steps save and protect it before the command.",
        ),
        PreviewOutcome::Refused => (
            &["refused"],
            "There is no new revision, and no object is touched.",
        ),
        PreviewOutcome::LockLeft => (
            &["lock-left"],
            "The way out is another rollback, mostly with --no-hooks, or to delete the record of the pending revision.",
        ),
        PreviewOutcome::Failed => (
            &["failed"],
            "Nothing is deleted then. A rollback that fails so also marks the newest revision as superseded, and where that one \
             was deployed no revision is any more.",
        ),
        PreviewOutcome::Unknown => (
            &["unknown"],
            "The causes say what could not be read, or what only the API server decides.",
        ),
    };
    Word {
        names,
        group: Group::PreviewOutcome,
        meaning: outcome.message(),
        details,
    }
}

const fn of_cause(cause: PreviewCause) -> Word {
    let (names, details): (&[_], _) = match cause {
        PreviewCause::Record => (
            &["record"],
            "Without a number helm rollback takes the number of the newest revision less one, whatever became of that revision. The \
             last good revision is the newest one that worked, that no rollback went away from, and whose manifest is not that of \
             the deployed revision, where that is the newest.",
        ),
        PreviewCause::RecordRefused => (
            &["record-refused"],
            "Helm stores the record of the new revision first. A namespace that is being deleted, or a full quota of Secrets, \
             stops it there.",
        ),
        PreviewCause::Pending => (
            &["pending"],
            "helm upgrade refuses then. helm rollback does not, even while the other operation runs.",
        ),
        PreviewCause::KindNotServed => (
            &["kind-not-served"],
            "Helm builds every object of both manifests before it does anything else. A missing CustomResourceDefinition is not \
             created first, even if the manifest has it.",
        ),
        PreviewCause::Hook => (
            &["hook"],
            "Before a hook Helm deletes whatever has its name, unless the hook has delete policies without before-hook-creation: \
             then an object of that name makes the hook fail.",
        ),
        PreviewCause::Conflict => (
            &["conflict"],
            "With --force-conflicts Helm 4 takes the fields over. Client-side apply knows no conflicts.",
        ),
        PreviewCause::Ownership => (
            &["ownership"],
            "helm upgrade does not import an object whose annotations name another release, or none. helm rollback does not ask. \
             Manifests without any object of the release were mostly rendered with the name of another.",
        ),
        PreviewCause::Rule => (
            &["rule"],
            "Mostly a field that cannot be changed. No flag helps: set the live field back where it may change, or let Helm \
             create the object anew.",
        ),
        PreviewCause::Helm => (
            &["helm"],
            "A client-side rollback cannot take back a custom resource that the newest manifest does not have.",
        ),
        PreviewCause::Taken => (
            &["taken"],
            "Ports of nodes and addresses of Services are unique in a cluster.",
        ),
        PreviewCause::NamespaceGone => (
            &["namespace-gone"],
            "Helm creates no namespace that its chart does not have.",
        ),
        PreviewCause::Quota => (
            &["quota"],
            "Only what is created anew, or asks for more, needs room.",
        ),
        PreviewCause::Admission => (
            &["admission"],
            "Server-side apply sends every object, and client-side apply of built-in kinds only what differs.",
        ),
        PreviewCause::DeletesData => (
            &["deletes-data"],
            "With a Namespace everything in it goes, with a CustomResourceDefinition every object of its kind, with a volume \
             claim its data. The annotation helm.sh/resource-policy=keep on the live object prevents it.",
        ),
        PreviewCause::DeletesForeign => (
            &["deletes-foreign"],
            "Helm deletes what its new manifest no longer has without asking whose it is by now.",
        ),
        PreviewCause::Overwrites => (
            &["overwrites"],
            "A client-side rollback takes everything out of an object that only its target has and that the target does not say.",
        ),
        PreviewCause::TakesBack => (
            &["takes-back"],
            "The fields stand below with who wrote them and when. To keep a change, put it into the values of the chart.",
        ),
        PreviewCause::NotApplied => (
            &["not-applied"],
            "Client-side apply of custom resources writes only what differs between the two manifests.",
        ),
        PreviewCause::Terminating => (
            &["terminating"],
            "Helm writes an object that is being deleted like any other, and does not wait for finalizers.",
        ),
        PreviewCause::RunsAgain => (
            &["runs-again"],
            "A Job that finished may have been deleted since, by its ttlSecondsAfterFinished or by hand.",
        ),
        PreviewCause::NotUndone => (
            &["not-undone"],
            "A migration of a database that ran with a later revision has no way back by Helm.",
        ),
        PreviewCause::Leftover => (
            &["leftover"],
            "Helm looks at two manifests only, and failed revisions are in neither.",
        ),
        PreviewCause::Method => (
            &["method"],
            "Helm 4 takes the method of the record that it goes to. Helm 3 knows no method and drops it from records that it \
             writes again.",
        ),
        PreviewCause::Unread => (&["unread"], "With the right to read it, the preview can tell."),
    };
    Word {
        names,
        group: Group::PreviewCause,
        meaning: cause.message(),
        details,
    }
}

const fn of_action(action: PreviewAction) -> Word {
    let (names, meaning, details): (&[_], _, _) = match action {
        PreviewAction::Create => (&["create"], "Helm creates the object", "It does not exist."),
        PreviewAction::Change => (
            &["change"],
            "Helm changes the object, or the field",
            "Of a field it means that the two manifests differ there.",
        ),
        PreviewAction::Delete => (
            &["delete"],
            "Helm deletes the object",
            "The manifest that Helm starts from has it, and the one that it applies has not.",
        ),
        PreviewAction::Keep => (
            &["keep"],
            "Helm would delete the object, and its resource policy keeps it",
            "The annotation of the live object counts, not that of the manifest.",
        ),
        PreviewAction::None => (
            &["none", "leaves"],
            "Helm sends nothing, or nothing changes",
            "Fields that differ from the manifest may stand below it.",
        ),
        PreviewAction::Fail => (
            &["fail"],
            "the operation fails at the object, or because of the field",
            "Other objects that can be patched are patched all the same.",
        ),
        PreviewAction::NotReached => (
            &["not-reached"],
            "Helm does not come to the object",
            "A create that fails ends the work on objects; and nothing is deleted once anything failed.",
        ),
        PreviewAction::Unknown => (
            &["unknown"],
            "what becomes of the object, or the field, cannot be told",
            "The reason stands beside it.",
        ),
    };
    Word {
        names,
        group: Group::PreviewEffect,
        meaning,
        details,
    }
}

const fn of_effect(effect: PreviewEffect) -> Word {
    let (names, meaning, details): (&[_], _, _) = match effect {
        PreviewEffect::Change => (
            &["change"],
            "the two manifests differ in the field, and Helm writes the new value",
            "The values are those of now and of then.",
        ),
        PreviewEffect::TakeBack => (
            &["take-back"],
            "Helm takes a value back that somebody else wrote",
            "Who wrote it and when is claimed by the object's managed fields.",
        ),
        PreviewEffect::Survive => (
            &["survive"],
            "somebody else's value stays, because no manifest says anything about it",
            "Nothing takes it back until a manifest names the field.",
        ),
        PreviewEffect::Differ => (
            &["differ"],
            "the field differs from what Helm applies, and stays so",
            "The value of the manifest stands beside the live one.",
        ),
        PreviewEffect::Fail => (
            &["fail"],
            "the operation fails because of the field",
            "The reason stands beside it.",
        ),
        PreviewEffect::Unknown => (
            &["unknown"],
            "what becomes of the field cannot be told",
            "The reason stands beside it.",
        ),
    };
    Word {
        names,
        group: Group::PreviewEffect,
        meaning,
        details,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names stand twice, here and in the vocabulary.
    #[test]
    fn every_word_has_its_name_of_the_vocabulary() {
        let outcomes = PreviewOutcome::ALL.iter().map(|word| word.as_str());
        let causes = PreviewCause::ALL.iter().map(|word| word.as_str());
        let actions = PreviewAction::ALL.iter().map(|word| word.as_str());
        let effects = PreviewEffect::ALL.iter().map(|word| word.as_str());
        let expected: Vec<&str> = outcomes.chain(causes).chain(actions).chain(effects).collect();
        let names: Vec<&str> = all().map(|word| word.names[0]).collect();
        assert_eq!(names, expected);
    }
}
