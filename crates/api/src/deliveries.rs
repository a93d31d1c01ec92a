//! `/v1/deliveries`, and the log of a project

use axum::extract::{Path, Query};
use axum::response::Response;
use hookwright_engine::ScopedEngine;
use hookwright_model::{Delivery, DeliveryId, ProjectId};
use http::StatusCode;

use crate::auth::Caller;
use crate::body;
use crate::dto::delivery::{DeliveriesQuery, DeliveryDetailDto, DeliveryDto};
use crate::dto::page::PageDto;
use crate::problem::Problem;

pub(crate) async fn list(
    Caller(engine): Caller,
    Path(project): Path<String>,
    query: Query<DeliveriesQuery>,
) -> Result<Response, Problem> {
    let project = body::id::<ProjectId>(&project)?;
    let page = engine.deliveries(project, query.filter()?, query.page.request()?).await?;
    Ok(body::json(StatusCode::OK, &PageDto::new(&page, DeliveryDto::from)))
}

pub(crate) async fn read(Caller(engine): Caller, Path(delivery): Path<String>) -> Result<Response, Problem> {
    let delivery = engine.delivery(body::id::<DeliveryId>(&delivery)?).await?;
    detail(&engine, &delivery).await
}

pub(crate) async fn resend(
    Caller(engine): Caller,
    Path(delivery): Path<String>,
) -> Result<Response, Problem> {
    let delivery = engine.resend(body::id::<DeliveryId>(&delivery)?).await?;
    Ok(body::json(StatusCode::ACCEPTED, &DeliveryDto::from(&delivery)))
}

pub(crate) async fn cancel(
    Caller(engine): Caller,
    Path(delivery): Path<String>,
) -> Result<Response, Problem> {
    let delivery = engine.cancel(body::id::<DeliveryId>(&delivery)?).await?;
    Ok(body::json(StatusCode::OK, &DeliveryDto::from(&delivery)))
}

/// A delivery with its event and attempts.
pub(crate) async fn detail(engine: &ScopedEngine, delivery: &Delivery) -> Result<Response, Problem> {
    let event = engine.event(delivery.event).await?;
    let attempts = engine.attempts(delivery.id).await?;
    Ok(body::json(StatusCode::OK, &DeliveryDetailDto::new(delivery, &event, &attempts)))
}
