//! Plugins: named components, each upload a new immutable version.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::id::ProjectId;
use crate::time::Timestamp;

/// The SHA-256 digest of a component: what identifies code wherever a version number could be argued about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest with these bytes, as a store keeps it.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A plugin's name: 1 to 64 of `a`–`z`, `0`–`9` and `-`, starting with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginName(Box<str>);

/// The text is not a plugin name.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("`{0}` is not a plugin name: 1 to 64 of a-z, 0-9 and `-`, starting with a letter")]
pub struct PluginNameError(String);

impl PluginName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PluginName {
    type Err = PluginNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if fits { Ok(Self(text.into())) } else { Err(PluginNameError(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose plugin it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PluginOwner {
    /// Came with Hookwright; every project may use it.
    Bundled,
    /// Uploaded by a project; nobody else sees it.
    Project(ProjectId),
}

/// Which version of a plugin a webhook uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionPin {
    /// Whichever is newest when a delivery starts.
    Latest,
    /// This one.
    Exact(u32),
}

/// A header that a target needs and the webhook's owner has to supply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderHint {
    /// The header's name.
    pub name: String,
    /// What to type there, for example `Bearer pat-na1-…`.
    pub placeholder: String,
    /// Whether the value is a credential.
    pub secret: bool,
}

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// A person's name for the target.
    pub title: String,
    /// One sentence: what a delivered lead becomes there.
    pub summary: String,
    /// The webhook URL to propose.
    pub url: String,
    /// Headers that the target needs.
    pub headers: Vec<HeaderHint>,
    /// JSON Schema (draft 2020-12) of the settings object, as text.
    pub settings_schema: String,
}

/// One uploaded version of a plugin. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginVersion {
    /// Whose it is.
    pub owner: PluginOwner,
    /// Its name.
    pub name: PluginName,
    /// 1, 2, 3 … in the order of the uploads.
    pub version: u32,
    /// The digest of the component.
    pub digest: Digest,
    /// The contract version that it was built for, for example `1.0.0`.
    pub contract: String,
    /// The component's size.
    pub size_bytes: u64,
    /// What it says of itself.
    pub description: Description,
    /// When it was uploaded.
    pub created_at: Timestamp,
}
