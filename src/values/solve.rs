//! From the pieces of a field's text to the key, and to what it has to be set to.

use std::collections::BTreeSet;

use serde_json::Value;

use super::scalar::text_of;
use super::source_map::{Located, LocatedPiece};
use crate::template::key::Key;
use crate::template::traced::{HOLE, Kind};
use crate::vocabulary::NoKeyReason;

/// A key, and the text that it has to show.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Solution {
    /// The key.
    pub(super) key: Key,
    /// What it has to show; a part of the field's text where other pieces stand around it.
    pub(super) shows: String,
    /// Whether that is all of the field's text.
    pub(super) is_all: bool,
}

/// The text of a field in the pieces that it is made of, and the text that it has to become.
pub(super) struct Texts<'t> {
    /// The pieces.
    pub(super) pieces: &'t [LocatedPiece],
    /// Their texts, without holes.
    pub(super) shown: Vec<String>,
    /// What all of them have to show.
    pub(super) wanted: String,
}

impl<'t> Texts<'t> {
    /// The texts of a field that was deployed with this value, if the template gives that.
    pub(super) fn of(located: &'t Located, deployed: &Value, wanted: &Value) -> Result<Self, NoKeyReason> {
        let (Some(deployed), Some(wanted)) = (text_of(deployed), text_of(wanted)) else {
            return Err(NoKeyReason::NotEvaluated);
        };
        if !located.is_exact && !located.has_hole {
            return Err(NoKeyReason::NotEvaluated);
        }
        let texts = fill_hole(&located.pieces, &deployed).ok_or(NoKeyReason::NotEvaluated)?;
        let whole: String = texts.concat();
        if whole.trim() != deployed.trim() {
            return Err(NoKeyReason::Differs);
        }
        // White space at the ends is the template's.
        let (lead, tail) = ends(&whole);
        let wanted = if whole == deployed {
            wanted
        } else {
            format!("{lead}{}{tail}", wanted.trim())
        };
        Ok(Self {
            pieces: &located.pieces,
            shown: texts,
            wanted,
        })
    }

    /// The only key that makes the field show what is wanted.
    pub(super) fn solve(&self) -> Result<Solution, NoKeyReason> {
        let mut solutions = part_of_text(self.pieces, &self.shown, &self.wanted);
        if let Some(key) = only_key(self.pieces, &self.shown) {
            // White space around it is the template's.
            let without = solutions.into_iter().find(|solution| solution.key == key);
            return Ok(Solution {
                shows: without.map_or_else(|| self.wanted.clone(), |solution| solution.shows),
                key,
                is_all: true,
            });
        }
        solutions.dedup();
        match &mut solutions[..] {
            [solution] => Ok(solution.clone()),
            [] => Err(why_none(self.pieces, &self.shown, &self.wanted)),
            _ => Err(NoKeyReason::Ambiguous),
        }
    }
}

/// The pieces' texts. What a single hole stands for follows from what was deployed.
fn fill_hole(pieces: &[LocatedPiece], deployed: &str) -> Option<Vec<String>> {
    let mut texts: Vec<String> = pieces.iter().map(|piece| piece.text.clone()).collect();
    let holes: Vec<usize> = (0..pieces.len())
        .filter(|&position| pieces.get(position).is_some_and(is_hole))
        .collect();
    let (before, after) = match holes[..] {
        [] => return Some(texts),
        [hole] => (texts.get(..hole)?.concat(), texts.get(hole + 1..)?.concat()),
        _ => return None,
    };
    let deployed = deployed.trim_end();
    let filled = deployed
        .strip_prefix(before.trim_start())?
        .strip_suffix(after.trim_end())?;
    filled.clone_into(texts.get_mut(*holes.first()?)?);
    Some(texts)
}

fn is_hole(piece: &LocatedPiece) -> bool {
    piece.origin.kind == Kind::Hole || piece.text.contains(HOLE)
}

/// The keys that decide about pieces of a text without being shown by them, such as those of conditions.
pub(super) fn deciding_keys<'p>(pieces: impl IntoIterator<Item = &'p LocatedPiece>) -> BTreeSet<&'p Key> {
    pieces
        .into_iter()
        .flat_map(|piece| piece.origin.keys.iter())
        .collect()
}

