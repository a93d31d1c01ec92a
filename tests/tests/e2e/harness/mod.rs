//! What all tests share: servers on data folders of their own, a client for their API, conditions to wait for.

mod api;
mod binary;
mod http;
pub(crate) mod lead;
mod output;
mod process;
mod redact;
mod server;
mod skip;
mod until;

pub(crate) use api::Api;
pub(crate) use binary::{command, first_line, path, run, run_in};
pub(crate) use http::Answer;
pub(crate) use output::Output;
pub(crate) use process::Process;
pub(crate) use redact::redacted;
pub(crate) use server::{ADMIN_KEY, Home, Server};
pub(crate) use skip::skipped;
pub(crate) use until::{DEADLINE, FIRST_START, until, until_within};
