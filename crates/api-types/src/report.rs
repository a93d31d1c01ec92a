//! Reports on components that were not uploaded.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::plugin::DescriptionBody;
use crate::preview::{PreviewBody, UsageBody};
use crate::problem::InvalidBody;
use crate::raw;

/// What an upload would do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Box<RawValue>")]
pub struct CheckedBody {
    /// The version that it would make.
    #[serde(flatten)]
    pub outcome: UploadOutcome,
    /// What the component is.
    #[serde(flatten)]
    pub report: ReportBody,
}

/// The version that an upload would make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadOutcome {
    /// Its number; that of the newest version if this very component is it.
    #[schema(minimum = 1)]
    pub version: u32,
    /// Whether an upload would change nothing.
    pub unchanged: bool,
}

impl TryFrom<Box<RawValue>> for CheckedBody {
    type Error = serde_json::Error;

    fn try_from(json: Box<RawValue>) -> Result<Self, Self::Error> {
        let (outcome, report) = raw::two(&json)?;
        Ok(Self { outcome, report })
    }
}

/// A component that can be uploaded.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportBody {
    /// Its digest.
    #[schema(value_type = crate::schema::Digest)]
    pub digest: String,
    /// The version of the contract that it was built for.
    pub contract: String,
    /// Its size.
    pub size_bytes: u64,
    /// What it imports.
    pub imports: Vec<String>,
    /// What the plugin says about itself.
    pub description: DescriptionBody,
    /// How long it waited for the compiler.
    pub waited_ms: u64,
    /// How long compiling took; null: its code was there already.
    #[schema(required = true)]
    pub compile_ms: Option<u64>,
    /// What `describe` used.
    pub describe: UsageBody,
    /// A run of `transform` with the sample lead.
    pub trial: TrialBody,
}

/// A run of `transform` with the sample lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in an answer")]
pub enum TrialBody {
    /// What came of it.
    Made {
        /// The settings that it had.
        #[schema(value_type = Object)]
        settings: Value,
        /// What a delivery would do.
        #[serde(flatten)]
        preview: PreviewBody,
    },
    /// There was none: neither `{}` nor the schema's defaults match the schema.
    NotMade {
        /// The settings that it would have had.
        #[schema(value_type = Object)]
        settings: Value,
        /// What is wrong with them.
        problems: Vec<InvalidBody>,
    },
}
