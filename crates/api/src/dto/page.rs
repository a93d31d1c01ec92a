//! Pages of lists.

use std::fmt::Display;
use std::str::FromStr;

use hookwright_model::{Page, PageRequest};
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

/// `?cursor=…&limit=…`
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PageQuery {
    cursor: Option<String>,
    limit: Option<String>,
}

impl PageQuery {
    pub(crate) fn request<Id: FromStr<Err: Display>>(&self) -> Result<PageRequest<Id>, Problem> {
        let limit = match &self.limit {
            None => DEFAULT_LIMIT,
            Some(text) => {
                text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
                    Problem::invalid("", format!("`limit` is a number from 1 to {MAX_LIMIT}"))
                })?
            }
        };
        let after = match self.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
            None => None,
            Some(cursor) => Some(cursor.parse().map_err(|_| {
                Problem::invalid("", "`cursor` is the `next_cursor` of the page before, as it was given")
            })?),
        };
        Ok(PageRequest { after, limit })
    }
}

/// One page. It may be short, even empty, although `next_cursor` says that more follow.
#[derive(Debug, Serialize)]
pub(crate) struct PageDto<T> {
    data: Vec<T>,
    next_cursor: Option<String>,
}

impl<T> PageDto<T> {
    pub(crate) fn new<'a, Item, Id: Display>(page: &'a Page<Item, Id>, show: impl Fn(&'a Item) -> T) -> Self {
        Self {
            data: page.items.iter().map(show).collect(),
            next_cursor: page.next.as_ref().map(ToString::to_string),
        }
    }
}
