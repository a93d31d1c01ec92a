//! Events: accepted, in lists, and one by one.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::page::PageQuery;

/// An accepted event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AcceptedBody {
    /// The event's id; that of the first one if this was a repeat.
    #[schema(value_type = crate::schema::EventId)]
    pub id: String,
    /// Its deliveries, one for each webhook that wants it; where there are many, the first ones.
    #[schema(value_type = Vec<crate::schema::DeliveryId>)]
    pub deliveries: Vec<String>,
    /// Whether more deliveries follow.
    pub more_deliveries: bool,
}

/// The query of a list of events.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct EventsQuery {
    /// `undelivered`, or absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = crate::schema::EventFilter, required = false)]
    pub filter: Option<String>,
    /// Which page.
    #[serde(flatten)]
    pub page: PageQuery,
}

impl EventsQuery {
    /// Only those events that no webhook wanted.
    pub const UNDELIVERED: &str = "undelivered";
}

/// The person whom an event is about. What was not collected is null.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeadBody {
    /// The name.
    #[schema(required = true)]
    pub name: Option<String>,
    /// The e-mail address.
    #[schema(required = true)]
    pub email: Option<String>,
    /// The phone number.
    #[schema(required = true)]
    pub phone: Option<String>,
    /// Every field of the lead that was not collected, by its name in the payload.
    pub not_collected: Vec<String>,
}

/// An event of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventRow {
    /// Its id.
    #[schema(value_type = crate::schema::EventId)]
    pub id: String,
    /// Its project.
    #[schema(value_type = crate::schema::ProjectId)]
    pub project: String,
    /// What happened.
    #[schema(value_type = crate::schema::EventKind)]
    pub event: String,
    /// When it was accepted.
    #[schema(format = DateTime)]
    pub received_at: String,
    /// The person whom it is about.
    pub lead: LeadBody,
    /// Whether no webhook wanted it, so that it has no delivery.
    pub undelivered: bool,
}

/// An event with all that the producer sent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventBody {
    /// Its id.
    #[schema(value_type = crate::schema::EventId)]
    pub id: String,
    /// Its project.
    #[schema(value_type = crate::schema::ProjectId)]
    pub project: String,
    /// What happened.
    #[schema(value_type = crate::schema::EventKind)]
    pub event: String,
    /// When it was accepted.
    #[schema(format = DateTime)]
    pub received_at: String,
    /// The person whom it is about.
    pub lead: LeadBody,
    /// The payload as the producer sent it.
    #[schema(value_type = Option<Object>, required = true)]
    pub payload: Option<Box<RawValue>>,
}

/// Accepted events, in the order of the lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AcceptedMany {
    /// Each event.
    pub data: Vec<AcceptedBody>,
}
