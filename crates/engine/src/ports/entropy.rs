//! Randomness.

/// A source of random bytes, unpredictable in the service and seeded in a simulation.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy {
    /// So many random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number, uniform over all 64-bit values.
    pub fn next_u64(&self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }
}
