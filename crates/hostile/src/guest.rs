//! Mappings written by hand, in WebAssembly text: each does one thing that no decent mapping does.

use bytes::Bytes;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::answer::{About, Answer};
use crate::memory::{ABOUT, RESULT, TEXT};

const CONTRACT: &str = include_str!("../../../wit/1.0.0/mapping.wit");

const HEAP: u32 = 65_536;

/// A guest that behaves, until a part of it is replaced. Its `transform` skips every event with the reason `text`.
#[derive(Debug, Clone)]
pub struct Guest {
    /// The contract that it is built for.
    pub wit: String,
    /// Other packages that its world may import from.
    pub dependencies: &'static [&'static str],
    /// Items of the core module: functions, globals, a start function.
    pub items: String,
    /// Imports of the core module.
    pub imports: String,
    /// Body of `describe`, which leaves the address of a description.
    pub describe: String,
    /// Body of `transform`, which leaves the address of a result.
    pub transform: String,
    /// Body of what the host calls when it has read the result of `transform`; none if it is not exported.
    pub post_return: Option<String>,
    /// Body of `cabi_realloc`.
    pub realloc: String,
    /// What `describe` answers.
    pub about: About,
    /// The bytes at [`RESULT`]: what `transform` answers.
    pub result: Vec<u8>,
    /// Pages of memory at the start.
    pub pages: u32,
    /// How its texts are encoded.
    pub encoding: StringEncoding,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            wit: CONTRACT.into(),
            dependencies: &[],
            items: String::new(),
            imports: String::new(),
            describe: format!("i32.const {ABOUT}"),
            transform: format!("i32.const {RESULT}"),
            post_return: None,
            realloc: "
                (global.set $next (i32.and
                    (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
                    (i32.sub (i32.const 0) (local.get 2))))
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3)))"
                .into(),
            about: About::default(),
            result: Answer::Skip("text".into()).bytes(),
            pages: 4,
            encoding: StringEncoding::UTF8,
        }
    }
}

impl Guest {
    /// The component of a guest whose `transform` has this body.
    pub fn transforming(transform: &str) -> Bytes {
        Self { transform: transform.into(), ..Self::default() }.build()
    }

    /// The component of a guest whose `transform` answers so.
    pub fn answering(answer: &Answer) -> Bytes {
        Self { result: answer.bytes(), ..Self::default() }.build()
    }

    /// A guest that imports one function, as `$import`.
    ///
    /// `interface` is a full name such as `wasi:cli/exit@0.2.0`, `parameters` the core function's type.
    pub fn importing(
        dependencies: &'static [&'static str],
        interface: &str,
        function: &str,
        parameters: &str,
    ) -> Self {
        let base = Self::default();
        let world = format!("world mapper {{\n  import {interface};");
        Self {
            wit: base.wit.replace("world mapper {", &world),
            dependencies,
            imports: format!(r#"(import "{interface}" "{function}" (func $import {parameters}))"#),
            ..base
        }
    }

    /// The component.
    pub fn build(&self) -> Bytes {
        let mut resolve = Resolve::default();
        for (number, dependency) in self.dependencies.iter().enumerate() {
            resolve.push_str(format!("dependency-{number}.wit"), dependency).unwrap();
        }
        let package = resolve.push_str("mapping.wit", &self.wit).unwrap();
        let world = resolve.select_world(&[package], Some("mapper")).unwrap();
        let mut module = self.module();
        embed_component_metadata(&mut module, &resolve, world, self.encoding).unwrap();
        // What is wrong with it is for the host to find.
        ComponentEncoder::default().validate(false).module(&module).unwrap().encode().unwrap().into()
    }

    /// The core module inside.
    pub fn module(&self) -> Vec<u8> {
        let version = self.wit.split_once("mapping@").unwrap().1.split_once(';').unwrap().0;
        let transform_name = format!("hookwright:mapping/lead-created@{version}#transform");
        let post_return = self.post_return.as_ref().map_or_else(String::new, |body| {
            format!(r#"(func (export "cabi_post_{transform_name}") (param i32) {body})"#)
        });
        let Self { items, imports, describe, transform, realloc, pages, .. } = self;
        let text = format!(
            r#"(module
                {imports}
                (memory (export "memory") {pages})
                (global $next (mut i32) (i32.const {HEAP}))
                (data (i32.const {ABOUT}) "{}")
                (data (i32.const {RESULT}) "{}")
                (data (i32.const {TEXT}) "text")
                {items}
                {post_return}
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
                (func (export "hookwright:mapping/plugin@{version}#describe") (result i32) {describe})
                (func (export "{transform_name}") (param i32) (result i32) {transform}))"#,
            escaped(&self.about.bytes()),
            escaped(&self.result),
        );
        wat::parse_str(text).unwrap()
    }
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}
