//! From an uploaded file to code that may run: what a component may be, checked before it is called, and how it is compiled
//! where a failure hurts nobody.

pub(crate) mod child;
pub(crate) mod code_cache;
pub(crate) mod compile;
pub(crate) mod describe;
pub(crate) mod inspect;
pub(crate) mod precompiled;
pub(crate) mod reserve;
pub(crate) mod schema;
pub(crate) mod settings;
mod structure;
