//! The condition of a store.

/// The condition of a store, cheap to ask for. Every problem is a sentence for the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreHealth {
    /// Why changes are not carried out: the writer has ended, does not move, or the file is damaged.
    pub writer: Option<String>,
    /// Why the disk takes no new events: it is full or failing. What was accepted goes on as far as it can.
    pub disk: Option<String>,
}

impl StoreHealth {
    /// Everything that is wrong; nothing for a store that takes new events.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.writer.as_deref().into_iter().chain(self.disk.as_deref())
    }
}
