//! Why a request has no answer, from the errors of the HTTP client.

use std::error::Error;
use std::io;
use std::time::Duration;

use hookwright_engine::ports::{Reached, SendError};
use hookwright_model::AttemptErrorKind;

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

/// The client gave up. Messages are taken from the causes: the client's own error has the URL, and with it what may be
/// a credential.
pub(crate) fn of_client(error: &reqwest::Error, reached: Reached) -> SendError {
    let cause = causes(error).last().map(ToString::to_string).unwrap_or_default();
    let resolving = causes(error).find_map(|cause| cause.downcast_ref::<ResolveError>());
    let (kind, message) = if let Some(resolving) = resolving {
        let kind = match resolving {
            ResolveError::Unknown { .. } => AttemptErrorKind::Dns,
            ResolveError::Refused { .. } => AttemptErrorKind::Blocked,
        };
        (kind, resolving.to_string())
    } else if is_tls(error) {
        (AttemptErrorKind::Tls, format!("there was no secure connection: {cause}"))
    } else if error.is_connect() || error.is_builder() {
        (AttemptErrorKind::Connect, format!("there was no connection: {cause}"))
    } else if error.is_timeout() {
        (AttemptErrorKind::Timeout, format!("no complete answer came: {cause}"))
    } else {
        (AttemptErrorKind::Reset, format!("no complete answer came: {cause}"))
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

/// Whether TLS failed: the library says so, or the connection ended during the handshake. That end is an I/O error which
/// the connector has wrapped into another one; the errors of TCP come bare.
fn is_tls(error: &reqwest::Error) -> bool {
    causes(error).any(<dyn Error>::is::<rustls::Error>) || (error.is_connect() && causes(error).any(wraps_io))
}

fn wraps_io(error: &(dyn Error + 'static)) -> bool {
    error.is::<io::Error>() && cause(error).is_some_and(<dyn Error>::is::<io::Error>)
}
