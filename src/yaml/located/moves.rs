//! Places in a text that was rewritten before it was read.

/// By how much the places in a text that was rewritten to be read differ from those in the given one.
pub(super) struct Moves(Vec<(usize, isize)>);

impl Moves {
    /// Goes through both texts. They differ by the byte order mark, by `\r` before `\n`, by backslashes before
    /// apostrophes, and by characters that stand for a colon.
    pub(super) fn between(given: &str, read: &str) -> Self {
        let mut moves = Vec::new();
        if given.len() == read.len() {
            return Self(moves);
        }
        let (mut own, mut other) = (given.char_indices(), read.char_indices().peekable());
        while let Some((from, character)) = own.next() {
            let Some(&(to, counterpart)) = other.peek() else {
                break;
            };
            if character == counterpart {
                other.next();
                continue;
            }
            if character == ':' {
                other.next();
                moves.push((
                    to + counterpart.len_utf8(),
                    shift(from + 1, to + counterpart.len_utf8()),
                ));
            } else {
                // Left out of what is read: what ends before it stays, what begins after it moves.
                let at = if from == 0 { 0 } else { to + 1 };
                moves.push((at, shift(from + character.len_utf8(), to)));
            }
        }
        Self(moves)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The place in the given text.
    pub(super) fn given(&self, read: usize) -> usize {
        let before = self.0.partition_point(|(at, _)| *at <= read);
        let shift = before
            .checked_sub(1)
            .and_then(|last| self.0.get(last))
            .map_or(0, |(_, shift)| *shift);
        read.saturating_add_signed(shift)
    }
}

/// How far a place moves.
fn shift(to: usize, from: usize) -> isize {
    isize::try_from(to).unwrap_or(isize::MAX) - isize::try_from(from).unwrap_or(isize::MAX)
}
