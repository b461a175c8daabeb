//! The words for which key of a chart's values keeps what lives, for why none is named, and for what a rendering makes of
//! drift.

use super::group::Group;
use super::words::Word;
use crate::vocabulary::{CheckedOutcome, KeyCertainty, NoKeyReason, ValueOrigin};

/// Every word about keys of values.
pub(super) fn all() -> impl Iterator<Item = Word> {
    let certainties = KeyCertainty::ALL.iter().map(|certainty| of_certainty(*certainty));
    let origins = ValueOrigin::ALL.iter().map(|origin| of_origin(*origin));
    let reasons = NoKeyReason::ALL.iter().map(|reason| of_reason(*reason));
    let outcomes = CheckedOutcome::ALL.iter().map(|outcome| of_outcome(*outcome));
    certainties
        .chain([TO_KEEP])
        .chain(origins)
        .chain(reasons)
        .chain(outcomes)
}

/// The line of the text report.
const TO_KEEP: Word = Word {
    names: &["to keep it", "values", "alsoChanges"],
    group: Group::Values,
    meaning: "the key of the chart's values that makes the next upgrade keep what lives",
    details: "scan --values, diagnose and values name it. driftline values RELEASE prints all keys of a release as YAML for \
        helm upgrade -f, and values --check says what a rendering with them makes of the drift. What the key also changes is \
        listed in JSON, in alsoChanges.",
};

const fn of_certainty(certainty: KeyCertainty) -> Word {
    let (names, meaning, details): (&[_], _, _) = match certainty {
        KeyCertainty::Verified => (
            &["verified"],
            "the chart's templates, evaluated with the key set, give the field the value that lives",
            "Without the key they give the deployed value. What else moves was found the same way.",
        ),
        KeyCertainty::ByName => (
            &["by-name", "by name only", "by name only, check first"],
            "the key fits the field, and a chart that sees the key was not evaluated",
            "The release record does not hold the templates of that chart, so that what else moves is not known; values --chart \
             gives them. Look at the rendering before an upgrade: values --check.",
        ),
    };
    word(names, meaning, details)
}

const fn of_origin(origin: ValueOrigin) -> Word {
    let (names, meaning, details): (&[_], _, _) = match origin {
        ValueOrigin::ChartDefault => (
            &["chart-default", "chart default"],
            "the key has its value from the chart",
            "It is new among the values that are given at an upgrade.",
        ),
        ValueOrigin::SetByUser => (
            &["set-by-user", "set by you"],
            "the key has its value from a file or a flag that was given to Helm",
            "The same file sets it again at the next upgrade: change it there, or give the printed values behind it.",
        ),
        ValueOrigin::Unset => (
            &["unset", "not set"],
            "neither the chart nor a file or flag sets the key",
            "The chart's templates look for it all the same.",
        ),
    };
    word(names, meaning, details)
}

