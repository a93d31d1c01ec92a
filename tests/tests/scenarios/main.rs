//! The engine with every bundled plugin and the vendors' stand-ins, in one process and in paused time: hours pass in
//! moments, and nothing depends on how fast the machine is.
#![allow(clippy::unwrap_used, reason = "this is test code: an unexpected error is a failed test")]

mod capacity;
mod internet;
mod mapper;
mod troubles;
mod visitors;
mod world;
