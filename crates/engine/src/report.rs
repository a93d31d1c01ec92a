//! What the author of a plugin wants to know before uploading it: what the component is, and what it makes of a lead.

use bytes::Bytes;
use hookwright_model::{
    Description, EventId, History, PluginOwner, ProjectId, Settings, TargetUrl, Timestamp,
};

use crate::ports::{InspectError, Inspected, Mapper, Sender, SettingsError};
use crate::preview::{Preview, Scene};
use crate::settings::SettingsProblem;
use crate::{sample, settings};

/// A component that can be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What it is.
    pub inspected: Inspected,
    /// What it makes of a lead.
    pub trial: Trial,
}

/// A first call of `transform`, with the sample lead. It says nothing of whether the component can be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// It was called.
    Made {
        /// With these settings: `{}` if they match the schema, or else the schema's defaults.
        settings: Settings,
        /// What came of it.
        preview: Box<Preview>,
    },
    /// It was not called, because neither `{}` nor the schema's defaults match the schema.
    NotMade {
        /// The defaults, as far as the schema names them.
        settings: Settings,
        /// What is wrong with them.
        problems: Vec<SettingsProblem>,
    },
}

/// Inspects a component and tries it with the sample lead. Nothing is stored and nothing sent.
///
/// # Errors
/// Why it cannot be used: what is wrong, and what to do about it.
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
    let trial = match fitting(mapper, settings_schema, owner).await? {
        Ok(settings) => {
            let event = sample::event(EventId::new(now, [0; 10]), project, now);
            let scene = Scene {
                component: inspected.digest,
                event,
                settings: settings.clone(),
                history: History::default(),
                url,
            };
            let mapped = mapper.transform(scene.request()).await;
            Trial::Made { settings, preview: Box::new(scene.preview(mapped, sender)) }
        }
        Err((settings, problems)) => Trial::NotMade { settings, problems },
    };
    Ok(Report { inspected, trial })
}

/// The first settings that match the schema, or what is wrong with the last ones.
async fn fitting(
    mapper: &dyn Mapper,
    schema: &str,
    owner: PluginOwner,
) -> Result<Result<Settings, (Settings, Vec<SettingsProblem>)>, InspectError> {
    let empty = Settings::default();
    if mapper.check_settings(schema, &empty, owner).await?.is_empty() {
        return Ok(Ok(empty));
    }
    let defaults = settings::defaults(schema).map_err(|error| InspectError::Refused(error.to_string()))?;
    let problems = mapper.check_settings(schema, &defaults, owner).await?;
    Ok(if problems.is_empty() { Ok(defaults) } else { Err((defaults, problems)) })
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

    use super::*;
    use crate::ports::{MapRequest, Mapped};

    /// Checks settings and does nothing else.
    struct Checker;

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
            settings::check(schema, settings).map_err(|error| SettingsError::Schema(error.to_string()))
        }

        async fn transform(&self, _: MapRequest) -> Mapped {
            panic!("nobody asks")
        }
    }

    async fn settings(schema: &str) -> Result<String, Vec<String>> {
        match fitting(&Checker, schema, PluginOwner::Bundled).await.unwrap() {
            Ok(settings) => Ok(settings.as_str().to_owned()),
            Err((_, problems)) => Err(problems.into_iter().map(|problem| problem.message).collect()),
        }
    }

    #[tokio::test]
    async fn a_trial_takes_no_settings_or_the_defaults_or_is_not_made() {
        assert_eq!(settings(r#"{"properties": {"queue": {"default": "a"}}}"#).await, Ok("{}".to_owned()));
        let wanted = r#"{"required": ["queue"], "properties": {"queue": {"default": "a"}}}"#;
        assert_eq!(settings(wanted).await, Ok(r#"{"queue":"a"}"#.to_owned()));
        let missing = settings(r#"{"required": ["queue"], "properties": {"queue": {}}}"#).await.unwrap_err();
        assert!(missing[0].contains("queue"), "{missing:?}");
    }
}
