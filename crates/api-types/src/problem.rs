//! Problem details (RFC 9457): the body of every error answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong. Callers decide by `code`, which never changes; people read `detail`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// The status in words.
    pub title: String,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What kind of problem it is.
    pub code: Code,
    /// What went wrong, for people.
    pub detail: String,
    /// Each member of the request that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<InvalidBody>,
    /// The webhooks that are in the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<crate::schema::WebhookId>)]
    pub webhooks: Vec<String>,
}

/// A member that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvalidBody {
    /// Its JSON pointer (RFC 6901); empty for the body as a whole.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal;)*) => {
        /// The kind of a problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The status that answers have with this code.
            pub fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)*
                }
            }
        }
    };
}

codes! {
    /// There is no key, or it is wrong.
    Unauthorized = 401;
    /// The key does not allow this.
    Forbidden = 403;
    /// What the request names does not exist.
    NotFound = 404;
    /// The path does not take this method.
    MethodNotAllowed = 405;
    /// The body did not arrive in time.
    RequestTimeout = 408;
    /// The request contradicts what is there.
    Conflict = 409;
    /// The webhook has changed since it was read.
    PreconditionFailed = 412;
    /// A body or value exceeds a limit.
    TooLarge = 413;
    /// The body is in a format that this path does not take.
    UnsupportedMediaType = 415;
    /// Something about the request is wrong.
    InvalidInput = 422;
    /// Too many requests had a wrong key.
    TooManyRequests = 429;
    /// A defect; the server's log says more.
    Internal = 500;
    /// Not now: the same request may succeed later.
    Unavailable = 503;
}
