//! The words of a report that are no codes: verdicts, outcomes, severities, the effect of the next upgrade, and the terms
//! of its lines.
//!
//! Words of a vocabulary are matched exhaustively, so that a new one does not compile without its text. For the terms, the
//! tests of `tests/fast/explain.rs` look at what the program prints.

use super::group::Group;
use crate::vocabulary::{
    ApplyMethod, ChangeStatus, Ending, HealthSeverity, ManagingTool, NextUpgrade, Outcome, Severity, Stopped,
    Verdict,
};

/// The explanation of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The word as a report has it, and then other forms of it.
    pub names: &'static [&'static str],
    /// The part of a report that has it.
    pub group: Group,
    /// Its meaning in one line.
    pub meaning: &'static str,
    /// Everything else that a reader needs.
    pub details: &'static str,
}

/// Every word that is no code, by groups.
pub(super) fn all() -> impl Iterator<Item = Word> {
    let verdicts = Verdict::ALL.iter().map(|verdict| of_verdict(*verdict));
    let outcomes = Outcome::ALL.iter().map(|outcome| of_outcome(*outcome));
    let severities = Severity::ALL.iter().map(|severity| of_severity(*severity));
    let health = HealthSeverity::ALL
        .iter()
        .map(|severity| of_health_severity(*severity));
    let effects = NextUpgrade::ALL.iter().map(|next| of_next_upgrade(*next));
    let methods = ApplyMethod::ALL.iter().map(|method| of_apply_method(*method));
    let stops = Stopped::ALL.iter().map(|stopped| of_stop(*stopped));
    let tools = ManagingTool::ALL.iter().map(|tool| of_tool(*tool));
    let statuses = ChangeStatus::ALL.iter().map(|status| of_status(*status));
    let endings = Ending::ALL.iter().map(|how| of_ending(*how));
    verdicts
        .chain(IN_SYNC_BUT)
        .chain(outcomes)
        .chain(severities)
        .chain(health)
        .chain(effects)
        .chain(RECREATES)
        .chain(TERMS)
        .chain(methods)
        .chain(stops)
        .chain(tools)
        .chain(statuses)
        .chain(MEMORY)
        .chain(endings)
}

const fn of_status(status: ChangeStatus) -> Word {
    let (names, meaning, details): (&[_], _, _) = match status {
        ChangeStatus::New => (
            &["new"],
            "no earlier scan knew it, or it had come to an end",
            "It is told where scans remember earlier ones (`state`), and where a report is compared with an earlier one \
             (`--baseline`). Of a release whose memory was lost everything is new.",
        ),
        ChangeStatus::Changed => (
            &["changed since the last scan", "changed"],
            "earlier scans knew it, and it is another one now",
            "Its code, its severity, the live value or the value that the chart asks for is another one, or an operation \
             failed again. A value that is hidden is not compared.",
        ),
        ChangeStatus::Ongoing => (
            &["ongoing", "known", "still so"],
            "earlier scans knew it as it is",
            "The time is the earliest at which it is known to have been so: the last write of its field manager, the \
             operation of Helm that it is about, or the first scan that found it. The JSON report says which. What is \
             ongoing takes a line in the text report; `scan --all` tells it whole.",
        ),
    };
    Word {
        names,
        group: Group::Change,
        meaning,
        details,
    }
}

