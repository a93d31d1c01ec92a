//! Bodies and queries, parsed into what the engine takes.

pub(crate) mod webhook;

use std::fmt::Display;
use std::str::FromStr;

use bytes::Bytes;
use hookwright_api_types::delivery::DeliveriesQuery;
use hookwright_api_types::event::EventsQuery;
use hookwright_api_types::limits::{DEFAULT_PAGE_ITEMS, MAX_NAME_CHARS, MAX_PAGE_ITEMS};
use hookwright_api_types::page::PageQuery;
use hookwright_api_types::preview::{HistoryBody, PreviewRequest, ReplyBody};
use hookwright_api_types::project::NewProject;
use hookwright_engine::{self as engine, PreviewEvent};
use hookwright_model::{
    DeliveryState, EventId, History, PageRequest, PluginName, ProjectId, Reply, Settings, TargetUrl,
    WebhookId,
};
use hookwright_store::{DeliveryFilter, EventFilter};
use serde_json::value::RawValue;

use crate::problem::Problem;

/// The name and the id of a project to create.
pub(crate) fn project(new: &NewProject) -> Result<(String, Option<ProjectId>), Problem> {
    let name = name("/name", &new.name)?;
    if name.is_empty() {
        return Err(Problem::invalid("/name", "a project needs a name"));
    }
    let id = new.id.as_deref().map(str::parse::<ProjectId>).transpose();
    Ok((name, id.map_err(|error| Problem::invalid("/id", error.to_string()))?))
}

/// A name for people.
fn name(pointer: &str, text: &str) -> Result<String, Problem> {
    let name = text.trim();
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(Problem::invalid(pointer, format!("a name has at most {MAX_NAME_CHARS} characters")));
    }
    Ok(name.to_owned())
}

/// The page of a list.
pub(crate) fn page<Id: FromStr<Err: Display>>(query: &PageQuery) -> Result<PageRequest<Id>, Problem> {
    let limit = match &query.limit {
        None => DEFAULT_PAGE_ITEMS,
        Some(text) => {
            let limit = text.parse().ok().filter(|limit| (1..=MAX_PAGE_ITEMS).contains(limit));
            limit.ok_or_else(|| {
                Problem::invalid("", format!("`limit` is a number from 1 to {MAX_PAGE_ITEMS}"))
            })?
        }
    };
    let after = match query.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
        None => None,
        Some(cursor) => Some(cursor.parse().map_err(|_| {
            Problem::invalid("", "`cursor` is the `next_cursor` of the page before, as it was given")
        })?),
    };
    Ok(PageRequest { after, limit })
}

/// Which deliveries are wanted.
pub(crate) fn deliveries(query: &DeliveriesQuery) -> Result<DeliveryFilter, Problem> {
    let wrong = |message: String| Problem::invalid("", message);
    let state = query.state.as_deref().map(|text| {
        DeliveryState::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
            let known = DeliveryState::ALL.map(DeliveryState::as_str).join(", ");
            wrong(format!("`{text}` is not a state; the states are: {known}"))
        })
    });
    let webhook =
        query.webhook.as_deref().map(|id| id.parse::<WebhookId>().map_err(|e| wrong(e.to_string())));
    let event = query.event.as_deref().map(|id| id.parse::<EventId>().map_err(|e| wrong(e.to_string())));
    Ok(DeliveryFilter { state: state.transpose()?, webhook: webhook.transpose()?, event: event.transpose()? })
}

/// Which events are wanted.
pub(crate) fn events(query: &EventsQuery) -> Result<EventFilter, Problem> {
    match query.filter.as_deref() {
        None => Ok(EventFilter::All),
        Some(EventsQuery::UNDELIVERED) => Ok(EventFilter::Undelivered),
        Some(_) => Err(Problem::invalid("", format!("`filter` can only be `{}`", EventsQuery::UNDELIVERED))),
    }
}

/// What to preview.
pub(crate) fn preview(
    asked: PreviewRequest,
    project: ProjectId,
    plugin: PluginName,
) -> Result<engine::PreviewRequest, Problem> {
    let settings = Settings::from_json(&asked.settings)
        .map_err(|error| Problem::invalid("/settings", error.to_string()))?;
    let url = asked.url.as_deref().map(TargetUrl::parse).transpose();
    let url = url.map_err(|error| Problem::invalid("/url", error.to_string()))?;
    Ok(engine::PreviewRequest {
        project,
        plugin,
        version: asked.version.into(),
        settings,
        event: preview_event(asked.event.as_deref())?,
        history: history(asked.history),
        url,
    })
}

fn preview_event(event: Option<&RawValue>) -> Result<PreviewEvent, Problem> {
    let Some(event) = event.map(RawValue::get).filter(|event| *event != "null") else {
        return Ok(PreviewEvent::Sample);
    };
    match serde_json::from_str::<String>(event) {
        Ok(id) => {
            id.parse().map(PreviewEvent::Past).map_err(|error| Problem::invalid("/event", format!("{error}")))
        }
        Err(_) => Ok(PreviewEvent::Given(Bytes::copy_from_slice(event.as_bytes()))),
    }
}

fn history(history: HistoryBody) -> History {
    let reply = |reply: ReplyBody| Reply {
        step: reply.step,
        status: reply.status,
        headers: reply.headers.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect(),
        body: reply.body,
        truncated: reply.truncated,
    };
    History { replies: history.replies.into_iter().map(reply).collect(), uncertain: history.uncertain }
}
