//! Manifests as Helm understands them: a YAML document to the JSON value that the API server was sent.
//!
//! Helm and kubectl read manifests with `YAMLOrJSONDecoder` (apimachinery, `util/yaml/decoder.go`), which converts
//! each document by `YAMLToJSON` (sigs.k8s.io/yaml, `yaml.go`), which decodes it with go-yaml v2. A comparison with
//! the live object is only right if the same text means the same thing: `0644` is 420, `on` is true, the last of
//! two equal keys wins, a merge key overrides the keys before it. No general YAML library in Rust does.
//! Hence this module's three parts: `event` is the syntax (a port of libyaml, as go-yaml's scanner is), `resolve`
//! the meaning of scalars, `compose` the structure.
//!
//! A stored manifest is hostile input. Depth, nodes and copied text are limited, the parser's panics are caught
//! and kept off stderr, and no error carries any of the text, which may be a Secret's.

mod compose;
mod event;
mod json;
pub mod located;
mod quiet;
mod repair;
mod resolve;

use serde_json::Value;
use thiserror::Error;

use crate::weight::{MAX_VALUE, TooHeavy};

/// Directives at the beginning of a document. The parser compares each with all before it; Helm's manifests have none.
const MAX_DIRECTIVES: usize = 64;

/// How much of a document is read before it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Levels of nesting. Go stops at 10,000; the deepest object of any known chart, a CRD, has 35.
    pub depth: usize,
    /// Nodes, with every copy that an anchor or an alias makes. The largest known CRD has 46,000.
    pub nodes: usize,
    /// Bytes of text in those copies.
    pub copied_bytes: usize,
    /// The memory that the value and the copies may take.
    pub weight: usize,
}

impl Default for Limits {
    /// Limits that every object that fits into etcd satisfies, with a wide margin.
    fn default() -> Self {
        Self {
            depth: 100,
            nodes: 1_000_000,
            copied_bytes: 32 << 20,
            weight: MAX_VALUE,
        }
    }
}

/// A place in a document, counted from one; the line is that of the document, not of the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextPosition {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl std::fmt::Display for TextPosition {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// Why a document could not be read. No variant holds any of its text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum YamlError {
    /// The text is not YAML.
    #[error("invalid YAML at {at}: {problem}")]
    Syntax {
        /// Where the problem was noticed.
        at: TextPosition,
        /// The parser's fixed wording.
        problem: &'static str,
    },
    /// An explicit tag does not fit, such as `!!int x`.
    #[error("the value at {at} is not of the type its tag asks for")]
    Tag {
        /// The value.
        at: TextPosition,
    },
    /// A `!!binary` value is not base64.
    #[error("the !!binary value at {at} is not valid base64")]
    Base64 {
        /// The value.
        at: TextPosition,
    },
    /// A value is `.inf` or `.nan`.
    #[error("the number at {at} is not finite, which JSON cannot express")]
    NotFinite {
        /// The value.
        at: TextPosition,
    },
    /// A key is null, a collection, or an integer beyond 64 bits with a sign.
    #[error("the key at {at} cannot be the name of a JSON field")]
    Key {
        /// The key.
        at: TextPosition,
    },
    /// A merge key's value is neither a mapping nor a sequence of mappings.
    #[error("the merge key `<<` needs a mapping or a sequence of mappings at {at}")]
    Merge {
        /// The value.
        at: TextPosition,
    },
    /// An alias names an anchor that does not stand before it.
    #[error("the alias at {at} refers to an unknown anchor")]
    UnknownAnchor {
        /// The alias.
        at: TextPosition,
    },
    /// An alias stands inside the node it refers to.
    #[error("the alias at {at} refers to the node it is part of")]
    ContainsItself {
        /// The alias.
        at: TextPosition,
    },
    /// go-yaml's guard against documents that grow by aliases.
    #[error("excessive aliasing, noticed at {at}")]
    ExcessiveAliasing {
        /// Where the guard struck.
        at: TextPosition,
    },
    /// [`Limits::depth`] is exceeded.
    #[error("nested deeper than {limit} levels at {at}")]
    TooDeep {
        /// The first node beyond the limit.
        at: TextPosition,
        /// The limit.
        limit: usize,
    },
    /// [`Limits::nodes`] is exceeded.
    #[error("more than {limit} nodes, reached at {at}")]
    TooManyNodes {
        /// The first node beyond the limit.
        at: TextPosition,
        /// The limit.
        limit: usize,
    },
    /// [`Limits::copied_bytes`] is exceeded.
    #[error("anchors and aliases copy more than {limit} bytes of text, reached at {at}")]
    TooMuchCopied {
        /// The anchored node or the alias.
        at: TextPosition,
        /// The limit.
        limit: usize,
    },
    /// [`Limits::weight`] is exceeded.
    #[error(transparent)]
    TooHeavy(#[from] TooHeavy),
    /// There are more directives than any document has.
    #[error("more than {limit} directives")]
    TooManyDirectives {
        /// The limit.
        limit: usize,
    },
    /// The parser gave up without saying where.
    #[error("the YAML parser failed on this document")]
    ParserFailed,
}

/// Parses one YAML document as Helm does: to JSON.
///
/// A stream of documents has to be split before. Only the first document of the text counts, as in go-yaml's
/// `Unmarshal`; a text without any is null, and Helm skips it (`StreamVisitor.Visit` in cli-runtime). A text that
/// starts with `{` is tried as JSON first and as YAML when that fails.
///
/// The result equals what a JSON parser reads from kubectl's output for the same text, numbers included: an
/// integer beyond 64 bits with a sign has become a float, and a float without fraction an integer.
pub fn parse_document(text: &str, limits: &Limits) -> Result<Value, YamlError> {
    parse_with_repairs(text, limits, &mut Repairs::default())
}

/// The work that is left for the repairs of documents: for each repair, the text is read anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repairs {
    /// Bytes of text that may be read again.
    reread: usize,
}

impl Default for Repairs {
    /// A second of work, far more than any chart needs.
    fn default() -> Self {
        Self { reread: 16 << 20 }
    }
}

/// Parses one YAML document as [`parse_document`] does. Documents of one release share what is left for repairs.
pub fn parse_with_repairs(text: &str, limits: &Limits, repairs: &mut Repairs) -> Result<Value, YamlError> {
    if json::looks_like_json(text)
        && let Some(value) = json::parse(text, limits)?
    {
        return Ok(value);
    }
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if directives(text) > MAX_DIRECTIVES {
        return Err(YamlError::TooManyDirectives {
            limit: MAX_DIRECTIVES,
        });
    }
    let unix;
    let text = if text.contains("\r\n") {
        unix = text.replace("\r\n", "\n");
        unix.as_str()
    } else {
        text
    };
    quiet::catch(|| compose::compose(event::Events::new(text, &mut repairs.reread), limits))
        .unwrap_or(Err(YamlError::ParserFailed))
}

/// How many directives stand before a document's content, among comments and empty lines.
fn directives(text: &str) -> usize {
    let head = text.split(['\n', '\r']).take_while(|line| {
        line.starts_with('%') || line.trim_start().is_empty() || line.trim_start().starts_with('#')
    });
    head.filter(|line| line.starts_with('%')).count()
}

#[cfg(test)]
mod tests;
