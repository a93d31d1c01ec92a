//! `/v1/webhooks`

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use hookwright_engine::WebhookError;
use hookwright_model::{ErrorKind, ProjectId, Revision, Webhook, WebhookId};
use hookwright_store::StoreError;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::auth::Caller;
use crate::body;
use crate::deliveries;
use crate::dto::page::{PageDto, PageQuery};
use crate::dto::webhook::{NewWebhookDto, WebhookDto, WebhookPatchDto};
use crate::intake::Body;
use crate::lane;
use crate::problem::Problem;

/// How often a change without `if-match` is tried again when somebody else changes the webhook at the same time.
const MAX_TRIES: usize = 3;

pub(crate) async fn create(
    Caller(engine): Caller,
    Path(project): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let project = body::id::<ProjectId>(&project)?;
    let new: NewWebhookDto = body::parse(body.bytes())?;
    let created = engine.create_webhook(new.into_model(project)?).await;
    let webhook = created.map_err(|error| Problem::of_webhook(error, engine.principal()))?;
    let created = WebhookDto::with_secret(&webhook);
    Ok(with_etag(&webhook, body::json(StatusCode::CREATED, &created)))
}

pub(crate) async fn list(
    Caller(engine): Caller,
    Path(project): Path<String>,
    query: Query<PageQuery>,
) -> Result<Response, Problem> {
    let project = body::id::<ProjectId>(&project)?;
    let page = engine.webhooks(project, query.request()?).await?;
    Ok(body::json(StatusCode::OK, &PageDto::new(&page, |webhook| WebhookDto::from(&**webhook))))
}

pub(crate) async fn read(Caller(engine): Caller, Path(webhook): Path<String>) -> Result<Response, Problem> {
    let webhook = engine.webhook(body::id::<WebhookId>(&webhook)?).await?;
    let lane = lane::of(&engine, webhook.id).await?;
    Ok(with_etag(&webhook, body::json(StatusCode::OK, &WebhookDto::from(&*webhook).resting(lane))))
}

/// Changes what the body names. Headers are merged by name: `null` removes one, `"***"` keeps its stored value.
pub(crate) async fn change(
    Caller(engine): Caller,
    Path(webhook): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let id = body::id::<WebhookId>(&webhook)?;
    let expected = if_match(&headers)?;
    let patch: WebhookPatchDto = body::parse(body.bytes())?;
    let mut tries = MAX_TRIES;
    loop {
        let base = engine.webhook(id).await?;
        if expected.is_some_and(|expected| expected != base.revision) {
            return Err(StoreError::RevisionMismatch { actual: base.revision }.into());
        }
        let wanted = patch.apply(&base)?;
        tries -= 1;
        match engine.update_webhook(wanted).await {
            Err(WebhookError::Store(StoreError::RevisionMismatch { .. }))
                if expected.is_none() && tries > 0 => {}
            Ok(webhook) => return Ok(shown(&webhook)),
            Err(error) => return Err(Problem::of_webhook(error, engine.principal())),
        }
    }
}

pub(crate) async fn delete(
    Caller(engine): Caller,
    Path(webhook): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    engine.delete_webhook(body::id::<WebhookId>(&webhook)?, if_match(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Sends a sample lead now and answers with what came of it.
pub(crate) async fn test(Caller(engine): Caller, Path(webhook): Path<String>) -> Result<Response, Problem> {
    let delivery = engine.test_send(body::id::<WebhookId>(&webhook)?).await?;
    deliveries::detail(&engine, &delivery).await
}

fn shown(webhook: &Webhook) -> Response {
    with_etag(webhook, body::json(StatusCode::OK, &WebhookDto::from(webhook)))
}

fn with_etag(webhook: &Webhook, mut response: Response) -> Response {
    if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", webhook.revision)) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// The revision that the caller expects (RFC 9110, section 13.1.1); none when any will do.
fn if_match(headers: &HeaderMap) -> Result<Option<Revision>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    match value.to_str().unwrap_or_default().trim() {
        "*" => Ok(None),
        text => match text.trim_matches('"').parse() {
            Ok(revision) => Ok(Some(revision)),
            Err(_) => Err(Problem::new(
                ErrorKind::PreconditionFailed,
                "`if-match` takes the `etag` of this webhook, for example \"3\"",
            )),
        },
    }
}
