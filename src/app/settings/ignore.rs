//! The ignore rules of the configuration file, as they are written.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::error::SettingsError;
use crate::policy::glob::Glob;
use crate::policy::ignore::condition::{self, Code};
use crate::policy::ignore::{IgnoreRules, Rule, Selector};
use crate::policy::path_pattern::PathPattern;

/// One rule: a set of conditions, all of which have to hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct IgnoreRule {
    reason: Option<String>,
    #[serde(deserialize_with = "kind")]
    kind: Option<Glob>,
    #[serde(deserialize_with = "api_version")]
    api_version: Option<Glob>,
    #[serde(deserialize_with = "namespace")]
    namespace: Option<Glob>,
    #[serde(deserialize_with = "name")]
    name: Option<Glob>,
    #[serde(deserialize_with = "release")]
    release: Option<Glob>,
    #[serde(deserialize_with = "parsed")]
    labels: Option<Selector>,
    #[serde(deserialize_with = "one_or_many")]
    path: Vec<PathPattern>,
    #[serde(deserialize_with = "manager")]
    manager: Option<Glob>,
    #[serde(deserialize_with = "one_or_many")]
    code: Vec<Code>,
}

/// The rules of the file and the key of its annotation, checked.
pub(super) fn ignore_rules(
    rules: &[IgnoreRule],
    annotation: Option<&str>,
) -> Result<IgnoreRules, SettingsError> {
    if let Some(key) = annotation
        && !is_annotation_key(key)
    {
        return Err(SettingsError::IgnoreAnnotation(key.to_owned()));
    }
    let rules = rules.iter().cloned().zip(1..).map(|(rule, number)| {
        let rule = Rule::from(rule);
        if rule.is_empty() {
            return Err(SettingsError::EmptyIgnoreRule(number));
        }
        if let Some((path, keys)) = rule.counted_list() {
            return Err(SettingsError::CountedList {
                rule: number,
                path: path.to_string(),
                key: keys.first().cloned().unwrap_or_default(),
            });
        }
        Ok(rule)
    });
    Ok(IgnoreRules {
        rules: rules.collect::<Result<_, _>>()?,
        annotation: annotation.map(str::to_owned),
    })
}

impl From<IgnoreRule> for Rule {
    fn from(written: IgnoreRule) -> Self {
        Self {
            reason: written.reason,
            kind: written.kind,
            api_version: written.api_version,
            namespace: written.namespace,
            name: written.name,
            release: written.release,
            labels: written.labels,
            paths: written.path,
            manager: written.manager,
            codes: written.code.into_iter().map(|Code(code)| code).collect(),
        }
    }
}

/// Whether a key has a prefix, which somebody owns, and a name: without a prefix, other programs may use the same key.
fn is_annotation_key(key: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|character: char| character.is_ascii_alphanumeric())
            && part.ends_with(|character: char| character.is_ascii_alphanumeric())
            && part
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
    };
    key.split_once('/')
        .is_some_and(|(prefix, name)| is_part(prefix) && is_part(name))
}

fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(de::Error::custom))
        .transpose()
}

/// A condition that some object can fulfil.
fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
    read: fn(&str) -> Result<Glob, String>,
) -> Result<Option<Glob>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| read(&text).map_err(de::Error::custom))
        .transpose()
}

fn kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Glob>, D::Error> {
    checked(deserializer, condition::kind)
}

fn api_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Glob>, D::Error> {
    checked(deserializer, condition::api_version)
}

fn namespace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Glob>, D::Error> {
    checked(deserializer, condition::namespace)
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Glob>, D::Error> {
    checked(deserializer, condition::name)
}

fn release<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Glob>, D::Error> {
    checked(deserializer, condition::release)
}

fn manager<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Glob>, D::Error> {
    checked(deserializer, condition::manager)
}

/// A text, or a list of at least one text. Not an untagged enum, which would not say what is wrong with the text.
fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    deserializer.deserialize_any(Texts(EmptyList::Refused, PhantomData))
}

/// A text, or a list of texts, of which there may be none.
pub(super) fn any_number<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    deserializer.deserialize_any(Texts(EmptyList::Accepted, PhantomData))
}

/// Whether a list may be empty.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EmptyList {
    Accepted,
    Refused,
}

struct Texts<T>(EmptyList, PhantomData<T>);

impl<'de, T: FromStr<Err: fmt::Display>> Visitor<'de> for Texts<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        text.parse().map(|item| vec![item]).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Element(PhantomData))? {
            all.push(item);
        }
        if all.is_empty() && self.0 == EmptyList::Refused {
            return Err(de::Error::custom(
                "an empty list matches nothing; leave the key out to match everything",
            ));
        }
        Ok(all)
    }
}

