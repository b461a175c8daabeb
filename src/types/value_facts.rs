//! The facts that a table has on a value: its kind, its list type, its explicit zeros, its patch strategy.

/// The kind of a value, finer than JSON's types where Kubernetes compares values in a way of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// Text, compared exactly.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// An amount such as `500m`, equal to every other spelling of it.
    Quantity,
    /// A number or a text, which the server keeps as given (`80` is not `"80"`).
    IntOrString,
    /// Base64 of bytes, compared decoded.
    Bytes,
    /// A moment in RFC 3339.
    Time,
    /// A Go duration such as `1h0m0s`.
    Duration,
    /// An object with declared fields.
    Object,
    /// An object whose keys are data.
    Map,
    /// A list.
    List,
    /// A value without a known type: free-form data.
    Any,
}

impl ValueKind {
    /// The kind that a schema's `type` names, if it is one that schemas have.
    pub(crate) fn of_json_type(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "array" => Self::List,
            "object" => Self::Object,
            _ => return None,
        })
    }
}

/// How the elements of a list are identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind<'a> {
    /// Not at all: the list is compared as a whole, and in order.
    Atomic,
    /// By value, in any order.
    Set,
    /// By these fields together.
    Map(&'a [String]),
}

/// The meaning of an explicit zero value (`""`, 0, false, `[]`, `{}`) in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplicitZero {
    /// The same as leaving the field out: the server cannot tell the two apart (a Go field that is no pointer).
    Dropped,
    /// It is meant: a pointer field, a list element, a map's value, a field of a custom resource.
    Kept,
}

/// How a strategic merge patch changes a value, where the Go type has the tag `patchStrategy` (apimachinery:
/// `pkg/util/strategicpatch`).
///
/// Without the tag objects and maps are merged field by field, and everything else is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PatchStrategy {
    /// The elements of the list are merged by the merge key, or by value where there is none.
    Merge,
    /// The object is replaced as a whole.
    Replace,
    /// Of the object only those fields stay that the patch names.
    RetainKeys,
    /// The elements of the list are merged, and of each only those fields stay that the patch names.
    MergeRetainKeys,
}

/// Where the facts of a table come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableOrigin {
    /// From the Go types of Kubernetes: every field that the server fills in is known.
    BuiltIn,
    /// From a schema that an API server publishes.
    Published,
    /// From a definition that the API server does not have yet.
    Defined,
}
