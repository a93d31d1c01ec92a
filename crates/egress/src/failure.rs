//! Why a request has no answer, from the errors of the HTTP client.

use std::error::Error;
use std::io;
use std::time::Duration;

use hookwright_engine::ports::{Reached, SendError};
use hookwright_model::AttemptErrorKind;

use hyper_util::client::legacy;

use crate::connect::ConnectError;
use crate::policy::AddressRefused;
use crate::resolver::ResolveError;

/// The URL's literal address may not be reached.
pub(crate) fn refused(refused: AddressRefused) -> SendError {
    SendError { kind: AttemptErrorKind::Blocked, message: refused.to_string(), reached: Reached::No }
}

/// The request's time is up.
pub(crate) fn out_of_time(timeout: Duration, reached: Reached) -> SendError {
    let (kind, message) = match reached {
        Reached::No => (AttemptErrorKind::Connect, format!("there was no connection within {timeout:?}")),
        Reached::Perhaps => {
            (AttemptErrorKind::Timeout, format!("no complete answer came within {timeout:?}"))
        }
    };
    SendError { kind, message, reached }
}

/// The URL cannot be sent as it is.
pub(crate) fn unusable_url() -> SendError {
    let message = "the URL has a character that a request cannot carry".to_owned();
    SendError { kind: AttemptErrorKind::Connect, message, reached: Reached::No }
}

/// The client gave up. Messages are taken from the causes, which do not have the URL.
pub(crate) fn of_client(error: &legacy::Error, reached: Reached) -> SendError {
    let cause = causes(error).last().map(ToString::to_string).unwrap_or_default();
    let connecting = causes(error).find_map(|cause| cause.downcast_ref::<ConnectError>());
    let resolving = causes(error).find_map(|cause| cause.downcast_ref::<ResolveError>());
    let (kind, message) = match (resolving, connecting) {
        (Some(error @ ResolveError::Unknown { .. }), _) => (AttemptErrorKind::Dns, error.to_string()),
        (Some(error @ ResolveError::Refused { .. }), _) => (AttemptErrorKind::Blocked, error.to_string()),
        (None, Some(ConnectError::Refused(refused))) => (AttemptErrorKind::Blocked, refused.to_string()),
        (None, Some(ConnectError::Tls(_))) => {
            (AttemptErrorKind::Tls, format!("there was no secure connection: {cause}"))
        }
        (None, Some(_)) => (AttemptErrorKind::Connect, format!("there was no connection: {cause}")),
        (None, None) if error.is_connect() => {
            (AttemptErrorKind::Connect, format!("there was no connection: {cause}"))
        }
        (None, None) => (AttemptErrorKind::Reset, format!("no complete answer came: {cause}")),
    };
    SendError { kind, message, reached }
}

/// The causes of an error, outermost first, without the error itself.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(cause(error), |error| cause(*error))
}

fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    // An I/O error does not give what it wraps as its source, but the source of that.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
