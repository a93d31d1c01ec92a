//! What happens to a lead: ingest, dispatch, delivery.

pub mod ports;
