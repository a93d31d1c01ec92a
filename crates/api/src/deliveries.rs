//! `/v1/deliveries`, and the log of a project

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use axum::Json;
use axum::extract::{Path, Query};
use hookwright_api_types::delivery::{
    AttemptBody, DeliveriesQuery, DeliveryBody, DeliveryDetail, DeliveryStory,
};
use hookwright_api_types::event::LeadBody;
use hookwright_api_types::page::PageBody;
use hookwright_engine::ScopedEngine;
use hookwright_model::{Delivery, DeliveryId, ProjectId};
use hookwright_store::StoreError;
use http::StatusCode;

use crate::auth::Caller;
use crate::parse;
use crate::problem::Problem;
use crate::{answer, request};

pub(crate) async fn list(
    Caller(engine): Caller,
    Path(project): Path<String>,
    query: Query<DeliveriesQuery>,
) -> Result<Json<PageBody<DeliveryBody>>, Problem> {
    let project = parse::id::<ProjectId>(&project)?;
    let page = engine.deliveries(project, request::deliveries(&query)?, request::page(&query.page)?).await?;
    let mut leads = HashMap::new();
    for delivery in &page.items {
        if let Entry::Vacant(unread) = leads.entry(delivery.event) {
            unread.insert(lead(&engine, delivery).await?);
        }
    }
    let show = |delivery: &Delivery| {
        let lead = leads.get(&delivery.event).cloned().flatten();
        DeliveryBody::of(delivery, lead)
    };
    Ok(Json(PageBody::of(&page, show)))
}

pub(crate) async fn read(
    Caller(engine): Caller,
    Path(delivery): Path<String>,
) -> Result<Json<DeliveryDetail>, Problem> {
    let delivery = engine.delivery(parse::id::<DeliveryId>(&delivery)?).await?;
    detail(&engine, &delivery).await
}

pub(crate) async fn resend(
    Caller(engine): Caller,
    Path(delivery): Path<String>,
) -> Result<(StatusCode, Json<DeliveryBody>), Problem> {
    let delivery = engine.resend(parse::id::<DeliveryId>(&delivery)?).await?;
    let lead = lead(&engine, &delivery).await?;
    Ok((StatusCode::ACCEPTED, Json(DeliveryBody::of(&delivery, lead))))
}

pub(crate) async fn cancel(
    Caller(engine): Caller,
    Path(delivery): Path<String>,
) -> Result<Json<DeliveryBody>, Problem> {
    let delivery = engine.cancel(parse::id::<DeliveryId>(&delivery)?).await?;
    let lead = lead(&engine, &delivery).await?;
    Ok(Json(DeliveryBody::of(&delivery, lead)))
}

/// A delivery with its event and attempts.
pub(crate) async fn detail(
    engine: &ScopedEngine,
    delivery: &Delivery,
) -> Result<Json<DeliveryDetail>, Problem> {
    let event = engine.event(delivery.event).await?;
    let attempts = engine.attempts(delivery.id).await?;
    let story = DeliveryStory {
        payload: serde_json::from_slice(&event.payload).ok(),
        attempts: attempts.iter().map(AttemptBody::from).collect(),
    };
    Ok(Json(DeliveryDetail { delivery: DeliveryBody::of(delivery, answer::lead(&event)), story }))
}

async fn lead(engine: &ScopedEngine, delivery: &Delivery) -> Result<Option<LeadBody>, Problem> {
    match engine.event(delivery.event).await {
        Ok(event) => Ok(answer::lead(&event)),
        Err(StoreError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
