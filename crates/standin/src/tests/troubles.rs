use std::collections::HashSet;

use crate::{Means, PLAIN, VENDORS};

#[test]
fn every_vendor_says_not_now_and_asks_for_a_person_under_names_of_its_own() {
    for listing in VENDORS.iter().chain([&PLAIN]) {
        let troubles = (listing.open)().troubles();
        let names: HashSet<&str> = troubles.iter().map(|trouble| trouble.name).collect();
        assert_eq!(names.len(), troubles.len(), "{}", listing.name);
        let has = |wanted: fn(Means) -> bool| troubles.iter().any(|trouble| wanted(trouble.means));
        assert!(has(|means| matches!(means, Means::Later(_))), "{}", listing.name);
        assert!(has(|means| means == Means::Person), "{}", listing.name);
    }
}
