//! Events.

use hookwright_store::{Accepted, FanOut};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct AcceptedDto {
    id: String,
    /// The first deliveries.
    deliveries: Vec<String>,
    /// Whether more follow.
    more_deliveries: bool,
}

impl From<&Accepted> for AcceptedDto {
    fn from(accepted: &Accepted) -> Self {
        Self {
            id: accepted.event.to_string(),
            deliveries: accepted.deliveries.iter().map(|(delivery, _)| delivery.to_string()).collect(),
            more_deliveries: accepted.fan_out != FanOut::Complete,
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct AcceptedManyDto {
    data: Vec<AcceptedDto>,
}

impl From<&[Accepted]> for AcceptedManyDto {
    fn from(accepted: &[Accepted]) -> Self {
        Self { data: accepted.iter().map(AcceptedDto::from).collect() }
    }
}
