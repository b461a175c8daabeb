//! What the API server's schema says about a value for the purposes of an apply: a scalar, a list or a map, and whether
//! it is owned as a whole (structured-merge-diff: `schema/elements.go`, `typed/helpers.go`).
//!
//! The API server makes that schema of its `OpenAPI` definitions (kube-openapi: `pkg/schemaconv/openapi.go`), and the
//! facts of [`crate::types`] come from the same.

use serde_json::Value;

use super::element::Element;
use crate::object::Gvk;
use crate::types::{Field, ListKind, Shape, ValueKind};

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type<'a> {
    /// A type with facts.
    Known(Shape<'a>, Freedom),
    /// Anything: maps by their keys, lists as a whole (`__untyped_deduced_`).
    Deduced,
    /// Anything, as a whole (`__untyped_atomic_`).
    Whole,
    /// Nothing is said.
    Unresolved,
}

/// What a schema says about values that it does not describe.
#[derive(Debug, Clone, Copy)]
pub(super) struct Freedom {
    /// The owner of a free-form value owns all of it: `RawExtension`, in built-in kinds.
    owns_free_form_whole: bool,
    /// Undeclared fields are kept here (`x-kubernetes-preserve-unknown-fields`, which holds for all that is below).
    keeps_undeclared: bool,
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Atom<'a> {
    /// A value without parts.
    Scalar(Scalar),
    /// A list.
    List(List<'a>),
    /// An object or a map.
    Map(Map<'a>),
}

/// What a scalar may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Text,
    Number,
    Boolean,
    Any,
}

/// A list.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'a> {
    pub(super) kind: ListKind<'a>,
    pub(super) element: Type<'a>,
}

/// An object or a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map<'a> {
    pub(super) is_atomic: bool,
    fields: Option<(Shape<'a>, Freedom)>,
    others: Others<'a>,
}

/// The type of the fields that an object does not declare, or of the values of a map.
#[derive(Debug, Clone, Copy)]
enum Others<'a> {
    Refused,
    All(Type<'a>),
}

/// Which of several possible atoms a value chose (`deduceAtom`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// There is one, or the value chose none.
    Only,
    Scalar,
    List,
    Map,
}

impl<'a> Type<'a> {
    /// The type of an object of a kind.
    pub(super) fn of_kind(shape: Option<Shape<'a>>, gvk: &Gvk) -> Self {
        let Some(shape) = shape else {
            return Self::Deduced;
        };
        // Free-form parts of CRDs are JSON of any type (`JSON` in `apiextensions/v1`), not `RawExtension`s.
        let owns_free_form_whole = shape.is_builtin() && gvk.group() != "apiextensions.k8s.io";
        let freedom = Freedom {
            owns_free_form_whole,
            keeps_undeclared: false,
        };
        Self::known(shape, freedom)
    }

    fn known(shape: Shape<'a>, freedom: Freedom) -> Self {
        match shape.value() {
            ValueKind::Any if freedom.owns_free_form_whole => Self::Whole,
            // Of these the definitions say no type.
            ValueKind::Any | ValueKind::IntOrString => Self::Deduced,
            ValueKind::String
            | ValueKind::Integer
            | ValueKind::Number
            | ValueKind::Boolean
            | ValueKind::Quantity
            | ValueKind::Bytes
            | ValueKind::Time
            | ValueKind::Duration
            | ValueKind::Object
            | ValueKind::Map
            | ValueKind::List => Self::Known(shape, freedom),
        }
    }

    /// Whether it is a schema's word for anything, the parts of which are not looked at when schemas change.
    pub(super) const fn is_deduced(self) -> bool {
        matches!(self, Self::Deduced)
    }

    /// The atom that a value of this type is.
    pub(super) fn atom(self, value: Option<&Value>) -> Atom<'a> {
        let (shape, freedom) = match self {
            Self::Known(shape, freedom) => (shape, freedom),
            Self::Whole => return free(Self::Whole, true, value),
            Self::Deduced | Self::Unresolved => return free(Self::Deduced, false, value),
        };
        match shape.value() {
            ValueKind::String | ValueKind::Bytes => Atom::Scalar(Scalar::Text),
            ValueKind::Duration if shape.is_builtin() => Atom::Scalar(Scalar::Text),
            ValueKind::Integer | ValueKind::Number => Atom::Scalar(Scalar::Number),
            ValueKind::Boolean => Atom::Scalar(Scalar::Boolean),
            ValueKind::Quantity | ValueKind::Time | ValueKind::Duration => Atom::Scalar(Scalar::Any),
            ValueKind::List => Atom::List(List {
                kind: shape.list(),
                element: shape
                    .element()
                    .map_or(Self::Whole, |element| Self::known(element, freedom)),
            }),
            ValueKind::Map => Atom::Map(Map {
                is_atomic: shape.is_atomic(),
                fields: None,
                others: match shape.field("") {
                    Field::Declared(inner) => Others::All(Self::known(inner, freedom)),
                    Field::Undeclared | Field::Unknown => Others::All(Self::Deduced),
                },
            }),
            ValueKind::Object => {
                let is_open = matches!(shape.field(""), Field::Unknown);
                let keeps_undeclared = freedom.keeps_undeclared || is_open;
                let is_bare = shape.fields().next().is_none();
                Atom::Map(Map {
                    is_atomic: shape.is_atomic(),
                    fields: Some((
                        shape,
                        Freedom {
                            keeps_undeclared,
                            ..freedom
                        },
                    )),
                    others: if keeps_undeclared || is_bare {
                        Others::All(Self::Deduced)
                    } else {
                        Others::Refused
                    },
                })
            }
            ValueKind::Any | ValueKind::IntOrString => free(Self::Deduced, false, value),
        }
    }

    /// Which atom the value chose, where the type has several.
    pub(super) fn choice(self, value: Option<&Value>) -> Choice {
        let has_several = match self {
            Self::Deduced | Self::Whole => true,
            Self::Known(..) | Self::Unresolved => false,
        };
        match value {
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) if has_several => Choice::Scalar,
            Some(Value::Array(_)) if has_several => Choice::List,
            Some(Value::Object(_)) if has_several => Choice::Map,
            _ => Choice::Only,
        }
    }

    /// The map that values of this type may be.
    pub(super) fn as_map(self) -> Option<Map<'a>> {
        match self {
            Self::Unresolved => None,
            Self::Known(..) | Self::Deduced | Self::Whole => match self.atom(None) {
                Atom::Map(map) => Some(map),
                Atom::List(_) | Atom::Scalar(_) => None,
            },
        }
    }

    /// The list that values of this type may be.
    pub(super) fn as_list(self) -> Option<List<'a>> {
        match self {
            Self::Unresolved => None,
            Self::Known(..) | Self::Deduced | Self::Whole => {
                match self.atom(Some(&Value::Array(Vec::new()))) {
                    Atom::List(list) => Some(list),
                    Atom::Map(_) | Atom::Scalar(_) => None,
                }
            }
        }
    }
}

