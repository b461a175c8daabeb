//! The text format of Prometheus, [version 0.0.4][format]: families, samples, and what of an older text is kept.
//!
//! Names of releases and clusters are other people's texts. They are cut, characters that could mislead a reader become
//! visible escapes, and what the format gives a meaning to is escaped. The order is that of [`Family::ALL`] and then that in
//! which samples are added, so that the same report gives the same bytes.
//!
//! [format]: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::families::Family;
use crate::policy::shard::Shard;
use crate::report::sanitize::{Medium, sanitize};

/// The media type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The longest text of a label, in characters. Names that Kubernetes and Helm allow in a namespace are shorter.
const MAX_LABEL: usize = 128;

/// The longest line of an older text that is kept: every label at its longest, each of its characters escaped.
const MAX_KEPT_LINE: usize = 16 << 10;

/// The most lines of an older text that are kept.
const MAX_KEPT: usize = 50_000;

/// The metrics of one cluster as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposition {
    cluster: String,
    /// The number of the shard, where the scan was of one.
    shard: Option<String>,
    /// The lines of each family's samples.
    samples: BTreeMap<Family, Vec<String>>,
}

impl Exposition {
    /// Metrics of a cluster, without any yet.
    pub fn new(cluster: &str, shard: Option<Shard>) -> Self {
        Self {
            cluster: label_value(cluster),
            shard: shard.map(|shard| shard.index().to_string()),
            samples: BTreeMap::new(),
        }
    }

    /// The value of the label `cluster`, which every sample has.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The value of the label `shard`, which every sample of a scan of one shard has.
    pub fn shard(&self) -> Option<&str> {
        self.shard.as_deref()
    }

    /// Adds a sample. The values of its labels are in the order of [`Family::labels`].
    pub(super) fn add(&mut self, family: Family, labels: &[&str], value: Value) {
        debug_assert_eq!(family.labels().len(), labels.len(), "{}", family.name());
        let mut line = self.beginning(family);
        for (name, text) in family.labels().iter().zip(labels) {
            // Writing to a String cannot fail.
            let _ = write!(line, ",{name}=\"{}\"", escaped(text));
        }
        let _ = match value {
            Value::Number(number) => write!(line, "}} {number}"),
            // Milliseconds are as fine as anything here.
            Value::Seconds(seconds) => write!(line, "}} {}", (seconds * 1e3).round() / 1e3),
        };
        self.samples.entry(family).or_default().push(line);
    }

    /// The beginning of every sample of a family.
    fn beginning(&self, family: Family) -> String {
        let mut beginning = format!("{}{{cluster=\"{}\"", family.name(), escaped(&self.cluster));
        if let Some(shard) = &self.shard {
            let _ = write!(beginning, ",shard=\"{shard}\"");
        }
        beginning
    }

    /// Keeps what an older text says of the same cluster in families of which this one says nothing. Whatever the old text
    /// holds, what is kept of it are samples of these metrics.
    pub fn keep_from(&mut self, old: &str) {
        let mut kept: BTreeMap<Family, Vec<String>> = BTreeMap::new();
        for line in old.lines().take(MAX_KEPT) {
            let Some(family) = self.family_of(line) else {
                continue;
            };
            if !self.samples.contains_key(&family) {
                kept.entry(family).or_default().push(line.to_owned());
            }
        }
        self.samples.extend(kept);
    }

    /// The family of an older line that is a sample of this cluster, as it is written here.
    fn family_of(&self, line: &str) -> Option<Family> {
        if line.len() > MAX_KEPT_LINE {
            return None;
        }
        let family = Family::named(line.split('{').next()?)?;
        let mut rest = line.strip_prefix(&self.beginning(family))?;
        for name in family.labels() {
            rest = rest.strip_prefix(',')?.strip_prefix(name)?.strip_prefix("=\"")?;
            rest = after_text(rest)?;
        }
        let value = rest.strip_prefix("} ")?;
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        (is_number && value.parse::<f64>().is_ok()).then_some(family)
    }

    /// The whole text, which ends with a line break.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (family, lines) in &self.samples {
            let (name, help) = (family.name(), family.help());
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
            for line in lines {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }
}

