//! Plugins and their versions.

use std::fmt;

use hookwright_model::{Description, HeaderHint, PluginOwner, PluginVersion, VersionPin};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::path::LATEST;
use crate::raw;

/// A version of a plugin.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PluginBody {
    /// The plugin's name.
    pub name: String,
    /// The version's number.
    #[schema(minimum = 1)]
    pub version: u32,
    /// `bundled` or `project`.
    #[schema(value_type = crate::schema::PluginOwner)]
    pub owner: String,
    /// The component's digest.
    #[schema(value_type = crate::schema::Digest)]
    pub digest: String,
    /// The version of the contract that it was built for.
    pub contract: String,
    /// The component's size.
    pub size_bytes: u64,
    /// What the plugin says about itself.
    pub description: DescriptionBody,
    /// When it was uploaded.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// What a plugin says about itself.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DescriptionBody {
    /// The name of its target.
    pub title: String,
    /// What it does.
    pub summary: String,
    /// The target's usual URL.
    pub url: String,
    /// The headers that the target wants.
    pub headers: Vec<HeaderHintBody>,
    /// The JSON schema of its settings.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub settings_schema: Option<Box<RawValue>>,
}

/// A header that a target wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeaderHintBody {
    /// The header's name.
    pub name: String,
    /// An example of its value.
    pub placeholder: String,
    /// Whether the value is a secret.
    pub secret: bool,
}

/// The answer to an upload.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Box<RawValue>")]
pub struct UploadedBody {
    /// The version that the component is.
    #[serde(flatten)]
    pub plugin: PluginBody,
    /// What the upload did.
    #[serde(flatten)]
    pub upload: UploadBody,
}

/// What an upload did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadBody {
    /// Whether the newest version was this very component already, so that nothing changed.
    pub unchanged: bool,
    /// How long it waited for the compiler.
    pub waited_ms: u64,
    /// How long compiling took; null: its code was there already.
    #[schema(required = true)]
    pub compile_ms: Option<u64>,
}

impl TryFrom<Box<RawValue>> for UploadedBody {
    type Error = serde_json::Error;

    fn try_from(json: Box<RawValue>) -> Result<Self, Self::Error> {
        let (plugin, upload) = raw::two(&json)?;
        Ok(Self { plugin, upload })
    }
}

/// Which version of a plugin: its number or `"latest"`. Null is the latest, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VersionPinBody(pub Option<u32>);

impl From<VersionPinBody> for VersionPin {
    fn from(VersionPinBody(number): VersionPinBody) -> Self {
        number.map_or(Self::Latest, Self::Exact)
    }
}

impl From<VersionPin> for VersionPinBody {
    fn from(pin: VersionPin) -> Self {
        match pin {
            VersionPin::Latest => Self(None),
            VersionPin::Exact(number) => Self(Some(number)),
        }
    }
}

impl Serialize for VersionPinBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for VersionPinBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Version;
        impl Visitor<'_> for Version {
            type Value = VersionPinBody;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the number of a version, or \"latest\"")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<VersionPinBody, E> {
                let number = u32::try_from(number);
                number
                    .map(|number| VersionPinBody(Some(number)))
                    .map_err(|_| E::custom("there is no such version: versions are counted from 1"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<VersionPinBody, E> {
                if text == LATEST {
                    Ok(VersionPinBody(None))
                } else {
                    Err(E::invalid_value(de::Unexpected::Str(text), &self))
                }
            }

            fn visit_unit<E: de::Error>(self) -> Result<VersionPinBody, E> {
                Ok(VersionPinBody(None))
            }
        }
        deserializer.deserialize_any(Version)
    }
}

impl From<&PluginVersion> for PluginBody {
    fn from(version: &PluginVersion) -> Self {
        Self {
            name: version.name.to_string(),
            version: version.version,
            owner: match version.owner {
                PluginOwner::Bundled => "bundled".to_owned(),
                PluginOwner::Project(_) => "project".to_owned(),
            },
            digest: version.digest.to_string(),
            contract: version.contract.clone(),
            size_bytes: version.size_bytes,
            description: DescriptionBody::from(&version.description),
            created_at: version.created_at.to_string(),
        }
    }
}

impl From<&Description> for DescriptionBody {
    fn from(description: &Description) -> Self {
        let hint = |hint: &HeaderHint| HeaderHintBody {
            name: hint.name.clone(),
            placeholder: hint.placeholder.clone(),
            secret: hint.secret,
        };
        Self {
            title: description.title.clone(),
            summary: description.summary.clone(),
            url: description.url.clone(),
            headers: description.headers.iter().map(hint).collect(),
            settings_schema: RawValue::from_string(description.settings_schema.clone()).ok(),
        }
    }
}
