//! The limits on plugins, each in one place: what an installation may change ([`PluginLimits`]) and what is fixed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What a plugin may be and use. Limits on a call hold for `describe` and for `transform`, each call for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginLimits {
    /// Size of a component's file.
    pub component_bytes: usize,
    /// Functions of a component, in all its modules.
    pub functions: usize,
    /// Code of one function: compilers take more than linear time for long ones.
    pub function_bytes: usize,
    /// Blocks within blocks in a function.
    pub block_depth: usize,
    /// Local variables that all functions of a component declare: the compiler takes memory and time for each, and some
    /// bytes declare thousands.
    pub locals: usize,
    /// Components and modules in a component, at every depth.
    pub modules: usize,
    /// Components within components.
    pub component_depth: usize,
    /// Types that a component and all that is in it define.
    pub types: usize,
    /// Size of the sections with these types.
    pub type_bytes: usize,
    /// Imports, exports, globals, aliases and instances of a component and of all that is in it.
    pub links: usize,
    /// Data and element segments, in all modules.
    pub segments: usize,
    /// Custom sections, such as names for debuggers, together.
    pub custom_bytes: usize,
    /// Instructions (wasmtime's fuel, about one unit each). Counted exactly, so that a call that is cut here is cut
    /// on every machine.
    pub fuel: u64,
    /// Processor time from the start of the instance to the answer: the net behind `fuel`, for what an instruction
    /// cannot measure.
    pub wall_time: Duration,
    /// Linear memory, all memories of an instance together.
    pub memory_bytes: usize,
    /// Elements of one table.
    pub table_elements: usize,
    /// Core instances that one component may consist of.
    pub core_instances: u32,
    /// Linear memories that one component may consist of.
    pub memories: u32,
    /// Tables that one component may consist of.
    pub tables: u32,
    /// The stack of WebAssembly code.
    pub stack_bytes: usize,
    /// Live handles of resources, such as streams.
    pub handles: usize,
    /// Bytes that one call between plugin and host may carry towards the host.
    pub transfer_bytes: usize,
    /// Log lines of one call; further ones are dropped, which a last line says.
    pub log_lines: usize,
    /// Bytes of all log lines of one call; counted and dropped likewise.
    pub log_bytes: usize,
    /// Bytes that one call may ask of the random number interfaces.
    pub random_bytes: usize,
    /// Body of a request.
    pub body_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Names and values of all headers of a request.
    pub header_bytes: usize,
    /// Statuses that a request may `accept`.
    pub accepted_statuses: usize,
}

impl Default for PluginLimits {
    fn default() -> Self {
        Self {
            component_bytes: 48 * MIB,
            functions: 100_000,
            function_bytes: MIB,
            block_depth: 10_000,
            locals: 1_000_000,
            modules: 256,
            component_depth: 8,
            types: 20_000,
            type_bytes: MIB,
            links: 50_000,
            segments: 50_000,
            custom_bytes: 24 * MIB,
            fuel: 200_000_000,
            wall_time: Duration::from_secs(1),
            memory_bytes: 64 * MIB,
            table_elements: 32_768,
            core_instances: 64,
            memories: 4,
            tables: 32,
            stack_bytes: MIB,
            handles: 1_024,
            transfer_bytes: 4 * MIB,
            log_lines: 100,
            log_bytes: 16 * KIB,
            random_bytes: 64 * KIB,
            body_bytes: MIB,
            headers: 32,
            header_bytes: 16 * KIB,
            accepted_statuses: 64,
        }
    }
}

/// One limit that an installation may change, as a number.
#[derive(Debug, Clone, Copy)]
pub struct PluginLimit {
    /// Its name, which ends with its unit where it has one.
    pub name: &'static str,
    /// The least that it can be set to.
    pub min: u64,
    /// The most that it can be set to.
    pub max: u64,
    get: fn(&PluginLimits) -> u64,
    set: fn(&mut PluginLimits, u64),
}