/// What else a report says of how something stands to earlier scans.
const MEMORY: [Word; 6] = [
    Word {
        names: &["keeps coming and going", "coming and going", "flapping"],
        group: Group::Change,
        meaning: "it came back at least twice within a week after scans had found it resolved",
        details: "Somebody or something makes the change and something else takes it back, each time anew: an autoscaler and \
            an upgrade, two pipelines, a person and a GitOps controller. Find both of the writers. Receivers are told once \
            that it is so, and not each time. In JSON it is flapping, which is absent where it is not so.",
    },
    Word {
        names: &["first seen", "firstSeen"],
        group: Group::Change,
        meaning: "the time of the first scan that found it",
        details: "It may have been so before that: since has the earliest time that is known. What was resolved and came back \
            is new, and first seen when it came back. It is in JSON only, and absent where scans remember nothing.",
    },
    Word {
        names: &["since", "managed-fields", "operation", "first-seen"],
        group: Group::Change,
        meaning: "the earliest time at which it is known to have been so",
        details: "In JSON, from says where the time was taken from: managed-fields is the last write of the field manager that \
            claims the field, operation is the operation of Helm that the entry is about, and first-seen is the first scan that \
            found it. A manager that has written another field since makes the time later than the change was.",
    },
    Word {
        names: &["resolved", "resolvedAt"],
        group: Group::Change,
        meaning: "an earlier scan found it and this one read the same part and did not",
        details: "How it ended stands beside it: it was reverted, adopted or upgraded, the object or the release is gone, it is \
            ignored, counts as info, or is over. What was not read is neither new nor resolved. resolvedAt is the first scan that \
            no longer found it.",
    },
    Word {
        names: &["baseline report", "--baseline", "accepted"],
        group: Group::Change,
        meaning: "an earlier JSON report whose drift --baseline accepts",
        details: "What it has is ongoing, and only what is new or changed since then fails the scan. It is another thing than the \
            baseline of a release, which is the deployed revision. Health is not accepted by it: --fail-on health still fails.",
    },
    Word {
        names: &["compared with", "comparedWith", "memory"],
        group: Group::Change,
        meaning: "the scan or the report that tells what is new",
        details: "scannedAt is when that scan began, and is absent where nothing was remembered. detail says how much is remembered \
            one by one: fields is everything; objects is every object, because there are too many findings; releases is every \
            release, because there are too many objects.",
    },
];

const fn of_ending(how: Ending) -> Word {
    let (names, details): (&[_], _) = match how {
        Ending::Reverted => (
            &[
                "reverted",
                "reverted to the chart's value",
                "in sync again",
                "the field is gone again",
                "the field is back",
                "the object is back",
                "the object is the release's again",
            ],
            "Somebody put it back, or an upgrade did. An object that was missing is there again, and what was added is gone.",
        ),
        Ending::Adopted => (
            &[
                "adopted",
                "adopted by an upgrade",
                "the chart no longer has the object",
            ],
            "A newer revision is deployed, and it asks for the value that lives, or no longer for the object that was missing: \
             the change is kept.",
        ),
        Ending::Upgraded => (
            &["upgraded", "in sync since an upgrade"],
            "A newer revision is deployed. The values are hidden or were not whole in the report, so that it is not known \
             which of the two gave way.",
        ),
        Ending::ObjectGone => (
            &["object-gone", "the object is gone"],
            "It was deleted, is being deleted, or names another owner now. Where the chart still asks for it, the report \
             has it in that state.",
        ),
        Ending::ReleaseGone => (
            &["release-gone", "the release is gone"],
            "The scan read all records where the release was, and it has none any more, or the newest one says that it was \
             uninstalled. A release that this scan did not look for is neither new nor resolved.",
        ),
        Ending::Ignored => (
            &["ignored now", "ignored"],
            "It may be as it was: the report counts it below the rule.",
        ),
        Ending::Expected => (
            &["expected", "counts as info now"],
            "The settings, or what is known of its writer, make it a finding of severity info.",
        ),
        Ending::Over => (&["over"], "The health entry that said so is gone."),
    };
    Word {
        names,
        group: Group::Change,
        meaning: how.message(),
        details,
    }
}

