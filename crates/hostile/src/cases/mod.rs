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

/// Every case, in the order of what it attacks.
pub fn catalogue() -> Vec<Case> {
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::case::Verdict;

    #[test]
    fn names_are_unique_and_every_case_says_what_stops_it() {
        let cases = catalogue();
        let names: HashSet<&str> = cases.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), cases.len());
        assert!(cases.len() >= 60, "{} cases", cases.len());
        for case in &cases {
            assert!(case.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            assert!(!case.limit.is_empty() && !case.words.is_empty(), "{}", case.name);
            assert!(!matches!(case.verdict, Verdict::Differs | Verdict::Unavailable), "{}", case.name);
        }
    }
}
