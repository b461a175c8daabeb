//! Texts that remember where each part of them comes from.

use std::cell::OnceCell;

use super::super::key::{Gathered, Keys};
use super::{Kind, Origin};

/// A piece of text with one origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its bytes.
    pub len: usize,
    /// Where it comes from.
    pub origin: Origin,
}

/// What a piece takes beside its characters.
pub const PIECE_BYTES: usize = size_of::<Piece>();

/// Stands in a text for a hole within a line.
pub const HOLE: char = '\u{E000}';
/// Stands in a text for a hole that is indented, so that it may have several lines.
pub const BLOCK_HOLE: char = '\u{E001}';

/// A text whose pieces remember where they come from.
#[derive(Debug, Clone, Default)]
pub struct Text {
    characters: String,
    /// They cover the text without gaps. A piece may be empty: that of an empty value still says which key it is of.
    pieces: Vec<Piece>,
    /// How many of the pieces are not made longer by what follows.
    closed: usize,
    /// Whether a piece is not known.
    has_hole: bool,
    /// All keys of the pieces, once somebody asked for them.
    keys: OnceCell<Keys>,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.characters == other.characters && self.pieces == other.pieces
    }
}

impl Eq for Text {}

/// A place in a text, from which on its pieces are rewritten later.
#[derive(Debug)]
pub(in super::super) struct Mark {
    pieces: usize,
    at: usize,
    closed: usize,
}

impl Text {
    /// A text of one piece.
    pub fn of(text: impl Into<String>, origin: Origin) -> Self {
        let text = text.into();
        Self {
            has_hole: origin.kind == Kind::Hole,
            pieces: vec![Piece {
                len: text.len(),
                origin,
            }],
            characters: text,
            closed: 0,
            keys: OnceCell::new(),
        }
    }

    /// A text that stands in a template.
    pub fn literal(text: impl Into<String>) -> Self {
        Self::of(text, Origin::literal())
    }

    /// A text that is not known.
    pub fn hole(origin: Origin) -> Self {
        Self::of(HOLE, origin)
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.characters
    }

    /// About how much memory it takes.
    pub fn cost(&self) -> usize {
        let pieces = self.pieces.len().saturating_mul(PIECE_BYTES);
        size_of::<Self>() + pieces.saturating_add(self.characters.len())
    }

    /// The pieces, with their characters.
    pub fn pieces(&self) -> impl Iterator<Item = (&str, &Origin)> + Clone {
        let mut start = 0;
        self.pieces.iter().map(move |piece| {
            let end = start + piece.len;
            let text = self.characters.get(start..end).unwrap_or_default();
            start = end;
            (text, &piece.origin)
        })
    }

    /// Whether a part of it is not known.
    pub const fn has_hole(&self) -> bool {
        self.has_hole
    }

    /// Adds a piece.
    pub fn push(&mut self, text: &str, origin: &Origin) {
        self.characters.push_str(text);
        self.push_piece(text.len(), origin);
    }

    /// Adds the piece of characters that are there already, or makes the last one longer.
    fn push_piece(&mut self, len: usize, origin: &Origin) {
        self.keys.take();
        self.has_hole |= origin.kind == Kind::Hole;
        let is_open = self.pieces.len() > self.closed;
        match self.pieces.last_mut() {
            Some(last) if is_open && origin.key.is_none() && last.origin == *origin => last.len += len,
            _ => self.pieces.push(Piece {
                len,
                origin: origin.clone(),
            }),
        }
    }

    /// Adds what stands in a template.
    pub fn push_literal(&mut self, text: &str) {
        if !text.is_empty() {
            self.push(text, &Origin::literal());
        }
    }

    /// Adds another text.
    pub fn append(&mut self, other: &Self) {
        self.characters.push_str(&other.characters);
        let mut pieces = other.pieces.iter();
        if let Some(first) = pieces.next() {
            self.push_piece(first.len, &first.origin);
        }
        self.pieces.extend(pieces.cloned());
        self.has_hole |= other.has_hole;
    }

    /// Notes the place where the text ends now. What follows has pieces of its own, until [`Text::rewrite_from`].
    pub(in super::super) fn mark(&mut self) -> Mark {
        let mark = Mark {
            pieces: self.pieces.len(),
            at: self.characters.len(),
            closed: self.closed,
        };
        self.closed = mark.pieces;
        mark
    }

    /// Whether no character came after a place.
    pub(in super::super) fn is_at(&self, mark: &Mark) -> bool {
        self.characters.len() == mark.at
    }

    /// Rewrites the origins of all pieces since a place was noted; `None` leaves one as it is.
    pub(in super::super) fn rewrite_from(
        &mut self,
        mark: &Mark,
        mut rewrite: impl FnMut(&str, &Origin) -> Option<Origin>,
    ) {
        self.closed = mark.closed;
        let mut at = mark.at;
        let written = self.pieces.split_off(mark.pieces);
        for piece in written {
            let end = at + piece.len;
            let text = self.characters.get(at..end).unwrap_or_default();
            let origin = rewrite(text, &piece.origin).unwrap_or(piece.origin);
            at = end;
            self.push_piece(piece.len, &origin);
        }
    }

    /// The text with each piece rewritten; origins stay.
    #[must_use]
    pub fn map(&self, rewrite: impl Fn(&str) -> String) -> Self {
        let mut mapped = Self::default();
        for (text, origin) in self.pieces() {
            mapped.push(&rewrite(text), origin);
        }
        mapped
    }

    /// The text with each origin rewritten.
    #[must_use]
    pub fn map_origins(&self, rewrite: impl Fn(&str, &Origin) -> Origin) -> Self {
        let mut mapped = Self {
            characters: self.characters.clone(),
            ..Self::default()
        };
        for (text, origin) in self.pieces() {
            mapped.push_piece(text.len(), &rewrite(text, origin));
        }
        mapped
    }

    /// A part of it, by byte positions on character boundaries. A piece that is cut shows its key no longer.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let mut part = Self::default();
        let mut at = 0;
        for (text, origin) in self.pieces() {
            let (from, to) = (at.max(start), (at + text.len()).min(end));
            let is_whole = from == at && to == at + text.len();
            if from < to || (is_whole && text.is_empty() && from == to) {
                let kept = text.get(from - at..to - at).unwrap_or_default();
                if is_whole || origin.key.is_none() {
                    part.push(kept, origin);
                } else {
                    part.push(kept, &Origin::derived(origin.all_keys()));
                }
            }
            at += text.len();
        }
        part
    }

    /// Whose text it is as a whole: that of its only piece with characters, else one that is made of all its pieces.
    pub fn origin(&self) -> Origin {
        let mut filled = self.pieces().filter(|(text, _)| !text.is_empty());
        let only = match (filled.next(), filled.next()) {
            (Some((_, origin)), None) => Some(origin),
            (None, _) if self.pieces.len() == 1 => self.pieces.first().map(|piece| &piece.origin),
            _ => None,
        };
        if let Some(origin) = only {
            return origin.clone();
        }
        if self.has_hole() {
            Origin::hole(self.keys())
        } else {
            Origin::derived(self.keys())
        }
    }

    /// All keys that it hangs on.
    pub fn keys(&self) -> Keys {
        let gathered = || {
            let mut keys = Gathered::default();
            for origin in self.pieces.iter().map(|piece| &piece.origin) {
                keys.add_all(&origin.keys);
                origin.key.iter().for_each(|key| keys.add(key));
                if keys.are_many() {
                    break;
                }
            }
            keys.finish()
        };
        self.keys.get_or_init(gathered).clone()
    }
}
