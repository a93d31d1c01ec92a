//! The events of a project, and single events

use axum::extract::{Path, Query};
use axum::response::Response;
use hookwright_api_types::event::{AcceptedBody, EventBody, EventRow, EventsQuery, LeadBody};
use hookwright_api_types::page::PageBody;
use hookwright_engine::LeadSummary;
use hookwright_model::{Event, EventId, ProjectId};
use hookwright_store::{EventEntry, EventFilter, FanOut};
use http::StatusCode;

use crate::auth::Caller;
use crate::body;
use crate::dto::page::PageQuery;
use crate::problem::Problem;

pub(crate) async fn list(
    Caller(engine): Caller,
    Path(project): Path<String>,
    query: Query<EventsQuery>,
    page: Query<PageQuery>,
) -> Result<Response, Problem> {
    let project = body::id::<ProjectId>(&project)?;
    let filter = match query.filter.as_deref() {
        None => EventFilter::All,
        Some(EventsQuery::UNDELIVERED) => EventFilter::Undelivered,
        Some(_) => {
            let detail = format!("`filter` can only be `{}`", EventsQuery::UNDELIVERED);
            return Err(Problem::invalid("", detail));
        }
    };
    let page = engine.events(project, filter, page.request()?).await?;
    Ok(body::json(StatusCode::OK, &PageBody::of(&page, row)))
}

pub(crate) async fn read(Caller(engine): Caller, Path(event): Path<String>) -> Result<Response, Problem> {
    let event = engine.event(body::id::<EventId>(&event)?).await?;
    let shown = EventBody {
        id: event.id.to_string(),
        project: event.project.to_string(),
        event: event.kind.to_string(),
        received_at: event.received_at.to_string(),
        lead: lead(&event),
        payload: serde_json::from_slice(&event.payload).ok(),
    };
    Ok(body::json(StatusCode::OK, &shown))
}

/// Delivers an event that no webhook wanted to those that want it now.
pub(crate) async fn deliver(Caller(engine): Caller, Path(event): Path<String>) -> Result<Response, Problem> {
    let id = body::id::<EventId>(&event)?;
    let delivered = engine.deliver_event(id).await?;
    let accepted = AcceptedBody {
        id: id.to_string(),
        deliveries: delivered.deliveries.iter().map(|(delivery, _)| delivery.to_string()).collect(),
        more_deliveries: delivered.fan_out != FanOut::Complete,
    };
    Ok(body::json(StatusCode::ACCEPTED, &accepted))
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
    let LeadSummary { name, email } = LeadSummary::of(event);
    LeadBody { name, email }
}