/// The key whose value a piece shows.
pub(super) fn shows_key(piece: &LocatedPiece) -> Option<&Key> {
    match piece.origin.kind {
        Kind::Value | Kind::Default => piece.origin.key.as_ref(),
        // A hole with a key is a value that is not known, such as a default that is computed.
        Kind::Hole | Kind::Literal | Kind::Derived | Kind::Alternative => None,
    }
}

fn ends(text: &str) -> (&str, &str) {
    let lead = text.len() - text.trim_start().len();
    let tail = text.trim_end().len().max(lead);
    (
        text.get(..lead).unwrap_or_default(),
        text.get(tail..).unwrap_or_default(),
    )
}

/// The key whose value is the whole text.
fn only_key(pieces: &[LocatedPiece], texts: &[String]) -> Option<Key> {
    let mut filled = pieces
        .iter()
        .zip(texts)
        .filter(|(_, text)| !text.trim().is_empty());
    match (filled.next(), filled.next()) {
        (Some((piece, _)), None) => piece.is_whole.then(|| shows_key(piece).cloned())?,
        (None, _) => {
            let mut keys = pieces.iter().filter_map(shows_key);
            let key = keys.next()?;
            keys.all(|other| other == key).then(|| key.clone())
        }
        (Some(_), Some(_)) => None,
    }
}

/// The keys that explain the whole difference while all the rest stays.
fn part_of_text(pieces: &[LocatedPiece], texts: &[String], wanted: &str) -> Vec<Solution> {
    let mut solutions: Vec<Solution> = Vec::new();
    for (position, piece) in pieces.iter().enumerate() {
        let Some(key) = shows_key(piece).filter(|_| piece.is_whole) else {
            continue;
        };
        let before = texts.get(..position).unwrap_or_default().concat();
        let after = texts.get(position + 1..).unwrap_or_default().concat();
        let shows = wanted
            .strip_prefix(&before)
            .and_then(|rest| rest.strip_suffix(&after));
        let Some(shows) = shows.filter(|shows| !shows.is_empty()) else {
            continue;
        };
        let solution = Solution {
            key: key.clone(),
            shows: shows.to_owned(),
            is_all: false,
        };
        if !solutions.contains(&solution) {
            solutions.push(solution);
        }
    }
    solutions
}

/// Why no key gives the wanted text: what the pieces are that would have to change.
fn why_none(pieces: &[LocatedPiece], texts: &[String], wanted: &str) -> NoKeyReason {
    let whole = texts.concat();
    let same_start = common_prefix(&whole, wanted);
    let rest = wanted.get(same_start..).unwrap_or_default();
    let rest_of_whole = whole.get(same_start..).unwrap_or_default();
    let same_end = common_suffix(rest_of_whole, rest);
    let is_insertion = same_start + same_end == whole.len();
    let changed = same_start..(whole.len() - same_end).max(same_start + 1);
    let mut start = 0;
    let (mut is_literal, mut has_key, mut has_hole) = (true, false, false);
    for (piece, text) in pieces.iter().zip(texts) {
        let end = start + text.len();
        if start < changed.end && end > changed.start {
            is_literal &= piece.origin.kind == Kind::Literal;
            has_key |= shows_key(piece).is_some();
            has_hole |= is_hole(piece);
        } else if start <= changed.end && end >= changed.start {
            // What came may belong to the value beside it.
            let is_beside = is_insertion || start == end;
            is_literal &= piece.origin.kind == Kind::Literal || !is_beside;
        }
        start = end;
    }
    if has_hole {
        NoKeyReason::NotEvaluated
    } else if is_literal {
        NoKeyReason::SetByChart
    } else if has_key {
        NoKeyReason::SeveralKeys
    } else {
        NoKeyReason::NotEvaluated
    }
}

fn common_prefix(one: &str, other: &str) -> usize {
    one.char_indices()
        .zip(other.chars())
        .find(|((_, one), other)| one != other)
        .map_or_else(|| one.len().min(other.len()), |((at, _), _)| at)
}

fn common_suffix(one: &str, other: &str) -> usize {
    one.chars()
        .rev()
        .zip(other.chars().rev())
        .take_while(|(one, other)| one == other)
        .map(|(one, _)| one.len_utf8())
        .sum()
}
