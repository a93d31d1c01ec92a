//! Components whose form is the attack: too many, too deep, too large.

use bytes::Bytes;
use wasm_encoder::{
    CodeSection, Component, ComponentImportSection, ComponentSectionId, ComponentTypeRef, Function,
    FunctionSection, Instruction, Module, RawSection, TypeBounds, TypeSection, ValType,
};

use crate::binary::{composed, with_component, with_instance, with_module, with_section};
use crate::case::{Case, Verdict};

pub(super) fn cases() -> Vec<Case> {
    [code(), components(), sections()].concat()
}

fn code() -> Vec<Case> {
    vec![
        Case {
            name: "million-functions",
            limit: "functions of a component",
            verdict: Verdict::Refused,
            words: &["1000004 functions", "`functions`"],
            build: || functions(1_000_001, &[], empty),
        },
        Case {
            name: "function-of-many-megabytes",
            limit: "size of a function",
            verdict: Verdict::Refused,
            words: &["bytes of code in one function", "`function_bytes`"],
            build: || {
                functions(1, &[], |body| {
                    for _ in 0..3_000_000 {
                        body.instruction(&Instruction::I32Const(0)).instruction(&Instruction::Drop);
                    }
                    body.instruction(&Instruction::End);
                })
            },
        },
        Case {
            name: "blocks-nested-deeply",
            limit: "nesting of blocks",
            verdict: Verdict::Refused,
            words: &["blocks within blocks", "`block_depth`"],
            build: || {
                functions(1, &[], |body| {
                    for _ in 0..50_000 {
                        body.instruction(&Instruction::Block(wasm_encoder::BlockType::Empty));
                    }
                    for _ in 0..=50_000 {
                        body.instruction(&Instruction::End);
                    }
                })
            },
        },
        Case {
            name: "locals-without-end",
            limit: "locals of all functions",
            verdict: Verdict::Refused,
            words: &["local variables", "`locals`"],
            build: || functions(10_000, &[(50_000, ValType::I64)], empty),
        },
        Case {
            name: "locals-up-to-the-limit",
            limit: "locals of all functions",
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || functions(19, &[(50_000, ValType::I64)], empty),
        },
    ]
}

fn components() -> Vec<Case> {
    vec![
        Case {
            name: "composed-component",
            limit: "core instances of a component",
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: composed,
        },
        Case {
            name: "components-nested-deeply",
            limit: "nesting of components",
            verdict: Verdict::Refused,
            words: &["components within components", "`component_depth`"],
            build: || with_section(ComponentSectionId::Component, &nested(2_000)),
        },
        Case {
            name: "instances-that-multiply",
            limit: "core instances of a component",
            verdict: Verdict::Refused,
            words: &["core module instances"],
            build: || with_instance(&multiplied(4)),
        },
        Case {
            name: "too-many-core-instances",
            limit: "core instances of a component",
            verdict: Verdict::Refused,
            words: &["core module instances"],
            build: || {
                let instances = "(core instance (instantiate $m))".repeat(100);
                with_instance(&format!("(component (core module $m) {instances})"))
            },
        },
        Case {
            name: "types-that-double-thirty-times",
            limit: "size of a type",
            verdict: Verdict::Refused,
            words: &["effective type size exceeds the limit of 1000000"],
            build: || with_component(&format!("(component {})", doubling(30))),
        },
        Case {
            name: "options-nested-deeply",
            limit: "nesting of a type",
            verdict: Verdict::Refused,
            words: &["type nesting is too deep"],
            build: || {
                let types = (1..5_000).map(|n| format!("(type $t{n} (option $t{}))", n - 1));
                with_component(&format!("(component (type $t0 (option u8)) {})", types.collect::<String>()))
            },
        },
        Case {
            name: "types-that-double-up-to-the-limit",
            limit: "size of a type",
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                with_component(&format!(
                    "(component {})",
                    format!("(component {})", doubling(18)).repeat(100)
                ))
            },
        },
    ]
}

/// Types, each of which is the one before twice; the last one is `$last`.
fn doubling(times: usize) -> String {
    let types = (1..times).map(|n| format!("(type $t{n} (tuple $t{} $t{}))", n - 1, n - 1));
    let types: String = types.collect();
    format!("(type $t0 (tuple u8 u8)) {types} (type $last (tuple $t{}))", times - 1)
}

fn sections() -> Vec<Case> {
    vec![
        Case {
            name: "custom-section-of-many-megabytes",
            limit: "component file",
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                let named = [&b"\x04text"[..], &vec![0xff; 6 << 20]].concat();
                with_section(ComponentSectionId::CoreCustom, &named)
            },
        },
        Case {
            name: "custom-sections-by-the-million",
            limit: "component file",
            verdict: Verdict::Harmless,
            words: &["Skip(\"text\")"],
            build: || {
                let guest = crate::Guest::default().build();
                [&guest[..], &b"\0\x02\x01x".repeat(1_000_000)].concat().into()
            },
        },
        Case {
            name: "import-with-an-endless-name",
            limit: "imports",
            verdict: Verdict::Refused,
            words: &["a-a-a", "which a mapping does not get"],
            build: || import(&format!("a{}", "-a".repeat(40_000))),
        },
        Case {
            name: "import-with-a-broken-name",
            limit: "imports",
            verdict: Verdict::Refused,
            words: &["`a [2J`", "no name of an import", "as the build wrote it"],
            build: || import("a\u{1b}[2J"),
        },
    ]
}

/// A guest with an unused module of so many functions without parameters, each with these locals and this body.
fn functions(count: u32, locals: &[(u32, ValType)], body: impl Fn(&mut Function)) -> Bytes {
    let (mut types, mut functions, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([], []);
    let mut function = Function::new(locals.iter().copied());
    body(&mut function);
    for _ in 0..count {
        functions.function(0);
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    with_module(module)
}

fn empty(body: &mut Function) {
    body.instruction(&Instruction::End);
}

/// So many components within one another.
fn nested(levels: usize) -> Vec<u8> {
    (0..levels).fold(Component::new().finish(), |inner, _| {
        let mut outer = Component::new();
        outer.section(&RawSection { id: ComponentSectionId::Component.into(), data: &inner });
        outer.finish()
    })
}

/// A component of one core instance, eight times in a component, which is there eight times in a component, and so on.
fn multiplied(levels: usize) -> String {
    let leaf = "(component (core module $m) (core instance (instantiate $m)))".to_owned();
    (0..levels).fold(leaf, |inner, _| {
        let named = inner.replacen("(component", "(component $c", 1);
        format!("(component {named} {})", "(instance (instantiate $c))".repeat(8))
    })
}

fn import(name: &str) -> Bytes {
    let mut imports = ComponentImportSection::new();
    imports.import(name, ComponentTypeRef::Type(TypeBounds::SubResource));
    let mut section = Vec::new();
    wasm_encoder::Encode::encode(&imports, &mut section);
    // The section's own length is in front: `with_section` writes it again.
    let contents = &section[section.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1..];
    with_section(ComponentSectionId::Import, contents)
}
