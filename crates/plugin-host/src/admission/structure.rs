//! Structure limits: one pass counts what is in a component, in linear time and without memory, before anything that costs
//! more looks at it. The pass reads headers of sections, lengths, and the locals that functions declare. It reads the code of
//! a function only where that is long enough to nest blocks too deeply.

use std::ops::Range;

use hookwright_engine::ports::InspectError;
use wasmparser::{
    ComponentTypeSectionReader, Encoding, FunctionBody, MemorySectionReader, Operator, Parser, Payload,
    TableSectionReader,
};

use crate::limits::{MAX_TYPE_DEPTH, PluginLimits};
use crate::text::without_controls;

/// The names that the outermost component imports and exports.
#[derive(Debug, Default)]
pub(crate) struct Names<'a> {
    pub(crate) imports: Vec<&'a str>,
    pub(crate) exports: Vec<&'a str>,
}

/// Counts what is in the component and reads its names.
///
/// # Errors
/// Which limit it exceeds, or where it is no component.
pub(crate) fn check<'a>(component: &'a [u8], limits: &PluginLimits) -> Result<Names<'a>, InspectError> {
    let mut counts = Counts::new(component, limits);
    for payload in Parser::new(0).parse_all(component) {
        counts.count(&payload.map_err(|error| malformed(&error))?)?;
    }
    Ok(counts.names)
}

/// The words for a component that is not valid.
pub(crate) fn malformed(error: &wasmparser::Error) -> InspectError {
    InspectError::Refused(format!(
        "this is not a valid component: {} (at byte {}); upload the file as the build wrote it, and build without \
         WebAssembly proposals beyond version 2.0",
        without_controls(error.message()).collect::<String>(),
        error.offset()
    ))
}

struct Counts<'a, 'l> {
    component: &'a [u8],
    limits: &'l PluginLimits,
    names: Names<'a>,
    /// What the parser is in: components within components, and a module innermost.
    inside: Vec<Encoding>,
    modules: usize,
    functions: usize,
    locals: usize,
    types: usize,
    type_bytes: usize,
    links: usize,
    segments: usize,
    memories: usize,
    tables: usize,
    custom_bytes: usize,
}

/// One limit: its name in `plugin_limits`, and what it counts.
struct Cap {
    name: &'static str,
    max: usize,
    what: &'static str,
}

impl Cap {
    /// Whether there are no more than allowed.
    fn check(&self, has: usize) -> Result<(), InspectError> {
        let Self { name, max, what } = *self;
        if has <= max {
            return Ok(());
        }
        Err(InspectError::Refused(format!(
            "the component has {has} {what}; at most {max} are allowed (the limit `{name}`); make it smaller: build it \
             optimised for size, leave out libraries that it does not need"
        )))
    }

    /// Counts some more.
    fn add(&self, total: &mut usize, more: usize) -> Result<(), InspectError> {
        *total = total.saturating_add(more);
        self.check(*total)
    }
}

impl<'a, 'l> Counts<'a, 'l> {
    fn new(component: &'a [u8], limits: &'l PluginLimits) -> Self {
        Self {
            component,
            limits,
            names: Names::default(),
            inside: Vec::new(),
            modules: 0,
            functions: 0,
            locals: 0,
            types: 0,
            type_bytes: 0,
            links: 0,
            segments: 0,
            memories: 0,
            tables: 0,
            custom_bytes: 0,
        }
    }

