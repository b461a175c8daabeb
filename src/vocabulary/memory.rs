//! The words for how a report stands to what earlier scans found.

vocabulary! {
    /// How something stands to what earlier scans knew of it.
    ChangeStatus {
        /// No earlier scan knew it, or it had come to an end.
        New = "new",
        /// It was known, and is another one now: another code, severity or value.
        Changed = "changed",
        /// It was known as it is.
        Ongoing = "ongoing",
    }
}

vocabulary! {
    /// What the time since which something is so was taken from.
    SinceSource {
        /// The last write of the field manager that claims the field.
        ManagedFields = "managed-fields",
        /// The newest operation of Helm, which the entry is about.
        Operation = "operation",
        /// The first scan that found it.
        FirstSeen = "first-seen",
    }
}

codes! {
    /// How something that earlier scans knew came to its end.
    Ending {
        Reverted = "reverted": "it is as the chart asks for again",
        Adopted = "adopted": "an upgrade made the chart ask for what lives",
        Upgraded = "upgraded": "it is in sync since an upgrade; whether the chart or the object gave way is not known",
        ObjectGone = "object-gone": "the object is gone, or no longer belongs to the release",
        ReleaseGone = "release-gone": "the release was uninstalled",
        Ignored = "ignored": "a rule or an annotation ignores it now",
        Expected = "expected": "it is still so, and counts as info now",
        Over = "over": "the condition of the release is over",
    }
}

vocabulary! {
    /// What a resolved entry was about.
    ResolvedKind {
        /// All that drifted in a release.
        Release = "release",
        /// A field of an object.
        Finding = "finding",
        /// The state of an object.
        Object = "object",
        /// The health of a release.
        Health = "health",
    }
}

vocabulary! {
    /// How much of what was found is remembered one by one.
    MemoryDetail {
        /// Every finding, object state and health entry.
        Fields = "fields",
        /// Every object and health entry: there are too many findings.
        Objects = "objects",
        /// Every release: there are too many objects.
        Releases = "releases",
    }
}