const fn of_verdict(verdict: Verdict) -> Word {
    let (names, meaning, details): (&[_], _, _) = match verdict {
        Verdict::Clean => (
            &["clean"],
            "every object of the release was read and matches",
            "It may still have findings of severity info, and health entries: a release can match what was deployed and \
             yet have failed.",
        ),
        Verdict::Drifted => (
            &["drifted"],
            "at least one object of the release differs from what Helm deployed",
            "The objects and their fields stand below, with what the next upgrade does to each of them.",
        ),
        Verdict::Incomplete => (
            &["incomplete"],
            "no drift was seen in the release, but not everything of it could be compared",
            "Objects that could not be read are unknown, with the reason beside each; a release of which no revision is \
             deployed, such as one whose first installation failed, has nothing to compare with. Incomplete is not \
             clean: drift may be in what was not compared.",
        ),
        Verdict::Unreadable => (
            &["unreadable"],
            "the record of the release itself could not be read",
            "Nothing is known of its objects. The health entry below, such as undecodable, says why.",
        ),
    };
    Word {
        names,
        group: Group::Verdict,
        meaning,
        details,
    }
}

/// The verdicts of a release that is clean and yet in a critical state.
const IN_SYNC_BUT: [Word; 3] = [
    Word {
        names: &["in sync, but failed"],
        group: Group::Verdict,
        meaning: "every object matches the deployed revision, and the newest operation failed",
        details: "The JSON report has the verdict clean and a critical health entry. Such a release is no drift, and \
            fails a scan only with --fail-on health or blocked.",
    },
    Word {
        names: &["in sync, but stuck"],
        group: Group::Verdict,
        meaning: "every object matches the deployed revision, and the newest operation is stuck",
        details: "The JSON report has the verdict clean and a critical health entry. Helm refuses the next upgrade until \
            the pending revision is out of the way; driftline diagnose prints how.",
    },
    Word {
        names: &["in sync, but critical"],
        group: Group::Verdict,
        meaning: "every object matches the deployed revision, and no operation on the release may succeed",
        details: "The JSON report has the verdict clean and a critical health entry, such as a record that is about to \
            outgrow what the API server stores. Such a release fails a scan only with --fail-on health or blocked.",
    },
];

const fn of_outcome(outcome: Outcome) -> Word {
    let (names, meaning, details): (&[_], _, _) = match outcome {
        Outcome::Clean => (
            &["clean"],
            "everything that was to be scanned was read and matches",
            "The exit status is 0.",
        ),
        Outcome::Drift => (
            &["drift"],
            "at least one release drifted",
            "The exit status is 1, or that of --exit-code-on-drift.",
        ),
        Outcome::Incomplete => (
            &["incomplete"],
            "no drift was seen, but not everything could be compared, or something that was named does not exist",
            "The exit status is 3. The errors of the report and the unknown objects say what is missing.",
        ),
        Outcome::Error => (
            &["error"],
            "the scan itself failed or ran out of time",
            "The exit status is 2. What had been read by then is in the report, and the rest is unknown.",
        ),
    };
    Word {
        names,
        group: Group::Outcome,
        meaning,
        details,
    }
}

const fn of_severity(severity: Severity) -> Word {
    let (names, meaning, details): (&[_], _, _) = match severity {
        Severity::Drift => (
            &["drift"],
            "the finding counts: its object and its release are drifted",
            "The settings change the severity of a code under severity.",
        ),
        Severity::Info => (
            &["info"],
            "the finding is worth knowing and is expected on a healthy cluster",
            "It makes neither its object nor its release drifted, and sends no notification.",
        ),
    };
    Word {
        names,
        group: Group::Severity,
        meaning,
        details,
    }
}

const fn of_health_severity(severity: HealthSeverity) -> Word {
    let (names, meaning, details): (&[_], _, _) = match severity {
        HealthSeverity::Info => (
            &["info"],
            "the health entry is worth knowing",
            "Nothing needs to be done now.",
        ),
        HealthSeverity::Warning => (
            &["warning"],
            "somebody should look at the release",
            "driftline diagnose prints the evidence and the commands.",
        ),
        HealthSeverity::Critical => (
            &["critical"],
            "the release cannot be relied on, or Helm refuses every operation on it",
            "It fails a scan only with --fail-on health or blocked. driftline diagnose prints the evidence and the commands.",
        ),
    };
    Word {
        names,
        group: Group::Severity,
        meaning,
        details,
    }
}

