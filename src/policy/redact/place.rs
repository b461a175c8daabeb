//! What is known of a value before it is looked at: the names that lead to it and the values beside it.

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::json::{Node, unescaped};
use super::names::{self, Sensitivity};
use super::references::is_reference;
use super::shapes::is_placeholder;
use super::text::{is_key_file, is_switch};
use super::words;
use crate::compare::quantity::Quantity;

/// The fields beside a value.
pub(super) trait Fields {
    /// The text of a field.
    fn text(&self, key: &str) -> Option<Cow<'_, str>>;

    /// Whether there is such a field.
    fn has(&self, key: &str) -> bool;

    /// The texts in a list.
    fn words(&self, key: &str) -> Vec<String>;
}

impl Fields for Map<String, Value> {
    fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key)?.as_str().map(Cow::Borrowed)
    }

    fn has(&self, key: &str) -> bool {
        self.contains_key(key)
    }

    fn words(&self, key: &str) -> Vec<String> {
        let items = self.get(key).and_then(Value::as_array).into_iter().flatten();
        items
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    }
}

impl Fields for Vec<(&str, Node<'_>)> {
    fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.iter()
            .rev()
            .find(|(own, _)| *own == key)
            .and_then(|(_, node)| match node {
                Node::Text(raw) => Some(Cow::Owned(unescaped(raw))),
                Node::Scalar(_) | Node::Null | Node::Object(_) | Node::Array(_) => None,
            })
    }

    fn has(&self, key: &str) -> bool {
        self.iter().any(|(own, _)| *own == key)
    }

    fn words(&self, key: &str) -> Vec<String> {
        let list = self.iter().rev().find(|(own, _)| *own == key);
        let Some((_, Node::Array(items))) = list else {
            return Vec::new();
        };
        let words = items.iter().filter_map(|item| match item {
            Node::Text(raw) => Some(unescaped(raw)),
            Node::Scalar(_) | Node::Null | Node::Object(_) | Node::Array(_) => None,
        });
        words.collect()
    }
}

/// The keys of an element in a path.
impl Fields for Vec<(String, Value)> {
    fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        let (_, value) = self.iter().find(|(own, _)| own == key)?;
        value.as_str().map(Cow::Borrowed)
    }

    fn has(&self, key: &str) -> bool {
        self.iter().any(|(own, _)| own == key)
    }

    fn words(&self, _key: &str) -> Vec<String> {
        Vec::new()
    }
}

/// Every spelling of a field that names the one beside it: `parameterName`, `ParameterName`. They are a fixed number, since
/// an object may have any number of fields and is looked at for each of them.
static NAMING: LazyLock<Vec<String>> = LazyLock::new(|| {
    let upper_first = |word: &str| {
        let mut letters = word.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        first + letters.as_str()
    };
    let spellings = |name: &&str| {
        let camel = match name.strip_suffix("name").filter(|before| !before.is_empty()) {
            Some(before) => format!("{before}Name"),
            None => (*name).to_owned(),
        };
        let mut all = vec![
            (*name).to_owned(),
            name.to_uppercase(),
            upper_first(name),
            upper_first(&camel),
            camel,
        ];
        all.sort();
        all.dedup();
        all
    };
    words::NAMING.iter().flat_map(spellings).collect()
});

/// Kinds whose `template` is a Secret.
const TEMPLATES_OF_SECRETS: [&str; 4] = [
    "SealedSecret",
    "ExternalSecret",
    "ClusterExternalSecret",
    "PushSecret",
];

/// What an object's kind says about its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Contents {
    /// Nothing.
    #[default]
    Any,
    /// Its `data` and `stringData` are secrets.
    Secret,
    /// Its `data` and `binaryData` are hidden, because the operator wants that.
    HiddenConfigMap,
    /// The objects of its list are Secrets.
    SecretList,
    /// Its `template` is a Secret.
    TemplateOfSecret,
    /// Its names are those of resources, and its values amounts of them: the quota on `secrets` is a number of objects.
    Amounts,
}

/// The fields that hold amounts by the names of resources (k8s.io/api: `core/v1/types.go`, `ResourceQuotaSpec` and
/// `ResourceQuotaStatus`). Quotas of other APIs, for a cluster, a tenant or a queue, have the same under the same names.
const AMOUNTS: [&str; 2] = ["hard", "used"];

impl Contents {
    /// What a kind says.
    pub(super) fn of_kind(kind: &str) -> Self {
        match kind {
            "Secret" => Self::Secret,
            "SecretList" => Self::SecretList,
            _ if TEMPLATES_OF_SECRETS.contains(&kind) => Self::TemplateOfSecret,
            _ => Self::Any,
        }
    }
}

/// The place of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Whether everything from here on is hidden.
    pub(super) is_all: bool,
    /// How sensitive the name of the value is.
    pub(super) name: Sensitivity,
    /// What the kind of the object at this place says, or that of the object around it.
    pub(super) contents: Contents,
    /// Whether the object at this place is the one that `contents` is about.
    is_object: bool,
}

/// An object, and what its fields say about each other.
pub(super) struct ObjectPlace {
    place: Place,
    is_named: bool,
}

impl Place {
    /// The place of an object of this kind.
    pub(super) const fn root(contents: Contents) -> Self {
        Self {
            is_all: false,
            name: Sensitivity::Plain,
            contents,
            is_object: true,
        }
    }

