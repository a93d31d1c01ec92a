//! The time in which nothing is sent to a webhook.

use hookwright_api_types::webhook::LaneBody;
use hookwright_engine::ScopedEngine;
use hookwright_model::WebhookId;

use crate::problem::Problem;

/// The rest that the webhook's lane has now, if it has one.
pub(crate) async fn of(engine: &ScopedEngine, webhook: WebhookId) -> Result<Option<LaneBody>, Problem> {
    let rest = engine.lane(webhook).await?;
    Ok(rest.map(|rest| LaneBody { resting_until: rest.until.to_string(), reason: rest.reason }))
}