const fn of_next_upgrade(next: NextUpgrade) -> Word {
    let (names, meaning, details): (&[_], _, _) = match next {
        NextUpgrade::Revert => (
            &["reverts", "revert"],
            "Helm writes the deployed value back",
            "The live value is lost then: put it into the chart's values first if it is wanted. It holds for an upgrade \
             with the same chart and values; a chart that changes the field writes its new value.",
        ),
        NextUpgrade::Keep => (
            &["keeps", "keep"],
            "Helm leaves the live value as it is",
            "The difference outlasts the upgrade, because Helm does not look at this field: the chart does not set it, or \
             Helm compares only the old manifest with the new one (custom resources under client-side apply).",
        ),
        NextUpgrade::Conflict => (
            &["fails (conflict)", "fails", "conflict"],
            "the upgrade fails, because another manager owns a field of the object",
            "Server-side apply refuses the whole object where it would write over a field of another manager. Take the \
             field out of the chart, take the live value into it, have the other manager give the field up, or run the \
             upgrade with --force-conflicts, which takes the field back. nextUpgradeReason in JSON names the managers.",
        ),
        NextUpgrade::Becomes => (
            &["becomes", "become"],
            "the field has this value after the upgrade, and (absent) means that it is gone",
            "It is neither the live value nor that of the deployed revision: Helm's patch or the API server makes a third one \
             of them. In JSON the value is in becomes, and null says that the field is gone.",
        ),
        NextUpgrade::Refused => (
            &["fails (refused)", "refused"],
            "the upgrade fails, because Helm or the API server refuses the object by a rule",
            "Fields that cannot be changed once the object exists, and sizes that cannot shrink, are such rules. No field of \
             the object is written, and the upgrade ends as failed. nextUpgradeReason names the rule.",
        ),
    };
    Word {
        names,
        group: Group::NextUpgrade,
        meaning,
        details,
    }
}

/// What an upgrade does to objects, or to values of a chart that changes them.
const RECREATES: [Word; 5] = [
    Word {
        names: &["recreates", "recreate"],
        group: Group::NextUpgrade,
        meaning: "Helm creates the missing object again",
        details: "It has the deployed content then. Data of a deleted volume does not come back.",
    },
    Word {
        names: &["takes it over"],
        group: Group::NextUpgrade,
        meaning: "Helm writes the release's name and content to the object of somebody else",
        details: "Helm asks whose an object is only where the chart names it for the first time. With server-side apply the \
            upgrade fails instead where somebody else owns a field with another value.",
    },
    Word {
        names: &["refused (pending)"],
        group: Group::NextUpgrade,
        meaning: "Helm refuses every upgrade while an operation of the release is pending",
        details: "It is said of a release, in the table of -o wide. driftline diagnose tells how to end that.",
    },
    Word {
        names: &["may fail"],
        group: Group::NextUpgrade,
        meaning: "the upgrade fails, unless the templates render something else than the record has",
        details: "Such templates read live objects (lookup), render random values, the time or the revision, or could not be \
            looked into. It is said of a release, in the table of -o wide and by upgrade-blocked of severity info. It does not \
            count for --fail-on blocked.",
    },
    Word {
        names: &["not known"],
        group: Group::NextUpgrade,
        meaning: "what the upgrade does there cannot be foretold, for the reason beside it",
        details: "driftline predicts only what follows from the manifests, the live object and the rules of Helm and the \
            API server. A template that reads live objects by lookup, or renders random values, is a reason: it may render \
            something else than the record has. In JSON nextUpgrade is absent then, and nextUpgradeReason has the reason.",
    },
];

