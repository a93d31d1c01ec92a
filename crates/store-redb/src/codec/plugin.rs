//! Plugin versions.

use hookwright_model::{Description, Digest, HeaderHint, PluginName, PluginOwner, PluginVersion};
use hookwright_store::StoreError;
use serde::{Deserialize, Serialize};

use super::{Home, Kind, decode, encode, time};
use crate::schema;

#[derive(Serialize, Deserialize)]
struct PluginRow<'a> {
    digest: [u8; 32],
    contract: &'a str,
    size_bytes: u64,
    title: &'a str,
    summary: &'a str,
    url: &'a str,
    #[serde(borrow)]
    headers: Vec<HintRow<'a>>,
    settings_schema: &'a str,
    created_at: u64,
}

#[derive(Serialize, Deserialize)]
struct HintRow<'a> {
    name: &'a str,
    placeholder: &'a str,
    secret: bool,
}

pub(crate) fn plugin_row(version: &PluginVersion) -> Result<Vec<u8>, StoreError> {
    let description = &version.description;
    let row = PluginRow {
        digest: version.digest.to_bytes(),
        contract: &version.contract,
        size_bytes: version.size_bytes,
        title: &description.title,
        summary: &description.summary,
        url: &description.url,
        headers: description.headers.iter().map(hint_row).collect(),
        settings_schema: &description.settings_schema,
        created_at: version.created_at.as_millis(),
    };
    let place = place(version.owner, &version.name, version.version);
    encode(Home::new(Kind::PluginVersion, &place), &row)
}

fn place(owner: PluginOwner, name: &PluginName, version: u32) -> Vec<u8> {
    [&schema::owner_key(owner)[..], name.as_str().as_bytes(), &version.to_be_bytes()].concat()
}

fn hint_row(hint: &HeaderHint) -> HintRow<'_> {
    HintRow { name: &hint.name, placeholder: &hint.placeholder, secret: hint.secret }
}

pub(crate) fn plugin(
    owner: PluginOwner,
    name: PluginName,
    version: u32,
    bytes: &[u8],
) -> Result<PluginVersion, StoreError> {
    let row: PluginRow<'_> = decode(Home::new(Kind::PluginVersion, &place(owner, &name, version)), bytes)?;
    let hint = |hint: HintRow<'_>| HeaderHint {
        name: hint.name.to_owned(),
        placeholder: hint.placeholder.to_owned(),
        secret: hint.secret,
    };
    Ok(PluginVersion {
        owner,
        name,
        version,
        digest: Digest::from_bytes(row.digest),
        contract: row.contract.to_owned(),
        size_bytes: row.size_bytes,
        description: Description {
            title: row.title.to_owned(),
            summary: row.summary.to_owned(),
            url: row.url.to_owned(),
            headers: row.headers.into_iter().map(hint).collect(),
            settings_schema: row.settings_schema.to_owned(),
        },
        created_at: time(row.created_at),
    })
}
