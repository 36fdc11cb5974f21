//! Chance that a seed decides: the same seed, the same throws.

/// A SplitMix64 generator. Nothing here needs good randomness, only randomness that comes again.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_F491_4F6C_DD1D).wrapping_add(0x9E37_79B9_7F4A_7C15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end)).expect("below a u32")
    }

    /// A number from `first` to `last`, both included.
    pub fn between(&mut self, first: u32, last: u32) -> u32 {
        first + self.below(last - first + 1)
    }

    /// True in so many of a thousand cases.
    pub fn chance(&mut self, of_1000: u32) -> bool {
        self.below(1_000) < of_1000
    }

    /// One of these; none of nothing.
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let end = u32::try_from(from.len()).ok().filter(|len| *len > 0)?;
        from.get(usize::try_from(self.below(end)).ok()?).cloned()
    }
}
