//! The limits on plugins, each in one place: what an installation may change ([`PluginLimits`]) and what is fixed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// One limit that an installation may change, as a number.
#[derive(Debug, Clone, Copy)]
pub struct PluginLimit {
    /// Its name, which ends with its unit where it has one.
    pub name: &'static str,
    /// What it bounds, in sentences for the people who run a server.
    pub purpose: &'static str,
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

/// A limit's value, as the number that people see.
trait Number: Sized {
    fn to_number(self) -> u64;
    fn from_number(number: u64) -> Option<Self>;
}

macro_rules! number {
    ($($type:ty)*) => {$(
        impl Number for $type {
            fn to_number(self) -> u64 {
                u64::try_from(self).unwrap_or(u64::MAX)
            }

            fn from_number(number: u64) -> Option<Self> {
                number.try_into().ok()
            }
        }
    )*};
}

number!(usize u32);

impl Number for u64 {
    fn to_number(self) -> u64 {
        self
    }
    fn from_number(number: u64) -> Option<Self> {
        Some(number)
    }
}

impl Number for Duration {
    fn to_number(self) -> u64 {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX)
    }
    fn from_number(number: u64) -> Option<Self> {
        Some(Self::from_millis(number))
    }
}

/// Declares the limits, each once: its documentation, field, name if that differs, type, default and range.
macro_rules! plugin_limits {
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $name:literal) => { $name };
    ($($(#[doc = $doc:literal])+ $field:ident $(as $name:literal)?: $type:ty = $default:expr, $min:expr => $max:expr;)*) => {
        /// What a plugin may be and use. Limits on a call hold for `describe` and for `transform`, each call for itself.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct PluginLimits {
            $($(#[doc = $doc])+ pub $field: $type,)*
        }

        impl Default for PluginLimits {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl PluginLimit {
            /// Every limit that can be changed, in the order in which people see them.
            pub const ALL: [Self; 29] = [$(
                Self {
                    name: plugin_limits!(@name $field $($name)?),
                    purpose: concat!($($doc),+),
                    min: $min as u64,
                    max: $max as u64,
                    get: |limits| limits.$field.to_number(),
                    // Within the range, which every type of a limit can hold.
                    set: |limits, value| limits.$field = Number::from_number(value).unwrap_or(limits.$field),
                },
            )*];
        }
    };
}

plugin_limits! {
    /// Size of a component's file. A mapping in Rust has 0.2 MiB, one in JavaScript up to 13, one in Python some 40. Uploads
    /// take memory for five files of this size at the same time, for two of one project; further ones get 503.
    component_bytes: usize = 48 * MIB, KIB => 256 * MIB;
    /// Functions of a component, in all its modules. An interpreter has some 20 000.
    functions: usize = 100_000, 1 => 1_000_000;
    /// Code of one function. The compiler takes more than linear time for long ones; an interpreter's main loop has 0.2 MiB.
    function_bytes: usize = MIB, KIB => 7 * MIB;
    /// Blocks within blocks in one function: one for each case of a large `switch`.
    block_depth: usize = 10_000, 16 => 1_000_000;
    /// Local variables of all functions together. The compiler takes memory and time for each, used or not. An interpreter
    /// declares some 50 000.
    locals: usize = 1_000_000, 1 => 100_000_000;
    /// Components and modules in a component, at every depth.
    modules: usize = 256, 1 => 1_000;
    /// Components within components.
    component_depth: usize = 8, 1 => 64;
    /// Types that a component and all that is in it define.
    types: usize = 20_000, 1 => 1_000_000;
    /// Size of the sections with these types.
    type_bytes: usize = MIB, KIB => 16 * MIB;
    /// Imports, exports, globals, aliases and instances of a component and of all that is in it.
    links: usize = 50_000, 1 => 1_000_000;
    /// Data and element segments, in all modules.
    segments: usize = 50_000, 1 => 1_000_000;
    /// Custom sections, such as names for debuggers, together.
    custom_bytes: usize = 24 * MIB, 0 => 256 * MIB;
    /// Instructions of one call, counted exactly (wasmtime's fuel, about one unit each): the same on every machine. A bundled
    /// mapping uses less than one million.
    fuel: u64 = 200_000_000, 1_000 => u64::MAX / 2;
    /// Milliseconds of processor time of one call: the net behind `fuel`, for what an instruction cannot measure. The time on
    /// the clock may be ten times as much, for a busy machine.
    wall_time as "processor_ms": Duration = Duration::from_secs(1), 1 => 60_000;
    /// Linear memory of one call, all memories together: enough for an interpreter.
    memory_bytes: usize = 64 * MIB, MIB => 4096 * MIB;
    /// Elements of one table: as many functions can be called by pointer.
    table_elements: usize = 32_768, 1 => 10_000_000;
    /// Core instances that one component may consist of: composed components have several.
    core_instances: u32 = 64, 1 => 1_000;
    /// Linear memories that one component may consist of.
    memories: u32 = 4, 1 => 100;
    /// Tables that one component may consist of.
    tables: u32 = 32, 1 => 1_000;
    /// The stack of one call: what compilers give a program by default.
    stack_bytes: usize = MIB, 64 * KIB => 64 * MIB;
    /// Live handles of resources, such as streams: the frozen world needs few.
    handles: usize = 1_024, 1 => 1_000_000;
    /// Bytes that one call between plugin and host may carry towards the host. It must be more than `body_bytes`,
    /// `header_bytes` and 64 KiB together, and less than `memory_bytes`.
    transfer_bytes: usize = 4 * MIB, 256 * KIB => 256 * MIB;
    /// Log lines of one call, which are kept with the attempt. Further ones are dropped, which a last line says.
    log_lines: usize = 100, 0 => 10_000;
    /// Bytes of all log lines of one call; counted and dropped likewise.
    log_bytes: usize = 16 * KIB, 0 => MIB;
    /// Bytes that one call may ask of the random number interfaces: seeds for hash tables.
    random_bytes: usize = 64 * KIB, KIB => 16 * MIB;
    /// Body of a request: targets take less.
    body_bytes: usize = MIB, KIB => 64 * MIB;
    /// Headers of a request.
    headers: usize = 32, 1 => 100;
    /// Names and values of all headers of a request: servers accept no more.
    header_bytes: usize = 16 * KIB, 256 => 64 * KIB;
    /// Statuses that a request may `accept`: those that count as a reply and not as a failure.
    accepted_statuses: usize = 64, 0 => 500;
}

impl PluginLimit {
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

/// Deliveries that a request with several events may lead to: its events times the webhooks of their project. One event
/// alone always passes.
pub const MAX_BATCH_DELIVERIES: usize = 100_000;
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
