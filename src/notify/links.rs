//! Links that messages have to the worst release: templates of the operator, filled with names.
//!
//! Names come from a cluster. Each is one segment of an address, percent-encoded, so that none can lead elsewhere; the scheme
//! and the host are the operator's alone.

use reqwest::Url;
use serde::{Deserialize, Deserializer, de};

use super::text::{NAME, clean, json_len, percent_encoded};
use crate::report::words::count;

/// How many links a message has at most.
pub const MOST: usize = 5;

/// The longest title, in characters. A button of Slack's has at most 75.
const TITLE: usize = 60;

/// The longest address, in bytes. Slack refuses longer ones.
const ADDRESS: usize = 3_000;

/// What a link takes in a message beside its title and its address.
const BESIDE: usize = 60;

/// What a template may name.
const PLACEHOLDERS: [&str; 3] = ["{cluster}", "{namespace}", "{release}"];

/// A link as the settings have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTemplate {
    title: String,
    url: String,
}

/// A link of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub title: String,
    /// Where it leads: an address that begins with `https://`.
    pub url: String,
}

impl LinkTemplate {
    /// The link to what has the names of a cluster, a namespace and a release; `None` where the address would be too long, or a
    /// name would be a step in its path, which no encoding helps against.
    pub(crate) fn to(&self, names: [&str; 3]) -> Option<Link> {
        if names.iter().any(|name| matches!(*name, "." | "..")) {
            return None;
        }
        let mut url = self.url.clone();
        for (placeholder, name) in PLACEHOLDERS.iter().zip(names) {
            url = url.replace(placeholder, &percent_encoded(&clean(name, NAME)));
        }
        (url.len() <= ADDRESS).then(|| Link {
            title: self.title.clone(),
            url,
        })
    }
}

/// The links that a message has room for.
pub(crate) struct FittingLinks<'l> {
    /// These, in the order of the settings.
    pub(crate) links: Vec<&'l Link>,
    /// What they take in a message, in bytes.
    pub(crate) taken: usize,
    /// How many have no room, in words; `None` where all have.
    pub(crate) left_out: Option<String>,
}

impl<'l> FittingLinks<'l> {
    /// Those that take at most `room` bytes inside JSON strings.
    pub(crate) fn new(all: &'l [Link], room: usize) -> Self {
        let mut taken = 0;
        let mut links = Vec::new();
        for link in all {
            let more = json_len(&link.title) + json_len(&link.url) + BESIDE;
            if taken + more <= room {
                taken += more;
                links.push(link);
            }
        }
        let left_out = all.len() - links.len();
        Self {
            links,
            taken,
            left_out: (left_out > 0).then(|| format!("({} left out for length)", count(left_out, "link"))),
        }
    }
}

impl<'de> Deserialize<'de> for LinkTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Section {
            title: String,
            url: String,
        }
        let Section { title, url } = Section::deserialize(deserializer)?;
        let title = clean(title.trim(), TITLE);
        if title.is_empty() {
            return Err(de::Error::custom("a link needs a `title`"));
        }
        check(&url).map_err(de::Error::custom)?;
        Ok(Self { title, url })
    }
}

/// The longest template, in bytes: filled with names of a usual length, it still leaves room in a message.
const TEMPLATE: usize = 1_000;

/// Checks a template: with names in it, it has to be an address of https whose host is the operator's.
fn check(template: &str) -> Result<(), String> {
    if template.len() > TEMPLATE {
        return Err(format!(
            "the link has {} bytes, and may have {TEMPLATE}",
            template.len()
        ));
    }
    let known = PLACEHOLDERS.join(", ");
    let mut rest = template.to_owned();
    for placeholder in PLACEHOLDERS {
        rest = rest.replace(placeholder, "x");
    }
    if rest.contains(['{', '}']) {
        return Err(format!(
            "the link `{template}` has a placeholder that is none of {known}"
        ));
    }
    let wrong = || {
        format!(
            "the link `{template}` must begin with https:// and name a host, such as https://wiki.example.com/{{release}}"
        )
    };
    let after_scheme = template.strip_prefix("https://").ok_or_else(wrong)?;
    let host = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    let is_own = !host.contains('{') && !host.contains('@');
    match Url::parse(&rest) {
        Ok(url) if is_own && url.host_str().is_some() => Ok(()),
        Ok(_) | Err(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(url: &str) -> Result<LinkTemplate, String> {
        let text = serde_json::json!({"title": "Runbook", "url": url}).to_string();
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn names_fill_a_template_and_lead_nowhere_else() {
        let template = template("https://wiki.example.com/{cluster}/{namespace}?of={release}").unwrap();
        let url = |namespace: &str, name: &str| template.to(["prod", namespace, name]).unwrap().url;
        assert_eq!(url("shop", "web"), "https://wiki.example.com/prod/shop?of=web");
        assert_eq!(
            url("../..", "@evil.example/#x\u{202e}"),
            "https://wiki.example.com/prod/..%2F..?of=%40evil.example%2F%23x"
        );
        for step in [".", ".."] {
            assert_eq!(template.to(["prod", "shop", step]), None, "{step}");
            assert_eq!(template.to(["prod", step, "web"]), None, "{step}");
        }
    }

    #[test]
    fn a_template_is_an_address_of_https_with_a_host_of_its_own() {
        for (url, said) in [
            ("http://wiki.example.com/{release}", "must begin with https://"),
            ("https://{release}.example.com/", "must begin with https://"),
            ("https://me@example.com/", "must begin with https://"),
            ("javascript:alert(1)", "must begin with https://"),
            ("https://", "must begin with https://"),
            (
                "https://wiki.example.com/{name}",
                "a placeholder that is none of {cluster}, {namespace}, {release}",
            ),
        ] {
            let error = template(url).unwrap_err();
            assert!(error.contains(said), "{url}: {error}");
        }
        let long = format!("https://wiki.example.com/{}", "x".repeat(2_000));
        let error = template(&long).unwrap_err();
        assert!(
            error.starts_with("the link has 2025 bytes, and may have 1000"),
            "{error}"
        );
    }

    #[test]
    fn links_without_room_are_counted_and_the_others_stay() {
        let link = |title: &str, length: usize| Link {
            title: title.to_owned(),
            url: format!("https://a/{}", "x".repeat(length)),
        };
        let links = [link("a", 100), link("b", 900), link("c", 100)];
        let fitting = FittingLinks::new(&links, 500);
        let titles: Vec<&str> = fitting.links.iter().map(|link| link.title.as_str()).collect();
        assert_eq!(titles, ["a", "c"]);
        assert!(fitting.taken <= 500);
        assert_eq!(fitting.left_out.as_deref(), Some("(1 link left out for length)"));
        assert_eq!(FittingLinks::new(&links, 5_000).left_out, None);
    }
}
