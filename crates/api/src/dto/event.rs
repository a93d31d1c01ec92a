//! Events.

use hookwright_store::Accepted;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct AcceptedDto {
    id: String,
    deliveries: Vec<String>,
}

impl From<&Accepted> for AcceptedDto {
    fn from(accepted: &Accepted) -> Self {
        Self {
            id: accepted.event.to_string(),
            deliveries: accepted.deliveries.iter().map(|(delivery, _)| delivery.to_string()).collect(),
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
