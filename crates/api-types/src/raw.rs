//! JSON texts that stay as they are.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// Reads two parts from the members of one object. Flattened into one type, texts of JSON within either part could not
/// stay as they are.
pub(crate) fn two<A: DeserializeOwned, B: DeserializeOwned>(
    json: &RawValue,
) -> Result<(A, B), serde_json::Error> {
    Ok((serde_json::from_str(json.get())?, serde_json::from_str(json.get())?))
}
