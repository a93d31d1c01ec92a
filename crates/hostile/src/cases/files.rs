//! Files that are no components, or not whole ones.

use bytes::Bytes;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::case::{Case, Verdict};
use crate::guest::Guest;

const VALID: &str = "a valid component";

/// A case with these bytes.
macro_rules! file {
    ($name:literal, $words:literal, $bytes:expr) => {
        Case { name: $name, limit: VALID, verdict: Verdict::Refused, words: &[$words], build: || $bytes }
    };
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        file!("empty-file", "not WebAssembly", Bytes::new()),
        file!("magic-bytes-alone", "it was cut", Bytes::from_static(b"\0asm")),
        file!("text-file", "not WebAssembly", Bytes::from_static(b"(component)")),
        file!("compressed-file", "not WebAssembly", Bytes::from_static(b"\x1f\x8b\x08\0\0\0\0\0\0\x03")),
        file!(
            "program-of-the-machine",
            "not WebAssembly",
            Bytes::from_static(b"\x7fELF\x02\x01\x01\0\0\0\0\0")
        ),
        file!("core-module", "core WebAssembly module", Guest::default().module().into()),
        file!("random-bytes", "not WebAssembly", random(b"")),
        file!("random-bytes-after-the-header", "not a valid component", random(b"\0asm\x0d\0\x01\0")),
        file!("component-cut-in-half", "not a valid component", {
            let whole = Guest::default().build();
            whole.slice(..whole.len() / 2)
        }),
        file!("component-without-its-last-byte", "not a valid component", {
            let whole = Guest::default().build();
            whole.slice(..whole.len() - 1)
        }),
        file!("component-with-a-tail", "not a valid component", {
            [&Guest::default().build()[..], b"and more"].concat().into()
        }),
        file!("component-twice", "not a valid component", {
            let whole = Guest::default().build();
            [&whole[..], &whole].concat().into()
        }),
        file!("section-longer-than-the-file", "not a valid component", {
            Bytes::from_static(b"\0asm\x0d\0\x01\0\x01\xff\xff\xff\xff\x0fx")
        }),
        file!("section-length-that-never-ends", "not a valid component", {
            Bytes::from_static(b"\0asm\x0d\0\x01\0\x01\xff\xff\xff\xff\xff\xff\xff\xff")
        }),
        file!("section-that-does-not-exist", "a section of kind 127", {
            Bytes::from_static(b"\0asm\x0d\0\x01\0\x7f\x01x")
        }),
        Case {
            name: "file-too-large",
            limit: "component file",
            verdict: Verdict::TooLarge,
            words: &["at most"],
            build: || vec![0; 64 << 20].into(),
        },
    ]
}

fn random(header: &[u8]) -> Bytes {
    let mut bytes = vec![0; 4_096];
    rand_chacha::ChaCha8Rng::seed_from_u64(7).fill_bytes(&mut bytes);
    [header, &bytes].concat().into()
}
