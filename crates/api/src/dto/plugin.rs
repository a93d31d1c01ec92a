//! Plugins.

use std::fmt;

use hookwright_engine::Uploaded;
use hookwright_model::{Description, HeaderHint, PluginOwner, PluginVersion, VersionPin};
use hookwright_store::Repeat;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Debug, Serialize)]
pub(crate) struct PluginDto<'a> {
    name: &'a str,
    version: u32,
    /// `bundled` or `project`.
    owner: &'static str,
    digest: String,
    contract: &'a str,
    size_bytes: u64,
    description: DescriptionDto<'a>,
    created_at: String,
}

/// The answer to an upload.
#[derive(Debug, Serialize)]
pub(crate) struct UploadedDto<'a> {
    #[serde(flatten)]
    plugin: PluginDto<'a>,
    /// Whether the newest version was this very component already, so that the upload changed nothing.
    unchanged: bool,
    /// How long it waited for the compiler.
    waited_ms: u128,
    /// How long compiling it took; null: its code was there already.
    compile_ms: Option<u128>,
}

impl<'a> From<&'a Uploaded> for UploadedDto<'a> {
    fn from(uploaded: &'a Uploaded) -> Self {
        Self {
            plugin: PluginDto::from(&*uploaded.version),
            unchanged: uploaded.repeat == Repeat::Known,
            waited_ms: uploaded.waited.as_millis(),
            compile_ms: uploaded.compile_time.map(|time| time.as_millis()),
        }
    }
}

/// A version of a plugin: its number, or `"latest"`, as is what is absent or null.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct VersionDto(Option<u32>);

impl VersionDto {
    pub(crate) fn to_model(self) -> VersionPin {
        self.0.map_or(VersionPin::Latest, VersionPin::Exact)
    }
}

impl From<VersionPin> for VersionDto {
    fn from(version: VersionPin) -> Self {
        match version {
            VersionPin::Latest => Self(None),
            VersionPin::Exact(number) => Self(Some(number)),
        }
    }
}

impl Serialize for VersionDto {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for VersionDto {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Version;
        impl Visitor<'_> for Version {
            type Value = VersionDto;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the number of a version, or \"latest\"")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<VersionDto, E> {
                let number = u32::try_from(number);
                number
                    .map(|number| VersionDto(Some(number)))
                    .map_err(|_| E::custom("there is no such version: versions are counted from 1"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<VersionDto, E> {
                if text == "latest" {
                    Ok(VersionDto(None))
                } else {
                    Err(E::invalid_value(de::Unexpected::Str(text), &self))
                }
            }

            fn visit_unit<E: de::Error>(self) -> Result<VersionDto, E> {
                Ok(VersionDto(None))
            }
        }
        deserializer.deserialize_any(Version)
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct DescriptionDto<'a> {
    title: &'a str,
    summary: &'a str,
    url: &'a str,
    headers: Vec<HeaderHintDto<'a>>,
    settings_schema: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
struct HeaderHintDto<'a> {
    name: &'a str,
    placeholder: &'a str,
    secret: bool,
}

impl<'a> From<&'a PluginVersion> for PluginDto<'a> {
    fn from(version: &'a PluginVersion) -> Self {
        Self {
            name: version.name.as_str(),
            version: version.version,
            owner: match version.owner {
                PluginOwner::Bundled => "bundled",
                PluginOwner::Project(_) => "project",
            },
            digest: version.digest.to_string(),
            contract: &version.contract,
            size_bytes: version.size_bytes,
            description: DescriptionDto::from(&version.description),
            created_at: version.created_at.to_string(),
        }
    }
}

impl<'a> From<&'a Description> for DescriptionDto<'a> {
    fn from(description: &'a Description) -> Self {
        let hint = |hint: &'a HeaderHint| HeaderHintDto {
            name: &hint.name,
            placeholder: &hint.placeholder,
            secret: hint.secret,
        };
        Self {
            title: &description.title,
            summary: &description.summary,
            url: &description.url,
            headers: description.headers.iter().map(hint).collect(),
            settings_schema: RawValue::from_string(description.settings_schema.clone()).ok(),
        }
    }
}