const fn of_apply_method(method: ApplyMethod) -> Word {
    let (names, meaning, details): (&[_], _, _) = match method {
        ApplyMethod::Csa => (
            &["csa", "client-side apply"],
            "Helm computes a patch and sends that",
            "Helm 3 always does, and Helm 4 with --server-side=false, or where a release was installed that way.",
        ),
        ApplyMethod::Ssa => (
            &["ssa", "server-side apply"],
            "Helm sends the manifest, and the API server merges it",
            "It is the default of Helm 4. The API server refuses to write fields that another manager owns.",
        ),
    };
    Word {
        names,
        group: Group::Term,
        meaning,
        details,
    }
}

const fn of_stop(stopped: Stopped) -> Word {
    let (names, meaning, details): (&[_], _, _) = match stopped {
        Stopped::Deadline => (
            &["deadline", "timeout"],
            "the time limit of the scan passed before everything was read",
            "It is that of --timeout. What was read is in the report, and the rest is unknown.",
        ),
        Stopped::Signal => (
            &["signal"],
            "the program was asked to stop before everything was read",
            "Somebody pressed Ctrl-C, or the pod was deleted. What was read is in the report, and the rest is unknown.",
        ),
    };
    Word {
        names,
        group: Group::Term,
        meaning,
        details,
    }
}

const fn of_tool(tool: ManagingTool) -> Word {
    let (names, details): (&[_], _) = match tool {
        ManagingTool::Flux => (
            &["flux", "HelmRelease"],
            "It is known by the labels helm.toolkit.fluxcd.io/name and namespace, or as the manager helm-controller. It undoes \
             what Helm's commands do: flux suspend helmrelease NAME -n NAMESPACE makes it wait. Drift is its concern only with \
             spec.driftDetection.mode, which is read where the account may (driftCorrection in JSON).",
        ),
        ManagingTool::ArgoCd => (
            &["argo-cd", "argocd", "Argo CD"],
            "It is known by the annotation argocd.argoproj.io/tracking-id, or as the manager argocd-controller; the label \
             app.kubernetes.io/instance proves nothing. It does not look at Helm's records, so a release that was handed over to \
             it stays at its last revision. argocd app set NAME --sync-policy none makes it wait. Whether its \
             Application heals itself is read where the account may (driftCorrection in JSON).",
        ),
        ManagingTool::Fleet => (
            &["fleet", "rancher"],
            "It is known by the annotation objectset.rio.cattle.io/id, or by its manager. A GitRepo waits with spec.paused.",
        ),
        ManagingTool::K3s => (
            &["k3s", "rke2", "HelmChart"],
            "It is known by the HelmChart that installs the release, where the account may list these in all namespaces, or as the \
             manager helm_v3, the program in its Jobs; with current versions of Helm that leaves no mark. A HelmChart with the \
             annotation helmcharts.helm.cattle.io/unmanaged is left alone.",
        ),
        ManagingTool::Terraform => (
            &["terraform", "opentofu"],
            "It is known by the name of its Helm provider as manager. terraform plan shows what the next apply changes.",
        ),
        ManagingTool::Pulumi => (
            &["pulumi"],
            "It is known by the name of its provider as manager. pulumi preview shows what the next update changes.",
        ),
        ManagingTool::Crossplane => (
            &["crossplane", "provider-helm"],
            "It is known by the name of its provider as manager. A Release with the annotation crossplane.io/paused waits.",
        ),
    };
    Word {
        names,
        group: Group::Term,
        meaning: tool.message(),
        details,
    }
}

/// A term and its explanation.
const fn term(names: &'static [&'static str], meaning: &'static str, details: &'static str) -> Word {
    Word {
        names,
        group: Group::Term,
        meaning,
        details,
    }
}

