//! The JSON of the API: its names and shapes, and nothing else knows them.

pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod limits;
pub(crate) mod page;
pub(crate) mod plugin;
pub(crate) mod preview;
pub(crate) mod project;
pub(crate) mod question;
pub(crate) mod report;
pub(crate) mod webhook;
