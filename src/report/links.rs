//! What a report points to outside of it: the page of codes, and the sources of charts.

use std::str::FromStr;
use std::sync::Arc;

use super::sources::Sources;

/// What reports point to.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// The published page of codes, if there is one.
    pub codes: Option<CodesUrl>,
    /// The sources of charts, if they are at hand.
    pub sources: Option<Arc<Sources>>,
}

/// The address of the page of codes that `driftline explain --all` writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodesUrl(String);

/// Why an address cannot be that of the page of codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no address of a page: it has to begin with https:// and to have no `#`, no blanks and no quotes"
)]
pub struct NoCodesUrl(String);

/// The longest address, in bytes.
const LONGEST: usize = 2_000;

impl CodesUrl {
    /// The address of the page itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address of the place that explains a code, by its anchor.
    pub fn of(&self, anchor: &str) -> String {
        format!("{}#{anchor}", self.0)
    }
}

impl FromStr for CodesUrl {
    type Err = NoCodesUrl;

    fn from_str(text: &str) -> Result<Self, NoCodesUrl> {
        // What stands in an address of the web as it is. Reports are read as HTML, XML and Markdown.
        let may_have = |ch: char| ch.is_ascii_alphanumeric() || "-._~:/?@!$&+,;=%".contains(ch);
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://localhost"));
        if host.is_some_and(|host| !host.is_empty() && host.chars().all(may_have)) && text.len() <= LONGEST {
            Ok(Self(text.to_owned()))
        } else {
            Err(NoCodesUrl(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_is_safe_in_every_format_is_one() {
        let url: CodesUrl = "https://docs.example.com/codes/?v=1".parse().unwrap();
        assert_eq!(
            url.of("finding-changed"),
            "https://docs.example.com/codes/?v=1#finding-changed"
        );
        for text in [
            "",
            "https://",
            "http://docs.example.com",
            "javascript:alert(1)",
            "https://a/#b",
            "https://a b",
            "https://a/\"onclick=",
            "https://a/<b>",
            "https://a/(b)",
            "https://a/\u{202e}",
            "docs/codes",
        ] {
            assert!(text.parse::<CodesUrl>().is_err(), "{text}");
        }
    }
}