/// The value of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    /// A count, or 0 or 1.
    Number(u64),
    /// A time or a duration in seconds.
    Seconds(f64),
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl From<bool> for Value {
    fn from(is_so: bool) -> Self {
        Self::Number(u64::from(is_so))
    }
}

/// A text of others as the value of a label: short, and without anything that does not show.
pub(super) fn label_value(text: &str) -> String {
    let mut characters = text.chars();
    let short: String = characters.by_ref().take(MAX_LABEL).collect();
    let short = sanitize(&short, Medium::Terminal);
    if characters.next().is_some() {
        format!("{short}…")
    } else {
        short.into_owned()
    }
}

/// The value of a label as it stands between quotation marks.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// What follows an escaped text and its closing quotation mark.
fn after_text(text: &str) -> Option<&str> {
    let mut is_escaped = false;
    for (at, ch) in text.char_indices() {
        match (is_escaped, ch) {
            (false, '"') => return text.get(at + 1..),
            (false, '\\') => is_escaped = true,
            (true, '\\' | '"' | 'n') => is_escaped = false,
            (true, _) => return None,
            (false, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(cluster: &str, release: &str) -> String {
        let mut exposition = Exposition::new(cluster, None);
        let release = label_value(release);
        exposition.add(Family::ReleaseDrifted, &["shop", &release], Value::from(true));
        exposition.text().lines().last().unwrap().to_owned()
    }

    #[test]
    fn texts_of_others_stay_values_of_labels() {
        assert_eq!(
            sample("prod \\ \"eu\"", "a\nb\u{202e}c"),
            r#"driftline_release_drifted{cluster="prod \\ \"eu\"",namespace="shop",release="a\\nb\\u{202e}c"} 1"#
        );
        let long = sample("prod", &"x".repeat(1 << 20));
        assert!(long.len() < 300 && long.ends_with("x…\"} 1"), "{long}");
    }

    #[test]
    fn numbers_are_plain() {
        let mut exposition = Exposition::new("prod", None);
        exposition.add(Family::Duration, &[], Value::Seconds(0.001_4));
        exposition.add(Family::LastScan, &[], Value::Seconds(1_795_123_456.789));
        exposition.add(Family::ApiBytes, &[], Value::Number(u64::MAX));
        let text = exposition.text();
        for value in ["} 0.001\n", "} 1795123456.789\n", "} 18446744073709551615\n"] {
            assert!(text.contains(value), "{text}");
        }
    }

    #[test]
    fn of_an_older_text_only_samples_of_the_same_cluster_are_kept() {
        let hostile = "a\"} 7\nb\\";
        let mut old = Exposition::new("prod", None);
        old.add(Family::LastSuccess, &[], Value::Seconds(5.5));
        old.add(Family::LastScan, &[], Value::Seconds(5.5));
        old.add(
            Family::ReleaseDrifted,
            &["shop", &label_value(hostile)],
            Value::from(true),
        );
        let kept = old.text();
        let text = [
            kept.as_str(),
            "driftline_last_complete_timestamp_seconds{cluster=\"other\"} 1\n",
            "driftline_last_complete_timestamp_seconds{cluster=\"prod\"} NaN\n",
            "driftline_last_complete_timestamp_seconds{cluster=\"prod\"} 1 1700000000000\n",
            "driftline_last_complete_timestamp_seconds{cluster=\"prod\",x=\"y\"} 1\n",
            "driftline_releases{cluster=\"prod\",verdict=\"clean\\x\"} 1\n",
            "driftline_releases{cluster=\"prod\",verdict=\"clean} 1\n",
            "driftline_unknown{cluster=\"prod\"} 1\n",
            "node_load1 0.5\n",
            "{}\n",
        ]
        .concat();
        let mut new = Exposition::new("prod", None);
        new.add(Family::LastScan, &[], Value::Seconds(9.0));
        new.keep_from(&text);
        let mut expected = old.clone();
        expected.samples.remove(&Family::LastScan);
        expected.add(Family::LastScan, &[], Value::Seconds(9.0));
        assert_eq!(new.text(), expected.text());
    }
}
