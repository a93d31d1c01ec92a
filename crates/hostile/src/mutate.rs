//! Components changed by chance, always in the same way for the same seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use wasmparser::{Parser, Payload};

/// One changed component.
///
/// # Panics
/// When there is none to change, or an empty one.
pub fn mutant(seed: u64, originals: &[&[u8]]) -> Vec<u8> {
    let mut chance = Chance(ChaCha8Rng::seed_from_u64(seed));
    let mut bytes = originals[chance.below(originals.len())].to_vec();
    // Mostly one change, so that most of the component is still there to be reached.
    for _ in 0..=chance.below(3) {
        match chance.below(6) {
            0 => flip(&mut chance, &mut bytes),
            1 => overwrite(&mut chance, &mut bytes),
            2 => bytes.truncate(chance.below(bytes.len())),
            3 => swap_sections(&mut chance, &mut bytes),
            4 => repeat_section(&mut chance, &mut bytes),
            _ => splice(&mut chance, &mut bytes, originals),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

struct Chance(ChaCha8Rng);

impl Chance {
    /// A number below `end`, or 0.
    fn below(&mut self, end: usize) -> usize {
        let random = usize::try_from(self.0.next_u64() >> 1).unwrap_or_default();
        random.checked_rem(end).unwrap_or_default()
    }
}

fn flip(chance: &mut Chance, bytes: &mut [u8]) {
    for _ in 0..=chance.below(8) {
        let at = chance.below(bytes.len());
        bytes[at] ^= 1 << chance.below(8);
    }
}

fn overwrite(chance: &mut Chance, bytes: &mut [u8]) {
    let at = chance.below(bytes.len());
    let end = (at + 1 + chance.below(8)).min(bytes.len());
    // The ends of number ranges find more than numbers from their middle.
    match chance.below(3) {
        0 => bytes[at..end].fill(0xff),
        1 => bytes[at..end].fill(0),
        _ => chance.0.fill_bytes(&mut bytes[at..end]),
    }
}

/// Where the sections of the outermost component lie, headers included.
fn sections(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    const HEADER_BYTES: usize = 8;
    let mut ends = vec![HEADER_BYTES];
    let mut parser = Parser::new(0);
    let mut depth = 0_usize;
    for payload in parser_payloads(&mut parser, bytes) {
        match payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            other if depth == 1 => ends.extend(other.as_section().map(|(_, range)| range.end)),
            _ => {}
        }
    }
    ends.dedup();
    ends.windows(2)
        .filter(|ends| ends[0] < ends[1] && ends[1] <= bytes.len())
        .map(|ends| ends[0]..ends[1])
        .collect()
}

/// What can be read of a component before it makes no sense.
fn parser_payloads<'a>(parser: &mut Parser, bytes: &'a [u8]) -> Vec<Payload<'a>> {
    parser.clone().parse_all(bytes).map_while(Result::ok).collect()
}

fn swap_sections(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let sections = sections(bytes);
    if sections.len() < 2 {
        return;
    }
    let first = chance.below(sections.len() - 1);
    let second = first + 1 + chance.below(sections.len() - 1 - first);
    let (a, b) = (sections[first].clone(), sections[second].clone());
    let swapped =
        [&bytes[..a.start], &bytes[b.clone()], &bytes[a.end..b.start], &bytes[a.clone()], &bytes[b.end..]];
    *bytes = swapped.concat();
}

fn repeat_section(chance: &mut Chance, bytes: &mut Vec<u8>) {
    let sections = sections(bytes);
    if let Some(section) = sections.get(chance.below(sections.len())) {
        let repeated = bytes[section.clone()].to_vec();
        bytes.splice(section.end..section.end, repeated);
    }
}

/// The beginning of one component with the end of another.
fn splice(chance: &mut Chance, bytes: &mut Vec<u8>, originals: &[&[u8]]) {
    let other = originals[chance.below(originals.len())];
    let (own, theirs) = (sections(bytes), sections(other));
    let (Some(here), Some(there)) =
        (own.get(chance.below(own.len())), theirs.get(chance.below(theirs.len())))
    else {
        return;
    };
    bytes.truncate(here.start);
    bytes.extend_from_slice(&other[there.start..]);
}