const fn of_reason(reason: NoKeyReason) -> Word {
    let (names, details): (&[_], _) = match reason {
        NoKeyReason::SetByChart => (
            &["set-by-chart"],
            "The field is literal text of a template. To keep what lives, change the chart, or take it back.",
        ),
        NoKeyReason::Autoscaled => (
            &["autoscaled"],
            "The chart's key for the replica count would only set where the autoscaler begins.",
        ),
        NoKeyReason::HalfUpgraded => (
            &["half-upgraded"],
            "An upgrade failed or did not end, and left it. What that upgrade was given keeps it: helm get values \
             --revision prints that, and finishing the upgrade or rolling back ends the drift.",
        ),
        NoKeyReason::NotInRecord => (
            &["not-in-record"],
            "Helm stores the templates of the chart itself, and not those of the charts that it depends on. values --chart \
             takes the chart with its dependencies.",
        ),
        NoKeyReason::NotEvaluated => (
            &["not-evaluated"],
            "It calls a function that is not known here, or computes the value. A key is never guessed.",
        ),
        NoKeyReason::NoneFound => (
            &["none-found"],
            "Nothing in the manifest says which key a field would come from that is not there. Keys with names like those on \
             the way to the field were tried, and with none of them does the template give what lives.",
        ),
        NoKeyReason::Differs => (
            &["differs"],
            "The template asks the cluster, the time or chance, or is evaluated otherwise here than by Helm. What does not \
             reproduce the deployed value names no key.",
        ),
        NoKeyReason::Ambiguous => (
            &["ambiguous"],
            "The chart's values have several keys of such a name, or that would do it alike.",
        ),
        NoKeyReason::SeveralKeys => (
            &["several-keys"],
            "The text is put together of several values, and what lives differs in more than one of them. Where one \
             map holds these values and the text shows where each ends, they are set together.",
        ),
        NoKeyReason::NamesObjects => (
            &["names-objects"],
            "The value is part of a name of an object: another one makes another object, and Helm deletes the first.",
        ),
        NoKeyReason::MovesFixed => (
            &["moves-fixed"],
            "The template shows the value at such a field, too. The field can only be kept by hand, or with another object.",
        ),
        NoKeyReason::NotTogether => (
            &["not-together"],
            "Each of the keys is right by itself. Without those that are printed, this one can be set.",
        ),
        NoKeyReason::RefusedBySchema => (
            &["refused-by-schema"],
            "helm upgrade would refuse it, too (values.schema.json).",
        ),
        NoKeyReason::NotKept => (
            &["not-kept"],
            "A condition or another value decides about the field as well.",
        ),
        NoKeyReason::Hidden => (
            &["hidden"],
            "Names of keys pass the rules of redaction as values do.",
        ),
        NoKeyReason::TooLarge => (
            &["too-large"],
            "Reading and evaluating have limits, so that no release can keep a scan busy.",
        ),
        NoKeyReason::Unreadable => (
            &["unreadable"],
            "The record could not be read a second time, or has no chart as Helm writes it.",
        ),
        NoKeyReason::NotRecorded => (
            &["not-recorded"],
            "Charts and values may hold secrets, so that a snapshot has them only where somebody asked for it.",
        ),
        NoKeyReason::NotReached => (
            &["not-reached"],
            "The time limit passed, or somebody stopped the scan.",
        ),
    };
    word(names, reason.message(), details)
}

const fn of_outcome(outcome: CheckedOutcome) -> Word {
    let (names, meaning, details): (&[_], _, _) = match outcome {
        CheckedOutcome::Agrees => (
            &["agrees", "agrees with what lives"],
            "the rendering has the value that lives",
            "An upgrade to it takes nothing back there.",
        ),
        CheckedOutcome::AsDeployed => (
            &["as-deployed", "still has what was deployed"],
            "the rendering has the value that was deployed",
            "The values do not keep the field yet: an upgrade takes back what it writes there.",
        ),
        CheckedOutcome::Stays => (
            &["stays", "stays as it lives"],
            "the rendering has the value that was deployed, and the upgrade leaves the one that lives",
            "Helm writes only what the chart changes there, or fields that the manifest has; nothing has to be set.",
        ),
        CheckedOutcome::Fails => (
            &["fails", "fails there"],
            "the rendering has another value than the one that lives, and the upgrade fails at the field",
            "Another manager owns the field, which --force-conflicts takes back, or Helm refuses the change. preview upgrade \
             says which; take the field back by hand first, or make the rendering agree with it.",
        ),
        CheckedOutcome::Becomes => (
            &["becomes", "becomes another value"],
            "the rendering has neither the deployed value nor the one that lives",
            "The JSON report has the value, unless it is hidden.",
        ),
        CheckedOutcome::Gone => (
            &["gone", "is not in the rendering any more"],
            "the rendering does not have the object",
            "A value turns it off, or names it otherwise: an upgrade deletes it.",
        ),
        CheckedOutcome::Unknown => (
            &["unknown", "cannot be told"],
            "the field is too large or too costly to look at",
            "preview upgrade compares the whole object.",
        ),
    };
    word(names, meaning, details)
}

const fn word(names: &'static [&'static str], meaning: &'static str, details: &'static str) -> Word {
    Word {
        names,
        group: Group::Values,
        meaning,
        details,
    }
}
