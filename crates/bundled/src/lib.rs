//! The mapping plugins that travel in the binary, built for `wasm32-wasip2` from `plugins/` by this crate's build script.

/// A plugin that belongs to everyone.
#[derive(Debug, Clone, Copy)]
pub struct BundledPlugin {
    /// The name that a webhook's mapping uses.
    pub name: &'static str,
    /// The WebAssembly component.
    pub component: &'static [u8],
    /// Its SHA-256 digest, and then its code, compiled for the target of this program; empty if the compiler of plugins does
    /// not know the target.
    pub code: &'static [u8],
}

macro_rules! bundled {
    ($($name:literal),* $(,)?) => {
        &[$(BundledPlugin {
            name: $name,
            component: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".wasm")),
            code: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".code")),
        }),*]
    };
}

/// Every bundled plugin, ordered by name.
pub fn all() -> &'static [BundledPlugin] {
    bundled![
        "airtable",
        "amocrm",
        "bitrix24",
        "hubspot",
        "json-template",
        "notion",
        "pipedrive",
        "postgrest",
        "salesforce",
        "slack",
        "telegram"
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Magic, then version 13 of layer 1: a component, not a core module.
    const COMPONENT_PREAMBLE: [u8; 8] = [0, b'a', b's', b'm', 13, 0, 1, 0];

    /// The time zones of `json-template` are most of the largest one.
    const MOST_BYTES: usize = 2 << 20;

    #[test]
    fn each_is_a_small_component_with_its_code() {
        for plugin in all() {
            assert!(plugin.component.starts_with(&COMPONENT_PREAMBLE), "{} is no component", plugin.name);
            assert!(plugin.code.len() > plugin.component.len(), "{} is not compiled", plugin.name);
            assert!(
                plugin.component.len() < MOST_BYTES,
                "{} has {} bytes",
                plugin.name,
                plugin.component.len()
            );
        }
    }

    #[test]
    fn no_path_of_the_building_machine_is_in_a_component() {
        let workspace = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let path = workspace.to_str().unwrap().as_bytes();
        for plugin in all() {
            assert!(!plugin.component.windows(path.len()).any(|bytes| bytes == path), "{}", plugin.name);
        }
    }
}
