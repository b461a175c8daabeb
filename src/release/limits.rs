//! How much of a record is kept, and what is said of one that has more.

/// The longest name, version or other word in a record. Names in the API have at most 253 characters.
pub(super) const MAX_WORD: usize = 1024;

/// The longest manifest. The longest known one has 6 MiB.
pub(super) const MAX_MANIFEST: usize = 8 << 20;

/// How much of a description is kept: Helm puts whole error messages into it.
pub(super) const MAX_DESCRIPTION: usize = 64 << 10;

/// How many hooks a release has at most, and how many events and policies each; no known chart has thirty hooks.
pub(super) const MAX_HOOKS: usize = 1_000;
pub(super) const MAX_HOOK_WORDS: usize = 64;

pub(super) const LONG_WORD: &str = "a name in it has more than 1024 bytes";
pub(super) const LONG_MANIFEST: &str = "its manifest has more than 8 MiB";
pub(super) const LONG_HOOKS: &str = "its hooks have more than 8 MiB";
pub(super) const MANY_HOOKS: &str = "it has more than 1000 hooks";
pub(super) const MANY_HOOK_WORDS: &str = "a hook has more than 64 events or policies";
pub(crate) const MANY_FILES: &str = "its chart has more than 100000 files";
pub(super) const MANY_CRDS: &str = "its chart has more than 1000 definitions";

/// How many files a chart's `crds/` has at most.
pub(super) const MAX_CRDS: usize = 1_000;

/// How many files a chart has at most, its templates apart.
pub(crate) const MAX_FILES: usize = 100_000;

/// The messages of every limit in here.
pub(super) const LIMITS: [&str; 7] = [
    LONG_WORD,
    LONG_MANIFEST,
    LONG_HOOKS,
    MANY_HOOKS,
    MANY_HOOK_WORDS,
    MANY_CRDS,
    MANY_FILES,
];
