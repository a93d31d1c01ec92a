//! Code of components that was compiled when this program was built, and travels in it.
//!
//! It is `digest of the component (32 bytes) | code`. wasmtime itself checks that its version, its settings and the processor
//! fit; what does not fit is compiled again, like any other component.

use std::collections::HashMap;

use hookwright_model::Digest;

/// The code by component.
pub(crate) struct Precompiled(HashMap<Digest, &'static [u8]>);

impl Precompiled {
    pub(crate) fn new(codes: impl IntoIterator<Item = &'static [u8]>) -> Self {
        let split = |code: &'static [u8]| {
            let (digest, code) = code.split_first_chunk()?;
            Some((Digest::from_bytes(*digest), code))
        };
        Self(codes.into_iter().filter_map(split).collect())
    }

    /// The code of a component that travels in this program.
    pub(crate) fn get(&self, component: Digest) -> Option<&'static [u8]> {
        self.0.get(&component).copied()
    }
}
