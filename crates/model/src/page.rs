//! Pages of a list that may be long.

/// Which page is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest<Id> {
    /// The last id of the page before; none for the first page.
    pub after: Option<Id>,
    /// The most items wanted.
    pub limit: usize,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, Id> {
    /// The items. There may be fewer than were asked for, even none, although more follow: a filter stops reading
    /// after a bounded number of records.
    pub items: Vec<T>,
    /// Where the next page starts; none when the list ends here.
    pub next: Option<Id>,
}
