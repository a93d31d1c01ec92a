//! A report on a component for its author, before the upload: what the component is, and a preview of the sample lead.

use bytes::Bytes;
use hookwright_model::{
    Description, EventId, History, PluginOwner, ProjectId, Settings, TargetUrl, Timestamp,
};

use crate::ports::{InspectError, Inspected, Mapper, Sender, SettingsError};
use crate::preview::{Preview, PreviewInput};
use crate::settings::SettingsProblem;
use crate::{sample, settings};

/// A component that can be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The component.
    pub inspected: Inspected,
    /// Its first call of `transform`.
    pub sample: SamplePreview,
}

/// A preview of the sample lead. It does not decide whether the component can be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SamplePreview {
    /// The plugin mapped the lead.
    Mapped {
        /// The settings: `{}` if they match the schema, or else the schema's defaults.
        settings: Settings,
        /// The result.
        preview: Box<Preview>,
    },
    /// The plugin was not called, because neither `{}` nor the schema's defaults match the schema.
    NoSettings {
        /// The schema's defaults.
        settings: Settings,
        /// What is wrong with them.
        problems: Vec<SettingsProblem>,
    },
}

/// Settings that nobody has filled in.
enum Unfilled {
    Match(Settings),
    Mismatch { settings: Settings, problems: Vec<SettingsProblem> },
}

/// Inspects a component and previews the sample lead. Nothing is stored and nothing sent.
///
/// # Errors
/// Why the component cannot be uploaded: what is wrong, and what to do about it.
pub async fn check(
    mapper: &dyn Mapper,
    sender: &dyn Sender,
    component: Bytes,
    project: ProjectId,
    now: Timestamp,
) -> Result<Report, InspectError> {
    let owner = PluginOwner::Project(project);
    let inspected = mapper.inspect(component, owner).await?;
    let Description { url, settings_schema, .. } = &inspected.description;
    let refused = |error: &dyn std::fmt::Display| InspectError::Refused(error.to_string());
    let url = TargetUrl::parse(url).map_err(|error| refused(&error))?;
    let sample = match unfilled(mapper, settings_schema, owner).await? {
        Unfilled::Match(settings) => {
            let event = sample::event(EventId::new(now, [0; 10]), project, now);
            let input = PreviewInput {
                component: inspected.digest,
                event,
                settings: settings.clone(),
                history: History::default(),
                url,
            };
            let mapped = mapper.transform(input.request()).await;
            SamplePreview::Mapped { settings, preview: Box::new(input.preview(mapped, sender)) }
        }
        Unfilled::Mismatch { settings, problems } => SamplePreview::NoSettings { settings, problems },
    };
    Ok(Report { inspected, sample })
}

/// No settings, or the schema's defaults where the schema wants some.
async fn unfilled(mapper: &dyn Mapper, schema: &str, owner: PluginOwner) -> Result<Unfilled, InspectError> {
    let empty = Settings::default();
    if mapper.check_settings(schema, &empty, owner).await?.is_empty() {
        return Ok(Unfilled::Match(empty));
    }
    let defaults = settings::defaults(schema).map_err(|error| InspectError::Refused(error.to_string()))?;
    let problems = mapper.check_settings(schema, &defaults, owner).await?;
    Ok(if problems.is_empty() {
        Unfilled::Match(defaults)
    } else {
        Unfilled::Mismatch { settings: defaults, problems }
    })
}

impl From<SettingsError> for InspectError {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Schema(_) => Self::Refused(error.to_string()),
            SettingsError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use hookwright_model::PluginLimits;
    use serde_json::Value;

    use super::*;
    use crate::ports::{MapRequest, Mapped};

    /// Checks that settings have what the schema requires, and does nothing else.
    struct Checker;

    fn parse(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[async_trait::async_trait]
    impl Mapper for Checker {
        fn limits(&self) -> &PluginLimits {
            panic!("nobody asks")
        }

        async fn inspect(&self, _: Bytes, _: PluginOwner) -> Result<Inspected, InspectError> {
            panic!("nobody asks")
        }

        async fn load(&self, _: Bytes) -> Result<(), InspectError> {
            panic!("nobody asks")
        }

        async fn check_settings(
            &self,
            schema: &str,
            settings: &Settings,
            _: PluginOwner,
        ) -> Result<Vec<SettingsProblem>, SettingsError> {
            let (schema, settings): (Value, Value) = (parse(schema), parse(settings.as_str()));
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let missing = required.filter(|name| settings.get(name).is_none()).map(|name| SettingsProblem {
                pointer: String::new(),
                message: format!("{name} is missing"),
            });
            Ok(missing.collect())
        }

        async fn transform(&self, _: MapRequest) -> Mapped {
            panic!("nobody asks")
        }
    }

    async fn settings(schema: &str) -> Result<String, Vec<String>> {
        match unfilled(&Checker, schema, PluginOwner::Bundled).await.unwrap() {
            Unfilled::Match(settings) => Ok(settings.as_str().to_owned()),
            Unfilled::Mismatch { problems, .. } => {
                Err(problems.into_iter().map(|problem| problem.message).collect())
            }
        }
    }

    #[tokio::test]
    async fn the_sample_is_mapped_without_settings_or_with_the_defaults() {
        assert_eq!(settings(r#"{"properties": {"queue": {"default": "a"}}}"#).await, Ok("{}".to_owned()));
        let wanted = r#"{"required": ["queue"], "properties": {"queue": {"default": "a"}}}"#;
        assert_eq!(settings(wanted).await, Ok(r#"{"queue":"a"}"#.to_owned()));
        let missing = settings(r#"{"required": ["queue"], "properties": {"queue": {}}}"#).await.unwrap_err();
        assert!(missing[0].contains("queue"), "{missing:?}");
    }
}