/// The terms of a report's lines.
const TERMS: [Word; 51] = [
    term(
        &["next upgrade", "nextUpgrade"],
        "what the next helm upgrade with the same chart and values does there",
        "It is simulated: Helm's patch or apply, and what the API server makes of it. The words that follow have explanations \
         of their own, such as reverts, keeps and fails. In JSON they are in nextUpgrade.",
    ),
    term(
        &["health"],
        "what is noteworthy about a release beyond its objects",
        "Each entry has a code, a severity and a message; driftline diagnose adds the evidence and the commands.",
    ),
    term(
        &["namespace"],
        "the namespace that the release installs into",
        "Where its records are in another one, the report says stored as.",
    ),
    term(
        &["release"],
        "an installation of a chart, by the name that Helm knows it by",
        "Helm keeps a record of each of its revisions in the cluster.",
    ),
    term(
        &["chart"],
        "the chart of the deployed revision, with its version",
        "It is that of the newest revision where none is deployed.",
    ),
    term(
        &["revision"],
        "the number of a revision: in a table, of the deployed one",
        "Every install, upgrade and rollback makes a new one.",
    ),
    term(
        &["last good revision", "last good", "good revision"],
        "the newest revision that worked and that nobody left by a rollback",
        "Its operation did not fail, and no rollback went away from it or from another one with the same manifest. Where the \
         deployed revision is the newest, it is the one before that has other objects; where a rollback made it, it is an \
         older one again, which the preview says. After an operation that failed it is the deployed one.",
    ),
    term(
        &["verdict"],
        "the answer for one release",
        "It is clean, drifted, incomplete or unreadable. A clean release that failed or is stuck says so in the text report.",
    ),
    term(
        &["worst finding", "who", "since"],
        "the gravest that there is to say of a release, its writer, and since when",
        "A number behind a plus says how many more there are. The writer is claimed. The time is that of the writer's last \
         write, or of Helm's newest operation.",
    ),
    term(
        &["in the cluster", "as in neither revision", "same in both"],
        "which revision each object is at, where the newest operation did not complete",
        "Neither means that it is like none of the two, or partly like the one and partly like the other.",
    ),
    term(
        &["closer to", "halfway", "half way", "at neither"],
        "how far an operation got that did not complete, by the objects that the two revisions differ in",
        "Halfway is as many at the one as at the other. driftline diagnose lists which objects are where.",
    ),
    term(
        &["managed by", "managed"],
        "the program that keeps the release as its own configuration says, by the marks on its objects",
        "Whoever may write to the objects may write such marks, so it is claimed. Before a command that changes the release, \
         driftline diagnose prints how to make the program wait, and says who undoes the change otherwise.",
    ),
    term(
        &["deployed"],
        "Helm's status of the revision that is installed",
        "Helm sets it when an installation, an upgrade or a rollback is complete. driftline compares with the newest one.",
    ),
    term(
        &["superseded"],
        "Helm's status of a revision that a newer one followed",
        "Its record stays for rollbacks, as many as --history-max allows.",
    ),
    term(
        &["failed"],
        "Helm's status of a revision whose operation failed",
        "Its objects may be applied in part. The revision before it stays deployed, if there is one.",
    ),
    term(
        &["pending-install"],
        "Helm's status of a release that is being installed",
        "It stays where Helm was killed. After scan.stuck_after it counts as stuck.",
    ),
    term(
        &["pending-upgrade"],
        "Helm's status of a revision that is being applied by an upgrade",
        "It stays where Helm was killed. After scan.stuck_after it counts as stuck.",
    ),
    term(
        &["pending-rollback"],
        "Helm's status of a revision that is being applied by a rollback",
        "It stays where Helm was killed. After scan.stuck_after it counts as stuck.",
    ),
    term(
        &["uninstalling"],
        "Helm's status of a release that is being deleted",
        "It stays where Helm was killed, or while objects are not gone. After scan.stuck_after it counts as stuck.",
    ),
    term(
        &["uninstalled"],
        "Helm's status of a release that was deleted with --keep-history",
        "It is meant to have no objects, so that nothing is compared. scan --orphans finds what is left.",
    ),
    term(
        &["forbidden"],
        "the account may not read it",
        "driftline rights lists the rights that are missing and prints the role for them.",
    ),
    term(
        &["not in order"],
        "the releases that are not clean, with those in a critical state",
        "A long report begins with the ten that are worst off; scan --summary lists all of them.",
    ),
    term(
        &["orphan"],
        "an object that Helm's metadata gives to a release without a record",
        "scan --orphans looks for them. The next upgrade of no release touches it, and helm uninstall cannot delete it.",
    ),
    term(
        &["orphaned"],
        "a release of which objects are left, and no record",
        "It was uninstalled and some objects were kept, or its records were deleted. scan --orphans lists the objects with \
         commands to adopt or delete them.",
    ),
    term(
        &["claimed"],
        "the writer gave this name itself, and nothing proves it",
        "It is the name of the field manager in the object's managed fields, which every client chooses for itself. The \
         API server's audit log has the user.",
    ),
    term(
        &["via"],
        "the writer used this subresource, such as scale or status",
        "A write via scale is how autoscalers and kubectl scale set a replica count.",
    ),
    term(
        &["baseline", "deployed revision", "deployed"],
        "the revision that live objects are compared with: the newest one that Helm calls deployed",
        "Its manifest is the desired state. A release without one has the health code no-baseline.",
    ),
    term(
        &["previous", "previous revision"],
        "the revision that was deployed before the baseline",
        "Its values tell a setting that an upgrade did not apply (not-applied, lingering) from one that somebody changed.",
    ),
    term(
        &["as in revision"],
        "the live value is that of this other revision",
        "The status of the revision follows where it failed or is pending.",
    ),
    term(
        &["also changed by revision"],
        "the baseline changed this field, too, from the value that is shown",
        "Whoever wrote the live value may have meant to change the old one.",
    ),
    term(
        &["in the same way", "in"],
        "these objects have the same findings with the same values",
        "They are shown once. The JSON report has each of them.",
    ),
    term(
        &["missing or not owned", "missing or not owned by this release"],
        "the object does not exist, or belongs to somebody else: the report does not say which",
        "A record can name any object of the cluster. In another namespace than the release's, a report does not tell \
         whether an object exists that is not provably the release's.",
    ),
    term(
        &["(redacted)", "redacted", "(parts redacted)", "parts redacted"],
        "the value, or a part of it, is a secret and is not shown",
        "Secrets are compared, so the difference is there. README has the rules under Redaction.",
    ),
    term(
        &["(absent)", "absent"],
        "the live object does not have this field",
        "On the left of the arrow: the deployed manifest does not set it.",
    ),
    term(
        &["(not set)", "not set"],
        "the deployed manifest does not set this field",
        "The live object has it: somebody added it, or an earlier revision set it.",
    ),
    term(
        &["long value, shown in part", "too large to show"],
        "the value is longer than what a report shows",
        "It was compared as a whole.",
    ),
    term(
        &["confirmed", "confirm", "confirmed (server dry run)"],
        "a dry run on the API server showed the same difference; of a preview, it came to what was foretold",
        "Dry runs are made with --confirm server. A preview goes by them where they come out otherwise.",
    ),
    term(
        &["not drift", "not drift (server dry run)"],
        "a dry run on the API server gave the live value, so the difference is none",
        "Admission completes the object in a way that the types do not tell. The finding has severity info.",
    ),
    term(
        &["not confirmed"],
        "the API server could not say by a dry run whether this is drift, or whether Helm's write works",
        "The account may not patch or create the kind, the server refused the manifest's object, or a webhook does not support \
         dry runs; in a preview also where the operation itself first writes what the object needs. The rest stays as it is.",
    ),
    term(
        &["matched nothing", "idle"],
        "an ignore rule covered no finding and no object",
        "It is mistaken or no longer needed. In a scan of a part of the cluster it is neither.",
    ),
    term(
        &["stored as"],
        "Helm keeps the records of this release in another place than usual",
        "By default they are Secrets in the namespace of the release.",
    ),
    term(
        &["no deployed revision"],
        "no record of the release has the status deployed",
        "The health code no-baseline has the details.",
    ),
    term(
        &["next step"],
        "the command that shows more of this release",
        "driftline prints commands and runs none.",
    ),
    term(
        &["DESTRUCTIVE"],
        "the command overwrites or deletes something",
        "It stands behind those that only read and those that save copies, and says what it changes.",
    ),
    term(
        &["blocked"],
        "the next upgrade of the release fails for certain, or a rollback fails or loses something",
        "The codes are upgrade-blocked of severity warning, rollback-blocked and rollback-loses. They fail a scan only with \
         --fail-on blocked.",
    ),
    term(
        &["hidden parts may differ"],
        "releases or objects are told as one, and values that the report hides or cuts could not be compared by its reader",
        "They look the same in everything that is shown. JSON has each by itself.",
    ),
    term(
        &["deletes"],
        "the operation that is previewed deletes the object",
        "Helm deletes what the manifest that it applies no longer has, unless the annotation helm.sh/resource-policy keeps it.",
    ),
    term(
        &["lookup"],
        "a function of templates that reads live objects of the cluster",
        "A chart keeps a generated password by it: the next upgrade renders the one that lives. Random values, the time and the \
         revision are other such sources. So the upgrade may write something else than the record has, and nothing is foretold there that rests on the record: the effect is not known, and an upgrade \
         that would fail only may fail.",
    ),
    term(
        &["note"],
        "something to bear in mind when reading the report",
        "A note changes neither the outcome nor the exit status.",
    ),
    term(
        &["error"],
        "something could not be read, or something that was named does not exist",
        "It makes the report incomplete, unless the whole scan failed.",
    ),
    term(
        &["stopped"],
        "the scan ended before everything was read",
        "The deadline passed, or the program was asked to stop. Releases that are not listed may have drifted.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::SinceSource;

    #[test]
    fn every_word_has_its_own_sentences() {
        for word in all() {
            let name = word.names[0];
            assert!(word.meaning.len() > 15 && word.details.len() > 15, "{name}");
            assert!(
                !word.meaning.ends_with('.') && word.details.ends_with('.'),
                "{name}"
            );
            for text in word.names.iter().chain([&word.meaning, &word.details]) {
                assert!(
                    text.is_ascii() && !text.contains("  ") && *text == text.trim(),
                    "{name}: {text}"
                );
            }
        }
    }

    /// The words of the contract are those of the text but for their inflection.
    #[test]
    fn every_word_of_the_contract_is_a_name() {
        fn names<T: Copy + ToString>(values: &[T], word: impl Fn(T) -> Word) {
            for value in values {
                let names = word(*value).names;
                assert!(
                    names.contains(&value.to_string().as_str()),
                    "{}: {names:?}",
                    value.to_string()
                );
            }
        }
        let explained = |name: &str| {
            let mut words = MEMORY.into_iter();
            words.find(|word| word.names.contains(&name)).unwrap()
        };
        names(Verdict::ALL, of_verdict);
        names(Outcome::ALL, of_outcome);
        names(Severity::ALL, of_severity);
        names(HealthSeverity::ALL, of_health_severity);
        names(NextUpgrade::ALL, of_next_upgrade);
        names(ApplyMethod::ALL, of_apply_method);
        names(Stopped::ALL, of_stop);
        names(ManagingTool::ALL, of_tool);
        names(ChangeStatus::ALL, of_status);
        names(Ending::ALL, of_ending);
        names(SinceSource::ALL, |_| explained("since"));
    }
}
