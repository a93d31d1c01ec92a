//! `/v1/deliveries`, and the log of a project

use axum::extract::{Path, Query, State};
use axum::response::Response;
use hookwright_engine::Engine;
use hookwright_model::{Delivery, DeliveryId, ProjectId};
use http::StatusCode;

use crate::body;
use crate::dto::delivery::{DeliveriesQuery, DeliveryDetailDto, DeliveryDto};
use crate::dto::page::PageDto;
use crate::problem::Problem;

pub(crate) async fn list(
    State(engine): State<Engine>,
    Path(project): Path<String>,
    query: Query<DeliveriesQuery>,
) -> Result<Response, Problem> {
    let project = body::id::<ProjectId>(&project)?;
    engine.store().project(project).await?;
    let page = engine.store().deliveries(project, query.filter()?, query.page.request()?).await?;
    Ok(body::json(StatusCode::OK, &PageDto::new(&page, DeliveryDto::from)))
}

pub(crate) async fn read(
    State(engine): State<Engine>,
    Path(delivery): Path<String>,
) -> Result<Response, Problem> {
    let delivery = engine.store().delivery(body::id::<DeliveryId>(&delivery)?).await?;
    detail(&engine, &delivery).await
}

pub(crate) async fn resend(
    State(engine): State<Engine>,
    Path(delivery): Path<String>,
) -> Result<Response, Problem> {
    let delivery = engine.resend(body::id::<DeliveryId>(&delivery)?).await?;
    Ok(body::json(StatusCode::ACCEPTED, &DeliveryDto::from(&delivery)))
}

pub(crate) async fn cancel(
    State(engine): State<Engine>,
    Path(delivery): Path<String>,
) -> Result<Response, Problem> {
    let delivery = engine.cancel(body::id::<DeliveryId>(&delivery)?).await?;
    Ok(body::json(StatusCode::OK, &DeliveryDto::from(&delivery)))
}

/// A delivery with its event and attempts.
pub(crate) async fn detail(engine: &Engine, delivery: &Delivery) -> Result<Response, Problem> {
    let event = engine.store().event(delivery.event).await?;
    let attempts = engine.store().attempts(delivery.id).await?;
    Ok(body::json(StatusCode::OK, &DeliveryDetailDto::new(delivery, &event, &attempts)))
}
