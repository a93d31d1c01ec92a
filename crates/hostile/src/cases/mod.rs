//! The cases, by what they attack.

mod answers;
mod contract;
mod describe;
mod endless;
mod files;
mod memory;
mod pointers;
mod requests;
mod structure;
mod traps;
mod world;

use crate::case::Case;

/// An endless loop, as the body of any function.
const LOOP: &str = "(loop $again (br $again)) unreachable";

pub(crate) fn all() -> Vec<Case> {
    [
        endless::cases(),
        memory::cases(),
        traps::cases(),
        pointers::cases(),
        answers::cases(),
        requests::cases(),
        world::cases(),
        describe::cases(),
        contract::cases(),
        structure::cases(),
        files::cases(),
    ]
    .concat()
}
