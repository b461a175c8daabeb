//! The words of previews: what an operation of Helm comes to, and what it does to objects and fields.

vocabulary! {
    /// An operation of Helm that is previewed.
    PreviewedOperation {
        /// `helm rollback`.
        Rollback = "rollback",
        /// `helm upgrade`.
        Upgrade = "upgrade",
    }
}

codes! {
    /// What an operation of Helm comes to, as far as the cluster tells before.
    PreviewOutcome {
        Works = "works": "it succeeds, and nothing of it is a surprise",
        WorksBut = "works-but": "it succeeds, and something is lost, taken back or left as it is",
        Refused = "refused": "Helm refuses it and changes nothing",
        LockLeft = "lock-left": "it fails and leaves a pending revision behind, which makes Helm refuse upgrades",
        Failed = "failed": "it fails half-way: some objects are written, and the newest revision is failed",
        Unknown = "unknown": "it cannot be told, because something could not be read",
    }
}

vocabulary! {
    /// What an operation of Helm does to an object.
    PreviewAction {
        /// Helm creates it.
        Create = "create",
        /// Helm changes it.
        Change = "change",
        /// Helm deletes it.
        Delete = "delete",
        /// Helm leaves it where it would delete it, because of its resource policy.
        Keep = "keep",
        /// Helm sends nothing, or what it sends changes nothing.
        None = "none",
        /// The operation fails at it.
        Fail = "fail",
        /// Helm does not get so far.
        NotReached = "not-reached",
        /// It cannot be told.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// What an operation of Helm does to a field.
    PreviewEffect {
        /// The two manifests differ there, and Helm writes the new one's value.
        Change = "change",
        /// Helm takes a value back that somebody else wrote.
        TakeBack = "take-back",
        /// Somebody else's value stays, and no manifest says anything about it.
        Survive = "survive",
        /// The field differs from what Helm applies, and stays so.
        Differ = "differ",
        /// The operation fails because of the field.
        Fail = "fail",
        /// It cannot be told.
        Unknown = "unknown",
    }
}

codes! {
    /// What the outcome of an operation rests on.
    PreviewCause {
        Record = "record": "a record that Helm needs is missing or cannot be decoded",
        RecordRefused = "record-refused": "the API server does not take the record of the new revision",
        Pending = "pending": "another operation is pending, or left a lock",
        KindNotServed = "kind-not-served": "the API server does not serve a kind that a manifest names",
        Hook = "hook": "a hook of the operation fails, deletes something, or may do so",
        Conflict = "conflict": "another manager owns fields that Helm would write",
        Ownership = "ownership": "an object that is new to the release exists already and is not its own, or manifests may be another release's",
        Rule = "rule": "the API server refuses an object by a rule",
        Helm = "helm": "Helm's own patch of an object cannot work",
        Taken = "taken": "another object has the port or the address",
        NamespaceGone = "namespace-gone": "the namespace of an object does not exist, or is being deleted",
        Quota = "quota": "a quota leaves no room for an object",
        Admission = "admission": "a policy or a webhook may refuse objects",
        DeletesData = "deletes-data": "data, or everything within an object, is deleted",
        DeletesForeign = "deletes-foreign": "an object is deleted that another release or nobody of this release owns",
        Overwrites = "overwrites": "what others own is overwritten",
        TakesBack = "takes-back": "changes that somebody made by hand are taken back",
        NotApplied = "not-applied": "something differs from what Helm applies, and stays so",
        Terminating = "terminating": "an object is being deleted, or will hang while it is deleted",
        RunsAgain = "runs-again": "a Job that has run is created and runs again",
        NotUndone = "not-undone": "a hook that ran is not undone",
        Leftover = "leftover": "objects stay that no manifest names",
        Method = "method": "Helm applies the objects by another method than before",
        Unread = "unread": "something could not be read",
    }
}
