//! The events of a project, and single events

use axum::Json;
use axum::extract::{Path, Query};
use hookwright_api_types::event::{AcceptedBody, EventBody, EventRow, EventsQuery, LeadBody};
use hookwright_api_types::page::PageBody;
use hookwright_model::{Event, EventId, ProjectId};
use hookwright_store::{EventEntry, FanOut};
use http::StatusCode;

use crate::auth::Caller;
use crate::parse;
use crate::problem::Problem;
use crate::{answer, request};

pub(crate) async fn list(
    Caller(engine): Caller,
    Path(project): Path<String>,
    query: Query<EventsQuery>,
) -> Result<Json<PageBody<EventRow>>, Problem> {
    let project = parse::id::<ProjectId>(&project)?;
    let page = engine.events(project, request::events(&query)?, request::page(&query.page)?).await?;
    Ok(Json(PageBody::of(&page, row)))
}

pub(crate) async fn read(
    Caller(engine): Caller,
    Path(event): Path<String>,
) -> Result<Json<EventBody>, Problem> {
    let event = engine.event(parse::id::<EventId>(&event)?).await?;
    Ok(Json(EventBody {
        id: event.id.to_string(),
        project: event.project.to_string(),
        event: event.kind.to_string(),
        received_at: event.received_at.to_string(),
        lead: lead(&event),
        payload: serde_json::from_slice(&event.payload).ok(),
    }))
}

/// Delivers an event that no webhook wanted to those that want it now.
pub(crate) async fn deliver(
    Caller(engine): Caller,
    Path(event): Path<String>,
) -> Result<(StatusCode, Json<AcceptedBody>), Problem> {
    let id = parse::id::<EventId>(&event)?;
    let delivered = engine.deliver_event(id).await?;
    let accepted = AcceptedBody {
        id: id.to_string(),
        deliveries: delivered.deliveries.iter().map(|(delivery, _)| delivery.to_string()).collect(),
        more_deliveries: delivered.fan_out != FanOut::Complete,
    };
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

fn row(entry: &EventEntry) -> EventRow {
    let EventEntry { event, undelivered } = entry;
    EventRow {
        id: event.id.to_string(),
        project: event.project.to_string(),
        event: event.kind.to_string(),
        received_at: event.received_at.to_string(),
        lead: lead(event),
        undelivered: *undelivered,
    }
}

fn lead(event: &Event) -> LeadBody {
    answer::lead(event).unwrap_or_default()
}
