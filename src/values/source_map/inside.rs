//! Mappings that are written in the text of a field, such as a file in a `ConfigMap`.

use std::rc::Rc;

use serde_json::Value;

use super::changes::{Comparison, Difference};
use super::holes::{self, Readable};
use super::located::as_one;
use super::source::Source;
use super::{Document, Located};
use crate::compare::path::FieldPath;
use crate::template::traced::Text;
use crate::yaml::located::Content;
use crate::yaml::{Limits, Repairs};

/// How many differences between two texts are told. Texts with more have been replaced, not edited.
const MOST_DIFFERENCES: usize = 1000;

/// Bytes of text that may be read again, with the holes of a text in another form.
const REREAD: usize = 4 << 20;

/// The mapping in the text of a field.
pub(super) fn embedded(field: &Located, limits: &Limits) -> Option<Document> {
    let Value::String(text) = &field.value else {
        return None;
    };
    if !is_worth_it(text) {
        return None;
    }
    let source = if field.is_exact {
        Source::of_pieces(&field.pieces)
    } else {
        Source::of_pieces(&[as_one(field, text)])
    };
    Some(Document::of(Rc::new(mapping(&source, limits)?)))
}

/// A mapping is looked for in texts of several lines, and in what may be JSON.
fn is_worth_it(text: &str) -> bool {
    text.contains('\n') || text.trim_start().starts_with('{')
}

/// A text that is one mapping and nothing else.
fn mapping(source: &Source, limits: &Limits) -> Option<Readable> {
    let body = holes::read(source, limits, &mut Repairs::default(), &mut { REREAD })?;
    let root = body.tree.node(body.tree.root())?;
    (matches!(root.content, Content::Mapping(_)) && !body.tree.has_more).then_some(body)
}

/// Which fields differ between two texts that are mappings in YAML or JSON, as Helm reads these. Comments and the way in which it
/// is written make no difference. `None` if one is no mapping, has several documents, or if very many fields differ.
pub fn differences_inside(deployed: &str, live: &str, limits: &Limits) -> Option<Vec<Difference>> {
    if !is_worth_it(deployed) || !is_worth_it(live) {
        return None;
    }
    let read = |text: &str| mapping(&Source::of(&Text::literal(text)), limits);
    let (before, after) = (read(deployed)?, read(live)?);
    let mut comparison = Comparison {
        before: &before,
        after: &after,
        most: MOST_DIFFERENCES,
        found: Vec::new(),
    };
    comparison.nodes(&FieldPath::root(), super::root(&before), super::root(&after));
    (comparison.found.len() < MOST_DIFFERENCES).then_some(comparison.found)
}
