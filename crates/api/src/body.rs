//! Parts of requests, parsed at the edge with problems that say where they are.

use std::fmt::Display;
use std::str::FromStr;

use axum::response::{IntoResponse, Response};
use hookwright_model::ErrorKind;
use http::{StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => Problem::new(ErrorKind::Internal, "the answer cannot be written as JSON").into_response(),
    }
}

/// Parses a JSON body, naming the member that is wrong.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| Problem::invalid(pointer(error.path()), error.inner().to_string()))?;
    json.end().map_err(|error| Problem::invalid("", error.to_string()))?;
    Ok(parsed)
}

/// Parses an identifier of the path. One that is malformed does not exist.
pub(crate) fn id<T: FromStr<Err: Display>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| Problem::new(ErrorKind::NotFound, error.to_string()))
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(format!("/{}", escaped(key))),
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// A member's name within a JSON pointer (RFC 6901, section 3).
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
