//! Plugins.

use hookwright_model::{Description, HeaderHint, PluginOwner, PluginVersion};
use serde::Serialize;
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

#[derive(Debug, Serialize)]
pub(super) struct DescriptionDto<'a> {
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
            description: (&version.description).into(),
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
