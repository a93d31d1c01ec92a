//! Stand-in targets that refuse what the vendors refuse, for tests and the demo.
//!
//! [`Standin::start`] serves a [`Target`] on a port of its own until the returned [`Running`] is dropped. A running
//! stand-in keeps what it received and can be told to misbehave: [`Scripted::script`] pairs a [`When`] with a
//! [`Fault`], as data.
//!
//! - [`Receiver`] takes anything, like a webhook endpoint of one's own.
//! - [`Airtable`], [`AmoCrm`], [`Bitrix24`], [`HubSpot`], [`Notion`], [`Pipedrive`], [`Postgrest`], [`Salesforce`], [`Slack`]
//!   and [`Telegram`] are small accounts of these vendors. They check credentials, names and types of members, and
//!   references to other records, and answer as the vendor does, errors included. What a vendor's documentation leaves
//!   open they refuse, so that a mapping which satisfies them does not depend on it.
//! - [`Make`], [`N8n`] and [`Zapier`] take the event unchanged, if it comes as the JSON object that a flow can read.
//! - [`Tickets`] is the account of a target that nobody thought of.
//!
//! [`VENDORS`] has those that stand in for a vendor by name, each as a [`Vendor`]: what a webhook for it is given, and what
//! it holds.
//!
//! Nothing here reads a clock or random numbers: an account's time stands where its owner puts it, and ids count up.
//!
//! ```
//! use hookwright_standin::{Answer, Fault, Receiver, Standin, When};
//!
//! # async fn example() -> std::io::Result<()> {
//! let target = Standin::start(Receiver::default()).await?;
//! target.script(When::next(1), Fault::Answer(Answer::status(503)));
//! // … send two requests to `target.url()` …
//! let received = target.wait_for(2).await;
//! assert_eq!(received[0].answered_status, Some(503));
//! assert_eq!(received[1].answered_status, Some(200));
//! # Ok(())
//! # }
//! ```

mod airtable;
mod amocrm;
mod automation;
mod bitrix24;
mod blank;
mod email;
mod exchange;
mod fault;
pub mod hubspot;
mod journal;
pub mod notion;
mod phone;
mod pipedrive;
pub mod postgrest;
mod protected;
mod query;
mod receiver;
pub mod salesforce;
mod scripted;
mod server;
mod slack;
mod telegram;
#[cfg(test)]
mod tests;
mod tickets;
mod time;
mod trouble;
mod vendor;

pub use airtable::Airtable;
pub use amocrm::AmoCrm;
pub use automation::{Make, N8n, Zapier};
pub use bitrix24::Bitrix24;
pub use exchange::{Answer, Request};
pub use fault::{Fault, Gate, When};
pub use hubspot::HubSpot;
pub use journal::{Keep, Received};
pub use notion::Notion;
pub use pipedrive::Pipedrive;
pub use postgrest::Postgrest;
pub use receiver::Receiver;
pub use salesforce::Salesforce;
pub use scripted::{Scripted, Target};
pub use server::{Running, Standin};
pub use slack::Slack;
pub use telegram::Telegram;
pub use tickets::Tickets;
pub use trouble::{Means, Trouble};
pub use vendor::{Connection, Listing, PLAIN, Shown, VENDORS, Vendor};