    fn count(&mut self, payload: &Payload<'a>) -> Result<(), InspectError> {
        match payload {
            Payload::Version { encoding, .. } => self.enter(*encoding),
            Payload::End(_) => {
                self.inside.pop();
                Ok(())
            }
            Payload::TypeSection(types) => self.types(types.count(), types.range()),
            Payload::CoreTypeSection(types) => self.types(types.count(), types.range()),
            Payload::ComponentTypeSection(types) => self.component_types(types),
            Payload::FunctionSection(functions) => {
                let cap = Cap { name: "functions", max: self.limits.functions, what: "functions" };
                cap.add(&mut self.functions, functions.count() as usize)
            }
            Payload::CodeSectionEntry(body) => {
                self.locals(body)?;
                check_body(body, self.limits)
            }
            Payload::MemorySection(memories) => self.memories(memories),
            Payload::TableSection(tables) => self.tables(tables),
            Payload::ElementSection(elements) => self.segments(elements.count()),
            Payload::DataSection(data) => self.segments(data.count()),
            Payload::CustomSection(custom) => {
                let what = "bytes in custom sections (names for debuggers, for example: strip them)";
                let cap = Cap { name: "custom_bytes", max: self.limits.custom_bytes, what };
                cap.add(&mut self.custom_bytes, custom.data().len())
            }
            Payload::ImportSection(section) => self.links(section.count()),
            Payload::ExportSection(section) => self.links(section.count()),
            Payload::GlobalSection(section) => self.links(section.count()),
            Payload::InstanceSection(section) => self.links(section.count()),
            Payload::ComponentInstanceSection(section) => self.links(section.count()),
            Payload::ComponentAliasSection(section) => self.links(section.count()),
            Payload::ComponentCanonicalSection(section) => self.links(section.count()),
            Payload::ComponentImportSection(section) => {
                self.links(section.count())?;
                if self.inside.len() == 1 {
                    for import in section.clone() {
                        self.names.imports.push(import.map_err(|error| malformed(&error))?.name.name);
                    }
                }
                Ok(())
            }
            Payload::ComponentExportSection(section) => {
                self.links(section.count())?;
                if self.inside.len() == 1 {
                    for export in section.clone() {
                        self.names.exports.push(export.map_err(|error| malformed(&error))?.name.name);
                    }
                }
                Ok(())
            }
            Payload::UnknownSection { id, range, .. } => Err(InspectError::Refused(format!(
                "the file has a section of kind {id} (at byte {}), which no component has: it is damaged, or of a newer \
                 version of WebAssembly; upload the file as the build wrote it, and build for the target wasm32-wasip2",
                range.start
            ))),
            _ => Ok(()),
        }
    }

    fn enter(&mut self, encoding: Encoding) -> Result<(), InspectError> {
        self.inside.push(encoding);
        let depth = self.inside.iter().filter(|inside| **inside == Encoding::Component).count();
        let what = "levels of components within components";
        Cap { name: "component_depth", max: self.limits.component_depth, what }.check(depth)?;
        let cap = Cap { name: "modules", max: self.limits.modules, what: "modules and components in it" };
        cap.add(&mut self.modules, usize::from(self.inside.len() > 1))
    }

    fn types(&mut self, count: u32, range: Range<usize>) -> Result<(), InspectError> {
        let cap = Cap { name: "types", max: self.limits.types, what: "types" };
        cap.add(&mut self.types, count as usize)?;
        let cap = Cap { name: "type_bytes", max: self.limits.type_bytes, what: "bytes of types" };
        cap.add(&mut self.type_bytes, range.len())
    }

    /// Types of components can be nested, and reading them takes a stack frame for each level. Where a level begins, there
    /// is a 1 (a type is declared) and then 0x41 or 0x42 (the type of a component or of an instance), so that these pairs
    /// are never fewer than the levels.
    fn component_types(&mut self, types: &ComponentTypeSectionReader<'a>) -> Result<(), InspectError> {
        self.types(types.count(), types.range())?;
        let bytes = self.component.get(types.range()).unwrap_or_default();
        let levels = bytes.windows(2).filter(|pair| matches!(pair, [0x01, 0x41 | 0x42])).count();
        if levels > MAX_TYPE_DEPTH {
            return Err(InspectError::Refused(format!(
                "the component declares {levels} types of components and instances within one another; at most \
                 {MAX_TYPE_DEPTH} are allowed; build it with a usual toolchain, which needs one or two"
            )));
        }
        Ok(())
    }

    fn locals(&mut self, body: &FunctionBody<'a>) -> Result<(), InspectError> {
        let cap = Cap { name: "locals", max: self.limits.locals, what: "local variables" };
        for group in body.get_locals_reader().map_err(|error| malformed(&error))? {
            let (count, _) = group.map_err(|error| malformed(&error))?;
            cap.add(&mut self.locals, count as usize)?;
        }
        Ok(())
    }

    fn memories(&mut self, memories: &MemorySectionReader<'a>) -> Result<(), InspectError> {
        let cap = Cap { name: "memories", max: self.limits.memories as usize, what: "memories" };
        cap.add(&mut self.memories, memories.count() as usize)?;
        for memory in memories.clone() {
            let pages = memory.map_err(|error| malformed(&error))?.initial;
            let bytes = usize::try_from(pages.saturating_mul(64 * 1024)).unwrap_or(usize::MAX);
            let what = "bytes of memory from the start";
            Cap { name: "memory_bytes", max: self.limits.memory_bytes, what }.check(bytes)?;
        }
        Ok(())
    }

    fn tables(&mut self, tables: &TableSectionReader<'a>) -> Result<(), InspectError> {
        let cap = Cap { name: "tables", max: self.limits.tables as usize, what: "tables" };
        cap.add(&mut self.tables, tables.count() as usize)?;
        for table in tables.clone() {
            let elements = table.map_err(|error| malformed(&error))?.ty.initial;
            let what = "elements in a table from the start";
            Cap { name: "table_elements", max: self.limits.table_elements, what }
                .check(usize::try_from(elements).unwrap_or(usize::MAX))?;
        }
        Ok(())
    }

