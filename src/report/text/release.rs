//! The block of one release by itself, for formats that have a place for each release.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::{TextOptions, TextWriter};
use crate::model::ReleaseReport;
use crate::report::alike::ReleaseGroup;

/// Writes all that the text says of one release. `now` is when the scan began.
pub(in crate::report) fn write(
    release: &ReleaseReport,
    options: &TextOptions,
    now: Option<DateTime<Utc>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    TextWriter { options, now, out }.group(&ReleaseGroup::alone(release))
}
