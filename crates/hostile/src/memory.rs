//! Where things lie in the memory of every guest.

/// Where a text of four letters, `text`, lies in every guest's memory.
pub const TEXT: u32 = 2_048;
/// Where the result of `transform` lies in a guest's memory.
pub const RESULT: u32 = 4_096;
/// Where the result of `describe` lies in a guest's memory: behind the part from which `cabi_realloc` gives.
pub(crate) const ABOUT: u32 = 131_072;
