//! The JSON of the REST API as types, with its paths, header names and limits: the server, the command line and the tests
//! share them, so that each name is written once.
//!
//! Every type serialises and deserialises, and has a schema: see [`schema::components`]. The comments on types and members
//! are the descriptions there, so they are for readers of JSON. Identifiers and times are texts here; the server parses
//! them into the types of `model` at its edge. A type is called `…Body` where `model` has the same idea under that name.

pub mod delivery;
pub mod event;
pub mod health;
pub mod limits;
mod operation;
pub mod page;
pub mod path;
pub mod plugin;
pub mod preview;
pub mod problem;
pub mod project;
mod raw;
pub mod report;
pub mod schema;
pub mod webhook;

pub use operation::Operation;

/// Names of headers.
pub mod header {
    use http::HeaderName;

    /// Names a request of a producer, so that its repeat is recognised.
    pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
}

/// Media types of bodies.
pub mod media_type {
    /// One JSON value.
    pub const JSON: &str = "application/json";
    /// A JSON value on each line.
    pub const NDJSON: &str = "application/x-ndjson";
    /// Problem details (RFC 9457).
    pub const PROBLEM: &str = "application/problem+json";
    /// A WebAssembly component.
    pub const COMPONENT: &str = "application/wasm";
}
