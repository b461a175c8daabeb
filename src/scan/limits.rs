//! The limits on what a scan holds in memory, and on what one release may ask of it.
//!
//! A scan shall fit a pod of 256 MiB with any records and objects in the cluster. The limits below come to less than a
//! half of that: the rest is for the answers under way, whose limits `cluster` has, for values while they are compared, and
//! for the report as text.

/// What a scan may hold, in bytes unless it says otherwise. Sizes are estimates of what things take in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanLimits {
    /// The decoded manifests of one wave of releases: 600 of a dozen objects come to it. Two waves are held at once, one that
    /// is compared and the next; what fits into two is one. Waves cost little, because each goes on where the lists of the one
    /// before ended.
    pub wave_bytes: usize,
    /// The decoded manifests of one release, which is more than that: a release is refused only where it does not even fit
    /// alone.
    pub release_bytes: usize,
    /// The decoded manifests of the older revisions of one release, where they are read; of a few releases at once.
    pub older_bytes: usize,
    /// The objects that were read and wait to be compared.
    pub queue_bytes: usize,
    /// The values of all findings, with the patches. Of ordinary drift they are a few kilobytes.
    pub value_bytes: usize,
    /// The bodies of dry runs that wait to be made, as text. As values they take several times as much.
    pub check_bytes: usize,
    /// What is asked about the drift of one release, where the keys of values are asked for.
    pub question_bytes: usize,
    /// The same of all releases that are compared together.
    pub questions_bytes: usize,
    /// The reports of all objects, without values: about 100,000 objects.
    pub report_bytes: usize,
    /// How many requests for single objects a release may cause, whatever the size of its records: more than any chart
    /// needs that installs into a few namespaces.
    pub reads: usize,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self {
            wave_bytes: 12 << 20,
            release_bytes: 32 << 20,
            older_bytes: 4 << 20,
            queue_bytes: 8 << 20,
            value_bytes: 16 << 20,
            check_bytes: 4 << 20,
            question_bytes: 1 << 20,
            questions_bytes: 8 << 20,
            report_bytes: 40 << 20,
            reads: 1_000,
        }
    }
}

/// For how many bytes of its records a release may cause one more request. Charts that write objects into thousands of
/// namespaces need 17 bytes of a compressed record for each, and lists of all namespaces serve them; a record made to
/// cause requests needs 3.5.
const BYTES_PER_READ: u64 = 64;

impl ScanLimits {
    /// How many requests for single objects a release may cause whose records have so many bytes.
    pub(super) fn reads_of(&self, stored_bytes: u64) -> usize {
        let more = usize::try_from(stored_bytes / BYTES_PER_READ).unwrap_or(usize::MAX);
        self.reads.saturating_add(more)
    }
}
