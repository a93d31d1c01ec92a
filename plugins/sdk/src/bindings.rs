//! The contract's types and exports, generated from `wit/1.0.0`. The rest of the crate gives them their methods.

#![allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, reason = "generated")]

wit_bindgen::generate!({
    path: "../../wit/1.0.0",
    world: "mapper",
    additional_derives: [PartialEq, Clone],
    export_macro_name: "export_component",
    pub_export_macro: true,
    default_bindings_module: "hookwright_sdk::bindings",
});
