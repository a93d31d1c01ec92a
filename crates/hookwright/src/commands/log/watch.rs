//! Which deliveries are new or have changed since the last look.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::Page;

/// What the last look at the newest deliveries saw.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Each delivery as it was.
    seen: HashMap<String, Box<RawValue>>,
    /// The oldest delivery seen, if there were older ones. What is older still is not new when it comes into view,
    /// as it does when the filter no longer lets a newer one through.
    oldest: Option<String>,
}

impl Watch {
    /// Takes the newest deliveries, the newest first, and gives those that are new or have changed, the oldest first.
    /// The first time, all are new.
    pub(super) fn changes(&mut self, window: &Page) -> Result<Vec<Box<RawValue>>> {
        let mut seen = HashMap::with_capacity(window.data.len());
        let mut changes = Vec::new();
        let mut oldest = None;
        for json in &window.data {
            let id = id(json)?;
            let changed = match self.seen.get(&id) {
                Some(before) => before.get() != json.get(),
                None => self.oldest.as_ref().is_none_or(|oldest| id > *oldest),
            };
            if changed {
                changes.push(json.clone());
            }
            oldest = window.next_cursor.is_some().then(|| id.clone());
            seen.insert(id, json.clone());
        }
        changes.reverse();
        self.seen = seen;
        self.oldest = oldest;
        Ok(changes)
    }

    /// Whether nothing of this page was there at the last look.
    pub(super) fn knows_none_of(&self, page: &Page) -> Result<bool> {
        for json in &page.data {
            if self.seen.contains_key(&id(json)?) {
                return Ok(false);
            }
        }
        Ok(!page.data.is_empty())
    }
}

/// The id; of two, the one of the newer delivery is greater.
fn id(delivery: &RawValue) -> Result<String> {
    #[derive(Deserialize)]
    struct Identified {
        id: String,
    }
    let identified: Identified =
        serde_json::from_str(delivery.get()).context("a delivery of the list has no id")?;
    Ok(identified.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deliveries as `id state`, and whether there are older ones.
    fn page(deliveries: &[&str], more: bool) -> Page {
        let json = |text: &&str| {
            let (id, state) = text.split_once(' ').unwrap();
            RawValue::from_string(format!(r#"{{"id":"{id}","state":"{state}"}}"#)).unwrap()
        };
        Page { data: deliveries.iter().map(json).collect(), next_cursor: more.then(|| "cursor".to_owned()) }
    }

    fn changes(watch: &mut Watch, deliveries: &[&str], more: bool) -> Vec<String> {
        let changes = watch.changes(&page(deliveries, more)).unwrap();
        changes.iter().map(|json| id(json).unwrap()).collect()
    }

    #[test]
    fn new_and_changed_deliveries_come_the_oldest_first() {
        let mut watch = Watch::default();
        assert_eq!(changes(&mut watch, &["2 pending", "1 delivered"], false), ["1", "2"]);
        assert!(changes(&mut watch, &["2 pending", "1 delivered"], false).is_empty());
        assert_eq!(changes(&mut watch, &["3 pending", "2 failed", "1 delivered"], false), ["2", "3"]);
    }

    #[test]
    fn an_old_delivery_that_comes_into_view_is_not_new() {
        let mut watch = Watch::default();
        assert_eq!(changes(&mut watch, &["5 pending", "3 pending"], true), ["3", "5"]);
        // 5 no longer passes the filter, 4 now does, and so the older 2 comes into view.
        assert_eq!(changes(&mut watch, &["4 pending", "3 pending", "2 pending"], true), ["4"]);
        assert!(changes(&mut watch, &["4 pending", "2 pending"], true).is_empty());
    }

    #[test]
    fn a_page_of_strangers_means_that_some_may_be_missed() {
        let mut watch = Watch::default();
        changes(&mut watch, &["1 pending"], false);
        assert!(watch.knows_none_of(&page(&["3 pending", "2 pending"], true)).unwrap());
        assert!(!watch.knows_none_of(&page(&["2 pending", "1 held"], true)).unwrap());
        assert!(!watch.knows_none_of(&page(&[], true)).unwrap());
    }
}
