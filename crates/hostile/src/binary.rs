//! Components put together from bytes, where text would be too long or too well-behaved.

use bytes::Bytes;
use wasm_encoder::{
    Alias, Component, ComponentAliasSection, ComponentExportKind, ComponentExportSection,
    ComponentInstanceSection, ComponentSection as _, ComponentSectionId, Encode as _, Module, RawSection,
};
use wasmparser::{Parser, Payload};

use crate::guest::Guest;

/// A guest that behaves, with another section behind its own.
pub(crate) fn with_section(id: ComponentSectionId, contents: &[u8]) -> Bytes {
    let mut bytes = Guest::default().build().to_vec();
    bytes.push(id.into());
    contents.encode(&mut bytes);
    bytes.into()
}

/// A guest that behaves, with a core module that it never uses.
pub(crate) fn with_module(module: Module) -> Bytes {
    with_section(ComponentSectionId::CoreModule, &module.finish())
}

/// A guest that behaves, with a component in it that it never uses.
pub(crate) fn with_component(text: &str) -> Bytes {
    with_section(ComponentSectionId::Component, &wat::parse_str(text).unwrap())
}

/// A guest that behaves, with an instance of this component in it.
pub(crate) fn with_instance(text: &str) -> Bytes {
    let with_component = with_component(text);
    let components =
        Parser::new(0).parse_all(&with_component).map_while(Result::ok).scan(0, |depth, payload| {
            match payload {
                Payload::Version { .. } => *depth += 1,
                Payload::End(_) => *depth -= 1,
                _ => {}
            }
            Some(u32::from(*depth == 1 && matches!(payload, Payload::ComponentSection { .. })))
        });
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate::<[(&str, ComponentExportKind, u32); 0], _>(components.sum::<u32>() - 1, []);
    let mut bytes = with_component.to_vec();
    instances.append_to_component(&mut bytes);
    bytes.into()
}

/// A component that has a guest inside and exports what that exports.
pub(crate) fn composed() -> Bytes {
    let inner = Guest { wit: without_imports(&Guest::default().wit), ..Guest::default() }.build();
    let mut outer = Component::new();
    outer.section(&RawSection { id: ComponentSectionId::Component.into(), data: &inner });
    let mut instances = ComponentInstanceSection::new();
    instances.instantiate::<[(&str, ComponentExportKind, u32); 0], _>(0, []);
    outer.section(&instances);
    let (mut aliases, mut exports) = (ComponentAliasSection::new(), ComponentExportSection::new());
    for (number, interface) in ["plugin", "lead-created"].iter().enumerate() {
        let name = format!("hookwright:mapping/{interface}@1.0.0");
        let kind = ComponentExportKind::Instance;
        aliases.alias(Alias::InstanceExport { instance: 0, kind, name: &name });
        // Each export is an instance of its own beside the aliased ones.
        exports.export(&name, kind, 1 + u32::try_from(number).unwrap(), None);
    }
    outer.section(&aliases).section(&exports);
    outer.finish().into()
}

/// The contract with the types of `lead-created` in that interface itself, so that none are imported.
fn without_imports(wit: &str) -> String {
    let (_, types) = wit.split_once("interface types {").unwrap();
    let (types, _) = types.split_once("\n}\n").unwrap();
    wit.replace("  use types.{action, failure, history};", types)
}
