//! End-to-end tests: the real binary, real sockets, stand-in targets. `tests/README.md` says which promise each keeps.
#![allow(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

mod harness;

mod api;
mod catalogue;
mod cli;
mod compiling;
mod connections;
mod crash;
mod crm;
mod demo;
mod first_hours;
mod full_disk;
mod hostile;
mod kit;
mod logging;
mod operator;
mod passthrough;
mod plugins;
mod projects;
mod restart;
mod retry;
mod schemas;
mod secrets;
mod targets;
mod waiting;
