//! Write a Hookwright mapping in Rust.
//!
//! A mapping turns one event into the requests that one target understands. Implement [`Mapping`] on a unit struct,
//! name it in [`export!`], build for `wasm32-wasip2`, and upload the component. `plugins/README.md` shows a whole one;
//! [`testing`] runs it under `cargo test`, without WebAssembly.
//!
//! A mapping with several requests reads from top to bottom: [`History::call`] gives the reply if the request has been
//! answered, and otherwise leaves the function, so that the host sends it and comes back.
//!
//! ```
//! use hookwright_sdk::{Action, Description, Event, History, Mapping, Request, Stop};
//!
//! struct Tickets;
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Settings {}
//!
//! impl Mapping for Tickets {
//!     type Settings = Settings;
//!
//!     fn describe() -> Description {
//!         Description { title: "Tickets", summary: "A lead becomes a ticket.", url: "https://example.com", headers: &[] }
//!     }
//!
//!     fn transform(event: &Event, _: &Settings, so_far: &History) -> Result<Action, Stop> {
//!         let ticket = serde_json::json!({ "subject": event.lead.title() });
//!         let created = so_far.call(Request::post("create-ticket").path("/tickets").json(&ticket))?;
//!         Ok(Action::done(format!("ticket/{}", created.id("/id")?), None))
//!     }
//! }
//!
//! hookwright_sdk::export!(Tickets);
//! ```

#[doc(hidden)]
pub mod bindings;
pub mod field;
mod guest;
mod history;
mod lead;
pub mod log;
mod mapping;
mod payload;
pub mod phone;
mod refusal;
mod reply;
mod request;
mod seek;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
pub mod text;
pub mod time;
mod web;

pub use bindings::exports::hookwright::mapping::lead_created::{Event, Lead};
pub use bindings::hookwright::mapping::types::{
    Action, Delay, Failure, Header, History, Method, Receipt, Reply, Request,
};
#[doc(hidden)]
#[cfg(not(target_family = "wasm"))]
pub use guest::check;
pub use history::Calls;
pub use mapping::{Description, HeaderHint, Mapping, Stop};
pub use refusal::{Draft, Refused, Written, named_columns, refused_lines, without_refused};

/// The examples of the author's guide compile and pass.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Guide;