    /// The object at this place, as its fields show it; of several versions of it each may have its own.
    pub(super) fn object(
        self,
        versions: &[&dyn Fields],
        sensitivity: impl Fn(&str) -> Sensitivity,
    ) -> ObjectPlace {
        ObjectPlace {
            place: self.of_kind(versions),
            is_named: is_named(versions, sensitivity),
        }
    }

    /// The place of one field of the object at this place. What stands beside it is looked at only where that matters.
    pub(super) fn field(
        self,
        versions: &[&dyn Fields],
        key: &str,
        sensitivity: impl Fn(&str) -> Sensitivity,
    ) -> Self {
        let own = sensitivity(key);
        let object = ObjectPlace {
            place: self.of_kind(versions),
            is_named: names::is_value(key) && is_named(versions, sensitivity),
        };
        object.field(key, own)
    }

    /// The same place, if an object of such a kind stands there.
    fn of_kind(self, versions: &[&dyn Fields]) -> Self {
        let mut place = self;
        for fields in versions {
            let contents = fields.text("kind").map(|kind| Contents::of_kind(&kind));
            if let Some(contents) = contents.filter(|contents| *contents != Contents::Any) {
                place.contents = contents;
                place.is_object = true;
            }
        }
        place
    }

    /// The same place, if everything there is hidden.
    pub(super) const fn all_if(self, is_all: bool) -> Self {
        Self {
            is_all: self.is_all || is_all,
            ..self
        }
    }

    /// Whether a number or a boolean is hidden.
    pub(super) fn hides_scalar(self, is_boolean: bool) -> bool {
        let is_amount = !is_boolean && self.contents == Contents::Amounts;
        let is_named = if is_boolean {
            self.name == Sensitivity::Password
        } else {
            // A seed of random numbers and the like.
            self.name > Sensitivity::Reference
        };
        self.is_all || is_named && !is_amount
    }

    /// Whether a text is hidden whatever it says.
    pub(super) fn hides_text(self, text: &str) -> bool {
        let is_excused = match self.name {
            Sensitivity::Plain => true,
            Sensitivity::Digest => is_reference(self.name, text),
            Sensitivity::Reference => is_reference(self.name, text) || is_switch(text) || is_key_file(text),
            Sensitivity::Value => is_switch(text) || is_key_file(text),
            Sensitivity::Inside => is_switch(text),
            Sensitivity::Password => false,
        };
        let is_amount = self.contents == Contents::Amounts && Quantity::parse(text).is_some();
        self.is_all || !(is_excused || is_amount || text.trim().is_empty() || is_placeholder(text))
    }
}

/// Whether a field of an object is the name of a secret, of which another one holds the value.
fn is_named(versions: &[&dyn Fields], sensitivity: impl Fn(&str) -> Sensitivity) -> bool {
    versions.iter().any(|fields| {
        // A toleration, a taint and a requirement of a selector speak of a key, and hold no value of it.
        !fields.has("operator")
            && !fields.has("effect")
            && NAMING.iter().any(|key| {
                fields
                    .text(key)
                    .is_some_and(|name| sensitivity(&name) > Sensitivity::Plain)
            })
    })
}

/// The sensitivity of a field by its own name, or else by the one that it is under.
pub(super) fn own_or_inherited(own: Sensitivity, outer: Sensitivity, key: &str) -> Sensitivity {
    match own {
        Sensitivity::Plain => inherited(outer, key),
        own => own,
    }
}

/// The sensitivity of a field whose name says nothing, inside of an object with such a name.
fn inherited(outer: Sensitivity, key: &str) -> Sensitivity {
    match outer {
        Sensitivity::Value if names::is_value(key) => Sensitivity::Inside,
        Sensitivity::Digest | Sensitivity::Reference if names::is_value(key) => outer,
        Sensitivity::Inside | Sensitivity::Password if names::is_value(key) || !names::is_attribute(key) => {
            outer
        }
        Sensitivity::Plain
        | Sensitivity::Digest
        | Sensitivity::Reference
        | Sensitivity::Value
        | Sensitivity::Inside
        | Sensitivity::Password => Sensitivity::Plain,
    }
}

impl ObjectPlace {
    /// The place of a field.
    pub(super) fn field(&self, key: &str, own: Sensitivity) -> Place {
        let place = self.place;
        let is_contents = place.is_object
            && match place.contents {
                Contents::Secret => matches!(key, "data" | "stringData"),
                Contents::HiddenConfigMap => matches!(key, "data" | "binaryData"),
                Contents::Any | Contents::SecretList | Contents::TemplateOfSecret | Contents::Amounts => {
                    false
                }
            };
        let name = match own {
            Sensitivity::Plain if self.is_named && names::is_value(key) => Sensitivity::Password,
            own => own_or_inherited(own, place.name, key),
        };
        let contents = match (place.contents, key) {
            (Contents::SecretList, "items") | (Contents::TemplateOfSecret, "template") => Contents::Secret,
            (Contents::TemplateOfSecret | Contents::Amounts, _) => place.contents,
            (Contents::Any, key) if AMOUNTS.contains(&key) => Contents::Amounts,
            (_, _) => Contents::Any,
        };
        Place {
            is_all: place.is_all || is_contents || key == "stringData",
            name,
            contents,
            is_object: contents == Contents::Secret,
        }
    }
}