    fn segments(&mut self, count: u32) -> Result<(), InspectError> {
        let cap = Cap { name: "segments", max: self.limits.segments, what: "data and element segments" };
        cap.add(&mut self.segments, count as usize)
    }

    fn links(&mut self, count: u32) -> Result<(), InspectError> {
        let what = "imports, exports, globals, aliases and instances";
        Cap { name: "links", max: self.limits.links, what }.add(&mut self.links, count as usize)
    }
}

/// Checks the length of a function and how deeply its blocks are nested.
fn check_body(body: &FunctionBody<'_>, limits: &PluginLimits) -> Result<(), InspectError> {
    let bytes = body.range().len();
    let what = "bytes of code in one function";
    Cap { name: "function_bytes", max: limits.function_bytes, what }.check(bytes)?;
    // A block takes three bytes: what it is, its type, its end.
    if bytes / 3 <= limits.block_depth {
        return Ok(());
    }
    let what = "blocks within blocks in one function";
    let cap = Cap { name: "block_depth", max: limits.block_depth, what };
    let mut operators = body.get_operators_reader().map_err(|error| malformed(&error))?;
    let mut depth = 0_usize;
    while !operators.eof() {
        match operators.read().map_err(|error| malformed(&error))? {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                depth += 1;
                cap.check(depth)?;
            }
            Operator::End => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(limits: &PluginLimits, text: &str) -> String {
        let component = wat::parse_str(text).unwrap();
        assert!(check(&component, &PluginLimits::default()).is_ok(), "within the limits by default: {text}");
        check(&component, limits).unwrap_err().to_string()
    }

    #[test]
    fn each_count_is_held_to_its_limit_by_name() {
        let nested = "(block (block (block (block (nop)))))";
        let limits = PluginLimits::default;
        let cases = [
            (PluginLimits { functions: 1, ..limits() }, "(core module (func) (func))", "`functions`"),
            (
                PluginLimits { function_bytes: 4, ..limits() },
                "(core module (func nop nop nop))",
                "`function_bytes`",
            ),
            (
                PluginLimits { block_depth: 3, ..limits() },
                &format!("(core module (func {nested}))"),
                "4 blocks within blocks",
            ),
            (
                PluginLimits { locals: 2, ..limits() },
                "(core module (func (local i32 i64)) (func (local f32)))",
                "`locals`",
            ),
            (PluginLimits { modules: 1, ..limits() }, "(core module) (core module)", "`modules`"),
            (PluginLimits { component_depth: 2, ..limits() }, "(component (component))", "`component_depth`"),
            (PluginLimits { types: 1, ..limits() }, "(type string) (type u8)", "`types`"),
            (PluginLimits { type_bytes: 3, ..limits() }, "(type (tuple u8 u8 u8))", "`type_bytes`"),
            (PluginLimits { links: 1, ..limits() }, r#"(import "a" (func)) (import "b" (func))"#, "`links`"),
            (
                PluginLimits { segments: 1, ..limits() },
                r#"(core module (memory 1) (data "a") (data "b"))"#,
                "`segments`",
            ),
            (PluginLimits { memories: 1, ..limits() }, "(core module (memory 1) (memory 1))", "`memories`"),
            (PluginLimits { memory_bytes: 65_536, ..limits() }, "(core module (memory 2))", "`memory_bytes`"),
            (PluginLimits { tables: 0, ..limits() }, "(core module (table 1 funcref))", "`tables`"),
            (
                PluginLimits { table_elements: 1, ..limits() },
                "(core module (table 2 funcref))",
                "`table_elements`",
            ),
            (
                PluginLimits { custom_bytes: 1, ..limits() },
                r#"(core module (@custom "x" "yz"))"#,
                "`custom_bytes`",
            ),
        ];
        for (limits, items, words) in cases {
            let refusal = refusal(&limits, &format!("(component {items})"));
            assert!(refusal.contains(words), "{items}: {refusal}");
        }
    }

    #[test]
    fn types_nested_without_end_are_refused_before_they_are_read() {
        // The type of a component that declares the type of a component, and so on, cut off at the innermost.
        let section: Vec<u8> = [1].into_iter().chain([0x41, 1, 1].repeat(100_000)).collect();
        let mut component = b"\0asm\x0d\0\x01\0\x07".to_vec();
        component.extend((0..4).map(|n| (section.len() >> (7 * n)).to_le_bytes()[0] & 0x7f | 0x80));
        component.push(0);
        component.extend(section);
        let refusal = check(&component, &PluginLimits::default()).unwrap_err().to_string();
        assert!(refusal.contains("types of components and instances within one another"), "{refusal}");
    }
}
