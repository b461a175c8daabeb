//! The objects for which older revisions are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::object::ObjectKey;
use crate::release::history::History;

/// The reason on an object that was to be compared with older revisions when the scan ended.
pub(super) const UNFINISHED: &str = "the scan ended before what older revisions left behind was looked for";

/// The objects of one release that older revisions may explain.
pub(super) struct OlderWanted {
    /// The position of the release.
    pub(super) release: usize,
    pub(super) history: Arc<History>,
    /// The namespace that its records say it installs into.
    pub(super) installs_into: String,
    pub(super) objects: BTreeMap<ObjectKey, ObjectWanted>,
}

/// One such object.
pub(super) struct ObjectWanted {
    /// Its position in the release.
    pub(super) position: usize,
    /// The bodies that it was compared with: the same again adds nothing.
    pub(super) bodies: Vec<Arc<str>>,
}
