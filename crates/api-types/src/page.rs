//! Pages of lists.

use std::fmt::Display;

use hookwright_model::Page;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The query of a list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct PageQuery {
    /// The `next_cursor` of the page before; absent for the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cursor: Option<String>,
    /// The most items of the page, from 1 to 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u16, required = false, minimum = 1, maximum = 200)]
    pub limit: Option<String>,
}

/// One page. It may be short, even empty, although `next_cursor` says that more follow.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PageBody<T> {
    /// The items.
    pub data: Vec<T>,
    /// Where the next page begins; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T> PageBody<T> {
    /// A list that is one page.
    pub fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }

    /// A page with each item shown.
    pub fn of<'a, Item, Id: Display>(page: &'a Page<Item, Id>, show: impl Fn(&'a Item) -> T) -> Self {
        Self {
            data: page.items.iter().map(show).collect(),
            next_cursor: page.next.as_ref().map(ToString::to_string),
        }
    }
}
