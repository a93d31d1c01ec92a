//! Mappings written by hand, in WebAssembly text: each does one thing that no decent mapping does.

use bytes::Bytes;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const CONTRACT: &str = include_str!("../../../../wit/1.0.0/mapping.wit");

/// Where the result of `describe` lies in the guest's memory.
pub(crate) const DESCRIPTION: usize = 1_024;
/// Where the result of `transform` lies in the guest's memory.
pub(crate) const RESULT: usize = 4_096;

/// A guest that behaves, until a part of it is replaced.
pub(crate) struct Guest {
    /// The contract that it is built for.
    pub(crate) wit: String,
    /// Another package that its world may import from.
    pub(crate) dependency: Option<&'static str>,
    /// Items of the core module: functions, globals, a start function.
    pub(crate) items: String,
    /// Imports of the core module.
    pub(crate) imports: String,
    /// Body of `describe`, which leaves the address of a description.
    pub(crate) describe: String,
    /// Body of `transform`, which leaves the address of a result.
    pub(crate) transform: String,
    /// Body of `cabi_realloc`.
    pub(crate) realloc: String,
    /// The bytes at [`RESULT`].
    pub(crate) result: Vec<u8>,
    /// Pages of memory at the start.
    pub(crate) pages: u32,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            wit: CONTRACT.into(),
            dependency: None,
            items: String::new(),
            imports: String::new(),
            describe: format!("i32.const {DESCRIPTION}"),
            transform: format!("i32.const {RESULT}"),
            realloc: "
                (global.set $next (i32.and
                    (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
                    (i32.sub (i32.const 0) (local.get 2))))
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3)))"
                .into(),
            result: skip(TEXT, 4),
            pages: 4,
        }
    }
}

/// Where a text of some length lies in the guest's memory.
pub(crate) const TEXT: u32 = 2_048;

/// `ok(skip(text))`.
pub(crate) fn skip(address: u32, len: u32) -> Vec<u8> {
    words(&[0, 3, address, len])
}

/// `ok(deliver(request))`, where only the body is unusual.
pub(crate) fn deliver(body_address: u32, body_len: u32) -> Vec<u8> {
    let (post, none, some, no) = (0, 0, 1, 0);
    let path = [none, 0, 0];
    let (headers, accept) = ([0, 0], [0, 0]);
    let body = [some, body_address, body_len];
    let request = [&[TEXT, 4, post], &path[..], &headers, &body, &accept, &[no]].concat();
    words(&[&[0, 0], request.as_slice()].concat())
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

impl Guest {
    pub(crate) fn transforming(transform: &str) -> Bytes {
        Self { transform: transform.into(), ..Self::default() }.build()
    }

    /// The component.
    pub(crate) fn build(&self) -> Bytes {
        let mut resolve = Resolve::default();
        if let Some(dependency) = self.dependency {
            resolve.push_str("dependency.wit", dependency).unwrap();
        }
        let package = resolve.push_str("mapping.wit", &self.wit).unwrap();
        let world = resolve.select_world(&[package], Some("mapper")).unwrap();
        let mut module = self.module();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap().into()
    }

    /// The core module inside.
    pub(crate) fn module(&self) -> Vec<u8> {
        let version = self.wit.split_once("mapping@").unwrap().1.split_once(';').unwrap().0;
        let url = "https://guest.example";
        // title, summary, url, headers, settings-schema
        let description = words(&[TEXT, 4, TEXT, 4, 2_100, 21, 0, 0, 2_200, 2]);
        let Self { items, imports, describe, transform, realloc, pages, .. } = self;
        let text = format!(
            r#"(module
                {imports}
                (memory (export "memory") {pages})
                (global $next (mut i32) (i32.const 65536))
                (data (i32.const {DESCRIPTION}) "{}")
                (data (i32.const {RESULT}) "{}")
                (data (i32.const {TEXT}) "text")
                (data (i32.const 2100) "{url}")
                (data (i32.const 2200) "{{}}")
                {items}
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {realloc})
                (func (export "hookwright:mapping/plugin@{version}#describe") (result i32) {describe})
                (func (export "hookwright:mapping/lead-created@{version}#transform") (param i32) (result i32)
                    {transform}))"#,
            escaped(&description),
            escaped(&self.result),
        );
        wat::parse_str(text).unwrap()
    }
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}
