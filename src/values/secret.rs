//! Fields of Secrets. The API server keeps their bytes as base64; templates write them so, or as text (`stringData`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::question::{Question, Template};
use super::solve::deciding_keys;
use super::{AskedField, Suggestion, changed, removed};
use crate::compare::path::{FieldPath, Segment};
use crate::vocabulary::NoKeyReason;

/// The most keys that are tried.
const MAX_TRIED: usize = 6;

/// The key behind an entry of a Secret, where the template gives a text of which the API server made base64, or where it makes
/// base64 of a key; `None` for whatever else a field is.
pub(super) fn suggestion(question: Question<'_>) -> Option<Result<Suggestion, NoKeyReason>> {
    let object = &question.asked.key.gvk;
    let [Segment::Key(data), Segment::Key(entry)] = question.field.path.segments() else {
        return None;
    };
    if object.kind != "Secret" || !object.group().is_empty() || data != "data" {
        return None;
    }
    let Template::Known(template) = question.template() else {
        return None;
    };
    let map = question.session.source_map(template)?;
    let document = question.document(&map)?;
    let AskedField { deployed, live, .. } = question.field;
    let (deployed, live) = (decoded(deployed.as_ref())?, decoded(live.as_ref()));
    let plain = FieldPath::root().key("stringData").key(entry);
    if document.field(&plain).is_some() {
        let field = AskedField {
            path: plain,
            deployed: Some(deployed.clone()),
            live: live.clone(),
        };
        let question = Question {
            field: &field,
            ..question
        };
        return Some(match &live {
            Some(live) => changed::suggestion(question, &deployed, live),
            None => removed::suggestion(question),
        });
    }
    let live = live?;
    let located = document.field(&question.field.path)?;
    let keys = deciding_keys(&located.pieces);
    let tries = keys.into_iter().map(|key| (key.clone(), live.clone()));
    question.best_of(tries.take(MAX_TRIED)).ok().map(Ok)
}

/// The text in the bytes of an entry.
fn decoded(entry: Option<&Value>) -> Option<Value> {
    let bytes = STANDARD.decode(entry?.as_str()?).ok()?;
    String::from_utf8(bytes).ok().map(Value::String)
}
