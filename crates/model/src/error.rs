//! The small set of error kinds that every public error maps to.

/// What an error means to the caller. Only the API turns a kind into an HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request itself is wrong; sending it again cannot help.
    InvalidInput,
    /// No credentials, or wrong ones.
    Unauthorized,
    /// The credentials do not allow this.
    Forbidden,
    /// What the request names does not exist.
    NotFound,
    /// The request contradicts the current state, for example a name already taken.
    Conflict,
    /// The resource has changed since the caller read it.
    PreconditionFailed,
    /// A body or value exceeds a documented limit.
    TooLarge,
    /// Not now: overload, a full disk, shutting down. The same request may succeed later.
    Unavailable,
    /// A defect or a damaged store. Details are logged, never shown.
    Internal,
}
