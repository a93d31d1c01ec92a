//! The settings that a webhook's owner gives to its mapping plugin.

use std::sync::Arc;

use serde_json::Value;

/// A JSON object, kept as compact text because a plugin receives text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings(Arc<str>);

/// The value is not usable as settings.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum SettingsError {
    /// Settings are always an object, even if an empty one.
    #[error("settings must be a JSON object, for example {{}}")]
    NotAnObject,
    /// More bytes than [`Settings::MAX_BYTES`].
    #[error("settings take {0} bytes; at most {max} are allowed", max = Settings::MAX_BYTES)]
    TooLarge(usize),
}

impl Settings {
    /// The most bytes that settings may take as compact JSON: enough for any form, small beside a plugin's memory.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Settings of this JSON value.
    ///
    /// # Errors
    /// When it is not an object, or too large.
    pub fn from_json(value: &Value) -> Result<Self, SettingsError> {
        if !value.is_object() {
            return Err(SettingsError::NotAnObject);
        }
        let text = value.to_string();
        if text.len() > Self::MAX_BYTES {
            return Err(SettingsError::TooLarge(text.len()));
        }
        Ok(Self(text.into()))
    }

    /// Parses JSON text.
    ///
    /// # Errors
    /// When it is not the text of an object, or too large.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let value: Value = serde_json::from_str(text).map_err(|_| SettingsError::NotAnObject)?;
        Self::from_json(&value)
    }

    /// The JSON text of the object.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The object as a JSON value.
    pub fn to_json(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_else(|_| Value::Object(serde_json::Map::new()))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self("{}".into())
    }
}
