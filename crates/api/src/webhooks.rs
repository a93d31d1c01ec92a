//! `/v1/webhooks`

use axum::Json;
use axum::extract::{Path, Query};
use hookwright_api_types::delivery::DeliveryDetail;
use hookwright_api_types::page::{PageBody, PageQuery};
use hookwright_api_types::webhook::{NewWebhookBody, WebhookBody, WebhookPatch};
use hookwright_engine::WebhookError;
use hookwright_model::{ProjectId, WebhookId};
use hookwright_store::StoreError;
use http::{HeaderMap, StatusCode};

use crate::auth::Caller;
use crate::deliveries;
use crate::doubts;
use crate::intake::Body;
use crate::lane;
use crate::parse;
use crate::precondition::{Expected, tagged};
use crate::problem::Problem;
use crate::request;

/// How often a change without `if-match` is tried again when somebody else changes the webhook at the same time.
const MAX_TRIES: usize = 3;

pub(crate) async fn create(
    Caller(engine): Caller,
    Path(project): Path<String>,
    body: Body,
) -> Result<(StatusCode, HeaderMap, Json<WebhookBody>), Problem> {
    let project = parse::id::<ProjectId>(&project)?;
    let new: NewWebhookBody = parse::json(body.bytes())?;
    let created = engine.create_webhook(request::webhook::new(&new, project)?).await;
    let webhook = created.map_err(|error| Problem::of_webhook(error, engine.principal()))?;
    let warnings = doubts::of(&engine, &webhook).await?;
    let created = WebhookBody { warnings, ..WebhookBody::with_secret(&webhook) };
    Ok((StatusCode::CREATED, tagged(&webhook), Json(created)))
}

pub(crate) async fn list(
    Caller(engine): Caller,
    Path(project): Path<String>,
    query: Query<PageQuery>,
) -> Result<Json<PageBody<WebhookBody>>, Problem> {
    let project = parse::id::<ProjectId>(&project)?;
    let page = engine.webhooks(project, request::page(&query)?).await?;
    Ok(Json(PageBody::of(&page, |webhook| WebhookBody::from(&**webhook))))
}

pub(crate) async fn read(
    Caller(engine): Caller,
    Path(webhook): Path<String>,
) -> Result<(HeaderMap, Json<WebhookBody>), Problem> {
    let webhook = engine.webhook(parse::id::<WebhookId>(&webhook)?).await?;
    let lane = lane::of(&engine, webhook.id).await?;
    Ok((tagged(&webhook), Json(WebhookBody { lane, ..WebhookBody::from(&*webhook) })))
}

/// Changes what the body names. Headers are merged by name: `null` removes one, `"***"` keeps its stored value.
pub(crate) async fn change(
    Caller(engine): Caller,
    Path(webhook): Path<String>,
    expected: Expected,
    body: Body,
) -> Result<(HeaderMap, Json<WebhookBody>), Problem> {
    let id = parse::id::<WebhookId>(&webhook)?;
    let patch: WebhookPatch = parse::json(body.bytes())?;
    let mut tries = MAX_TRIES;
    loop {
        let base = engine.webhook(id).await?;
        expected.check(&base)?;
        let wanted = request::webhook::changed(&base, &patch)?;
        tries -= 1;
        match engine.update_webhook(wanted).await {
            Err(WebhookError::Store(StoreError::RevisionMismatch { .. }))
                if !expected.is_given() && tries > 0 => {}
            Ok(webhook) => {
                let warnings = doubts::of(&engine, &webhook).await?;
                let changed = WebhookBody { warnings, ..WebhookBody::from(&webhook) };
                return Ok((tagged(&webhook), Json(changed)));
            }
            Err(error) => return Err(Problem::of_webhook(error, engine.principal())),
        }
    }
}

pub(crate) async fn delete(
    Caller(engine): Caller,
    Path(webhook): Path<String>,
    expected: Expected,
) -> Result<StatusCode, Problem> {
    let webhook = engine.webhook(parse::id::<WebhookId>(&webhook)?).await?;
    expected.check(&webhook)?;
    engine.delete_webhook(webhook.id, expected.is_given().then_some(webhook.revision)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a sample lead now and answers with the result.
pub(crate) async fn test(
    Caller(engine): Caller,
    Path(webhook): Path<String>,
) -> Result<Json<DeliveryDetail>, Problem> {
    let delivery = engine.test_send(parse::id::<WebhookId>(&webhook)?).await?;
    deliveries::detail(&engine, &delivery).await
}
