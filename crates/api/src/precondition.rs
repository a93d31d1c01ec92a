//! Conditions on what a resource is now (RFC 9110, section 13).

use axum::extract::FromRequestParts;
use headers::{ETag, HeaderMapExt as _, IfMatch, IfNoneMatch};
use hookwright_model::{Digest, Revision, Webhook};
use hookwright_store::StoreError;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use crate::problem::Problem;

/// The `if-match` of a request; none when the resource may have changed meanwhile.
pub(crate) struct Expected(Option<IfMatch>);

impl<S: Send + Sync> FromRequestParts<S> for Expected {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(parts.headers.typed_get::<IfMatch>().filter(|condition| !condition.is_any())))
    }
}

impl Expected {
    /// Whether the caller insists on a revision.
    pub(crate) fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// Lets the webhook pass as the caller expects it.
    ///
    /// # Errors
    /// [`StoreError::RevisionMismatch`].
    pub(crate) fn check(&self, webhook: &Webhook) -> Result<(), Problem> {
        let actual = webhook.revision;
        let passes = self
            .0
            .as_ref()
            .is_none_or(|expected| etag(actual).is_some_and(|tag| expected.precondition_passes(&tag)));
        if passes { Ok(()) } else { Err(StoreError::RevisionMismatch { actual }.into()) }
    }
}

/// The `etag` of a webhook with this revision.
pub(crate) fn etag(revision: Revision) -> Option<ETag> {
    format!("\"{revision}\"").parse().ok()
}

/// The headers with the `etag` of this webhook.
pub(crate) fn tagged(webhook: &Webhook) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(etag) = etag(webhook.revision) {
        headers.typed_insert(etag);
    }
    headers
}

/// The headers with the `etag` of this component, and whether the caller has it already.
pub(crate) fn component(digest: Digest, request: &HeaderMap) -> (HeaderMap, bool) {
    let mut headers = HeaderMap::new();
    let tag = format!("\"{digest}\"");
    let known = tag.parse::<ETag>().ok().zip(request.typed_get::<IfNoneMatch>());
    let known = known.is_some_and(|(tag, condition)| !condition.precondition_passes(&tag));
    if let Ok(value) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, value);
    }
    (headers, known)
}