/// One element of a list, parsed where it stands, so that a mistake in it is found on its own line.
struct Element<T>(PhantomData<T>);

impl<'de, T: FromStr<Err: fmt::Display>> DeserializeSeed<'de> for Element<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::settings::file::parse;
    use crate::policy::redact::Redaction;

    fn read(text: &str) -> Result<IgnoreRules, String> {
        let file =
            parse(text).map_err(|(line, problem)| format!("{}: {problem}", line.unwrap_or_default()))?;
        ignore_rules(&file.ignore, file.ignore_annotation.as_deref()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_rule_says_what_it_ignores_in_the_words_of_the_file() {
        let text = r#"
ignore:
  - reason: replicas belong to our own scaler
    kind: Deployment
    api_version: "apps/*"
    namespace: "team-{a,b}"
    name: "web-*"
    release: shop
    labels: "app=web,tier!=db"
    path: ["/spec/replicas", "containers[name=app]/image"]
    manager: "kubectl-*"
    code: [changed, removed]
  - path: /spec/replicas
    code: changed
"#;
        let ignore = read(text).unwrap();
        assert_eq!(
            ignore.rules[0].description(&Redaction::default()),
            "kind Deployment, api_version apps/*, namespace team-{a,b}, name web-*, release shop, labels \
             app=web,tier!=db, path /spec/replicas or containers[name=app]/image, manager kubectl-*, code changed \
             or removed"
        );
        assert_eq!(
            ignore.rules[1].description(&Redaction::default()),
            "path /spec/replicas, code changed"
        );
        assert_eq!(ignore.annotation, None);
    }

    #[test]
    fn a_position_is_right_where_some_object_has_one() {
        for rule in [
            "kind: ClusterRole, path: '/rules[0]'",
            "kind: Deployment, api_version: example.com/v1, path: '/spec/template/spec/containers[0]'",
            "path: '/spec/template/spec/containers[0]'",
            "kind: Rollout, path: '/spec/template/spec/containers[0]'",
        ] {
            assert!(read(&format!("ignore: [{{{rule}}}]\n")).is_ok(), "{rule}");
        }
    }

    #[test]
    fn mistakes_name_their_place_and_what_would_be_right() {
        for (text, expected) in [
            ("ignore:\n  - kind: a\n    nmae: b\n", "3: "),
            ("ignore:\n  - kind: a\n    nmae: b\n", "namespace, name, release"),
            (
                "ignore:\n  - kind: '[a'\n",
                "2: `[a` is not a pattern of names such as web-*",
            ),
            ("ignore:\n  - kind: a\n    kind: b\n", "twice"),
            (
                "ignore:\n  - name: a\n    kind: deployments\n",
                "3: there is no kind `deployments`: write Deployment",
            ),
            ("ignore:\n  - api_version: apps\n", "2: `apps` is a group"),
            (
                "ignore:\n  - path: .spec.replicas\n",
                "2: `.spec.replicas` is written as a JSONPath",
            ),
            (
                "ignore:\n  - path: [/a, /spec/containers/0/image]\n",
                "2: `/spec/containers/0/image` is written as a JSON pointer",
            ),
            (
                "ignore:\n  - kind: Deployment\n    path: /spec/template/spec/containers[0]/image\n",
                "ignore rule 1 would match nothing: `/spec/template/spec/containers[0]/image` asks for a position in a list \
                 whose elements are named by name; write [name=VALUE], or [*]",
            ),
            (
                "ignore:\n  - code: missing\n",
                "2: `missing` is the state of an object",
            ),
            ("ignore:\n  - kind: ''\n", "2: an empty pattern matches nothing"),
            (
                "ignore:\n  - kind: a\n    labels: 'a b'\n",
                "3: `a b` is not a label selector such as app=web,tier!=db",
            ),
            (
                "ignore:\n  - path: '/spec//a'\n",
                "2: `/spec//a` has no key after the `/` at character 6",
            ),
            (
                "ignore:\n  - path:\n      - /spec\n      - '/a[b'\n",
                "4: `/a[b` lacks the `]` for the `[` at character 3",
            ),
            ("ignore:\n  - path: []\n", "2: an empty list matches nothing"),
            (
                "ignore:\n  - code: [changd]\n",
                "2: `changd` is not one of: changed, ",
            ),
            ("ignore:\n  - path: 3\n", "a text or a list of texts"),
            (
                "ignore:\n  - kind: a\n  - reason: because\n",
                "ignore rule 2 would ignore everything: give it at least one of kind, api_version, namespace, \
                 name, release, labels, path, manager and code",
            ),
            (
                "ignore_annotation: driftline-ignore\n",
                "ignore_annotation is `driftline-ignore`, which is not the key of an annotation with a prefix, \
                 such as example.com/driftline-ignore",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
