//! The words that the parts of a preview share.

use super::surroundings::Obstacle;
use crate::classify::blocked::{Block, ContestedField};
use crate::model::PreviewReason;
use crate::object::ObjectKey;
use crate::vocabulary::PreviewCause;

/// A reason about the release.
pub(super) const fn reason(code: PreviewCause, message: String) -> PreviewReason {
    PreviewReason {
        code,
        object: None,
        message,
    }
}

/// A reason about an object.
pub(super) fn reason_at(key: &ObjectKey, code: PreviewCause, message: String) -> PreviewReason {
    PreviewReason {
        code,
        object: Some(key.to_string()),
        message,
    }
}

/// What stands around the objects, as a reason.
pub(super) fn reason_of(obstacle: &Obstacle) -> PreviewReason {
    PreviewReason {
        code: obstacle.cause,
        object: obstacle.object.as_ref().map(ToString::to_string),
        message: obstacle.message.clone(),
    }
}

/// A reason in one sentence, with its object.
pub(super) fn told(reason: &PreviewReason) -> String {
    match &reason.object {
        Some(object) => format!("{object}: {}", reason.message),
        None => reason.message.clone(),
    }
}

/// Why Helm's write of an object fails.
pub(super) fn block_words(block: &Block) -> String {
    match block {
        Block::Conflict(fields) => match fields.as_slice() {
            [] => "other managers own fields that Helm would write".to_owned(),
            [ContestedField { path, owner }] => format!("{owner} owns {path}, which Helm would write"),
            [ContestedField { path, owner }, rest @ ..] => format!(
                "{owner} owns {path}, which Helm would write, and {} more {} owned by others",
                rest.len(),
                if rest.len() == 1 { "field is" } else { "fields are" }
            ),
        },
        Block::Refused { path, rule } if path.is_empty() => rule.clone(),
        Block::Refused { path, rule } => format!("{path}: {rule}"),
    }
}