/// A limit cannot be set so.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum LimitError {
    /// There is no limit of this name.
    #[error("there is no limit `{name}`; there are {known}")]
    Unknown {
        /// The name.
        name: String,
        /// All names.
        known: String,
    },
    /// The value is out of range.
    #[error("`{name}` is {value}; it can be {min} to {max}")]
    Range {
        /// The limit.
        name: &'static str,
        /// What it was to be.
        value: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// Two limits do not fit together.
    #[error("{0}")]
    Together(&'static str),
}

macro_rules! limit {
    ($field:ident, $min:expr, $max:expr) => {
        PluginLimit {
            name: stringify!($field),
            min: $min as u64,
            max: $max as u64,
            get: |limits| u64::try_from(limits.$field).unwrap_or(u64::MAX),
            // Within the range, which every type of a limit can hold.
            set: |limits, value| limits.$field = value.try_into().unwrap_or(limits.$field),
        }
    };
}

impl PluginLimit {
    /// Every limit that can be changed, in the order in which people see them.
    pub const ALL: [Self; 29] = [
        limit!(component_bytes, KIB, 256 * MIB),
        limit!(functions, 1, 1_000_000),
        limit!(function_bytes, KIB, 7 * MIB),
        limit!(block_depth, 16, 1_000_000),
        limit!(locals, 1, 100_000_000),
        limit!(modules, 1, 1_000),
        limit!(component_depth, 1, 64),
        limit!(types, 1, 1_000_000),
        limit!(type_bytes, KIB, 16 * MIB),
        limit!(links, 1, 1_000_000),
        limit!(segments, 1, 1_000_000),
        limit!(custom_bytes, 0, 256 * MIB),
        limit!(fuel, 1_000, u64::MAX / 2),
        Self {
            name: "processor_ms",
            min: 1,
            max: 60_000,
            get: |limits| u64::try_from(limits.wall_time.as_millis()).unwrap_or(u64::MAX),
            set: |limits, value| limits.wall_time = Duration::from_millis(value),
        },
        limit!(memory_bytes, MIB, 4096 * MIB),
        limit!(table_elements, 1, 10_000_000),
        limit!(core_instances, 1, 1_000),
        limit!(memories, 1, 100),
        limit!(tables, 1, 1_000),
        limit!(stack_bytes, 64 * KIB, 64 * MIB),
        limit!(handles, 1, 1_000_000),
        limit!(transfer_bytes, 256 * KIB, 256 * MIB),
        limit!(log_lines, 0, 10_000),
        limit!(log_bytes, 0, MIB),
        limit!(random_bytes, KIB, 16 * MIB),
        limit!(body_bytes, KIB, 64 * MIB),
        limit!(headers, 1, 100),
        limit!(header_bytes, 256, 64 * KIB),
        limit!(accepted_statuses, 0, 500),
    ];

    /// What it is set to.
    pub fn get(&self, limits: &PluginLimits) -> u64 {
        (self.get)(limits)
    }
}

impl PluginLimits {
    /// Sets a limit by its name.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot be so much.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), LimitError> {
        let Some(limit) = PluginLimit::ALL.iter().find(|limit| limit.name == name) else {
            let known = PluginLimit::ALL.map(|limit| limit.name).join(", ");
            return Err(LimitError::Unknown { name: name.chars().take(80).collect(), known });
        };
        let PluginLimit { name, min, max, set, .. } = *limit;
        if !(min..=max).contains(&value) {
            return Err(LimitError::Range { name, value, min, max });
        }
        set(self, value);
        Ok(())
    }

    /// Whether the limits fit together.
    ///
    /// # Errors
    /// Which ones do not.
    pub fn check(&self) -> Result<(), LimitError> {
        // An answer that is within its own limits must fit through the boundary, so that the right limit is named.
        if self.body_bytes + self.header_bytes + MAX_SCHEMA_BYTES >= self.transfer_bytes {
            return Err(LimitError::Together(
                "`transfer_bytes` is too small: it must be more than `body_bytes`, `header_bytes` and 64 KiB together",
            ));
        }
        if self.transfer_bytes >= self.memory_bytes {
            return Err(LimitError::Together("`memory_bytes` must be more than `transfer_bytes`"));
        }
        Ok(())
    }
}

/// Characters of a step's name.
pub const MAX_STEP_CHARS: usize = 64;
/// Characters of a reason: of a skip or of a failure. Longer ones are cut.
pub const MAX_REASON_CHARS: usize = 1_000;
/// Characters of a receipt's reference.
pub const MAX_REFERENCE_CHARS: usize = 256;
/// Bytes of a receipt's link: what browsers and proxies commonly take.
pub const MAX_RECEIPT_URL_BYTES: usize = 2_048;
/// Characters of a description's title.
pub const MAX_TITLE_CHARS: usize = 80;
/// Characters of a description's summary.
pub const MAX_SUMMARY_CHARS: usize = 500;
/// Header hints of a description.
pub const MAX_HEADER_HINTS: usize = 16;
/// Characters of a header hint's placeholder.
pub const MAX_PLACEHOLDER_CHARS: usize = 200;
/// Bytes of the schema of a plugin's settings.
pub const MAX_SCHEMA_BYTES: usize = 64 * KIB;
/// Memory that one pattern in the schema may compile to.
pub const MAX_SCHEMA_PATTERN_BYTES: usize = MIB;

/// Calls that one delivery may make before it has to deliver or be done: enough for any target known, few enough that a
/// plugin which never ends is stopped soon.
pub const MAX_CALLS: u32 = 8;
/// Bytes of a reply's headers, names and values together, that are read; further headers are left out.
pub const MAX_REPLY_HEADER_BYTES: usize = 8 * KIB;
/// Bytes of a reply's body that are read.
pub const MAX_REPLY_BODY_BYTES: usize = 64 * KIB;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_together_and_are_in_range() {
        let limits = PluginLimits::default();
        assert_eq!(limits.check(), Ok(()));
        let mut again = limits.clone();
        for limit in &PluginLimit::ALL {
            assert_eq!(again.set(limit.name, limit.get(&limits)), Ok(()), "{}", limit.name);
        }
        assert_eq!(again, limits);
    }

    #[test]
    fn every_limit_can_be_set_to_its_ends() {
        for limit in &PluginLimit::ALL {
            for value in [limit.min, limit.max] {
                let mut limits = PluginLimits::default();
                limits.set(limit.name, value).unwrap();
                assert_eq!(limit.get(&limits), value, "{}", limit.name);
            }
            let mut limits = PluginLimits::default();
            assert!(limits.set(limit.name, limit.max + 1).is_err(), "{}", limit.name);
            assert_eq!(limits, PluginLimits::default());
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let mut limits = PluginLimits::default();
        let unknown = limits.set("fule", 1).unwrap_err().to_string();
        assert!(unknown.contains("`fule`") && unknown.contains("fuel"), "{unknown}");
        let range = limits.set("headers", 0).unwrap_err().to_string();
        assert!(range.contains("`headers` is 0") && range.contains("1 to 100"), "{range}");
        limits.set("transfer_bytes", 512 * 1024).unwrap();
        assert!(limits.check().unwrap_err().to_string().contains("`transfer_bytes`"));
    }
}
