//! The words for which key of a chart's values keeps what lives in a field, and for why none is named.

vocabulary! {
    /// Where the value of a key comes from that a release has now.
    ValueOrigin {
        /// The chart has it as a default.
        ChartDefault = "chart-default",
        /// Somebody set it for this release, by a file or a flag.
        SetByUser = "set-by-user",
        /// Nothing sets it.
        Unset = "unset",
    }
}

vocabulary! {
    /// How sure it is that a key makes the field what lives there.
    KeyCertainty {
        /// The chart's templates, evaluated with the key set, give the field this value.
        Verified = "verified",
        /// Its name and its value fit, and nothing was evaluated.
        ByName = "by-name",
    }
}

vocabulary! {
    /// What a rendering makes of a drifted field.
    CheckedOutcome {
        /// It has the value that lives.
        Agrees = "agrees",
        /// It has the value that was deployed.
        AsDeployed = "as-deployed",
        /// It has the value that was deployed, and the upgrade leaves what lives, which it does not write.
        Stays = "stays",
        /// It has another value than the one that lives, and the upgrade fails there: another manager owns the field, or Helm
        /// refuses the change.
        Fails = "fails",
        /// It has another value.
        Becomes = "becomes",
        /// The rendering has no such object any more.
        Gone = "gone",
        /// It is not known, because the field is too large or too costly to look at.
        Unknown = "unknown",
    }
}

codes! {
    /// Why no key of the values is named for a field.
    NoKeyReason {
        SetByChart = "set-by-chart": "the chart sets this itself, and no value of it does",
        Autoscaled = "autoscaled": "an autoscaler sets this replica count, so there is nothing to keep",
        HalfUpgraded = "half-upgraded": "a revision that was never deployed wrote it, and its own values keep it: helm get values --revision",
        NotInRecord = "not-in-record": "its template, or a template that this one includes, is of another chart, which the release record does not hold; --chart gives it",
        NotEvaluated = "not-evaluated": "the template makes it in a way that names no key, such as by a function or a condition",
        NoneFound = "none-found": "no key was found that adds it or takes it away",
        Differs = "differs": "the evaluated template gives something else than what was deployed",
        Ambiguous = "ambiguous": "several keys fit, and none better than the others",
        SeveralKeys = "several-keys": "several keys make this text together, and no single one gives what lives",
        NamesObjects = "names-objects": "the key also names objects, and with another name Helm would create others and delete these",
        MovesFixed = "moves-fixed": "its key also changes a field that the API server lets nobody change, such as a selector, so that the upgrade would fail",
        NotTogether = "not-together": "the chart or its JSON Schema refuses its key beside those of the other drifted fields",
        RefusedBySchema = "refused-by-schema": "the chart's JSON Schema refuses the value",
        NotKept = "not-kept": "evaluated with the key set, the template does not give what lives",
        Hidden = "hidden": "the key looks like a secret itself and is not shown",
        TooLarge = "too-large": "the chart, its values or the value that lives are too large to be looked into",
        Unreadable = "unreadable": "the chart in the release record could not be read",
        NotRecorded = "not-recorded": "the snapshot does not hold charts and values; snapshot --with-values takes one that does",
        NotReached = "not-reached": "the scan ended before the chart was read",
    }
}
