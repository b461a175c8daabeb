//! Numbers that look like chance, the same ones for the same seed.

/// A small generator of numbers (`SplitMix64`).
pub(crate) struct Dice {
    state: u64,
    /// Of so many throws the number is given that [`Dice::happens`] takes.
    throws: usize,
}

impl Dice {
    /// The dice for one of the things that are made up from a seed.
    pub(crate) const fn new(seed: u64, number: usize, throws: usize) -> Self {
        Self {
            state: seed.wrapping_mul(1_000_003).wrapping_add(number as u64),
            throws,
        }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    /// Whether something happened that happens in this many of the throws.
    pub(crate) fn happens(&mut self, in_throws: usize) -> bool {
        self.below(self.throws) < in_throws
    }

    pub(crate) fn pick<'v, T>(&mut self, from: &'v [T]) -> &'v T {
        &from[self.below(from.len())]
    }
}