/// The atom of a value without a type; null and nothing are maps, which comes first (`handleAtom`).
fn free<'a>(values: Type<'a>, is_atomic: bool, value: Option<&Value>) -> Atom<'a> {
    match value {
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => Atom::Scalar(Scalar::Any),
        Some(Value::Array(_)) => Atom::List(List {
            kind: ListKind::Atomic,
            element: Type::Whole,
        }),
        Some(Value::Null | Value::Object(_)) | None => Atom::Map(Map {
            is_atomic,
            fields: None,
            others: Others::All(values),
        }),
    }
}

impl<'a> Map<'a> {
    /// Whether the schema names the field.
    pub(super) fn declares(&self, name: &str) -> bool {
        self.declared(name).is_some()
    }

    fn declared(&self, name: &str) -> Option<Type<'a>> {
        let (shape, freedom) = self.fields?;
        match shape.field(name) {
            Field::Declared(inner) => {
                // Metadata is a type of its own, to which a schema only refers.
                let is_metadata = matches!(inner.field("managedFields"), Field::Declared(_));
                let freedom = Freedom {
                    keeps_undeclared: freedom.keeps_undeclared && !is_metadata,
                    ..freedom
                };
                Some(Type::known(inner, freedom))
            }
            Field::Undeclared | Field::Unknown => None,
        }
    }

    /// The type of a field or of a map's value; `None` where the schema refuses the field.
    pub(super) fn value(&self, name: &str) -> Option<Type<'a>> {
        self.declared(name).or(match self.others {
            Others::All(others) => Some(others),
            Others::Refused => None,
        })
    }

    /// The type of a field, where an undeclared one is taken as it is: another version of the API server declares it.
    pub(super) fn value_or_any(&self, name: &str) -> Type<'a> {
        self.value(name).unwrap_or(Type::Deduced)
    }
}

/// Why an element of a list cannot be told from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nameless {
    NoObject,
    NoKeys,
    NoScalar,
}

impl<'a> List<'a> {
    /// Whether it is owned as a whole.
    pub(super) const fn is_atomic(&self) -> bool {
        matches!(self.kind, ListKind::Atomic)
    }

    /// The step to an element (`typed/helpers.go`, `listItemToPathElement`).
    pub(super) fn step<'v>(&self, item: &'v Value) -> Result<Element<'v>, Nameless>
    where
        'a: 'v,
    {
        match self.kind {
            ListKind::Set | ListKind::Atomic => match item {
                Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(Element::Member(item)),
                Value::Null | Value::Array(_) | Value::Object(_) => Err(Nameless::NoScalar),
            },
            ListKind::Map(names) => {
                let Value::Object(fields) = item else {
                    return Err(Nameless::NoObject);
                };
                let mut keys: Vec<(&'v str, &'v Value)> = Vec::with_capacity(names.len());
                for name in names {
                    if let Some(value) = fields.get(name).or_else(|| self.key_default(name)) {
                        keys.push((name, value));
                    }
                }
                if keys.is_empty() {
                    return Err(Nameless::NoKeys);
                }
                keys.sort_by_key(|(name, _)| *name);
                Ok(Element::Keys(keys))
            }
        }
    }

    /// The value that the schema says a key has where an element leaves it out.
    fn key_default(&self, name: &str) -> Option<&'a Value> {
        static NO_TEXT: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| Value::from(""));
        static ZERO: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| Value::from(0));
        let Type::Known(element, _) = self.element else {
            return None;
        };
        let Field::Declared(key) = element.field(name) else {
            return None;
        };
        if let Some(default) = key.default() {
            return Some(default);
        }
        // The definitions of Go types state the zero of every field that is no pointer and has to be there, and of the
        // name of a `LocalObjectReference`, but not of that of an `ObjectReference`.
        // Metadata is a Go type in custom resources, too.
        let declares = |name: &str| matches!(element.field(name), Field::Declared(_));
        let is_go = element.is_builtin() || declares("blockOwnerDeletion");
        let has_no_default = !is_go || declares("fieldPath");
        match key.value() {
            _ if has_no_default => None,
            ValueKind::String => Some(&NO_TEXT),
            ValueKind::Integer => Some(&ZERO),
            ValueKind::Number
            | ValueKind::Boolean
            | ValueKind::Quantity
            | ValueKind::IntOrString
            | ValueKind::Bytes
            | ValueKind::Time
            | ValueKind::Duration
            | ValueKind::Object
            | ValueKind::Map
            | ValueKind::List
            | ValueKind::Any => None,
        }
    }
}
