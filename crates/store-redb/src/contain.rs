//! Panics of the database, contained.
//!
//! redb trusts the pages of a file that was closed properly, and panics on some that were damaged since. Such a panic
//! ends the operation that met the page, with words, and nothing else: neither the thread nor the process, and no
//! backtrace is printed.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use crate::error::Fault;

thread_local! {
    /// How many calls of [`contain`] this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// The words of the last contained panic.
    static WORDS: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs something that reads or writes pages. A panic in it becomes [`Fault::Damaged`].
///
/// What the closure has locked is unlocked by the unwinding; a write transaction in it is rolled back.
pub(crate) fn contain<T, E: From<Fault>>(run: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| if DEPTH.get() > 0 { note(info) } else { print(info) }));
    });
    DEPTH.set(DEPTH.get() + 1);
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    DEPTH.set(DEPTH.get() - 1);
    result.unwrap_or_else(|_| {
        let words = WORDS.take().unwrap_or_default();
        Err(Fault::Damaged(format!("a page of the file cannot be read ({words})")).into())
    })
}

fn note(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(|place| {
        let file = place.file().rsplit('/').next().unwrap_or_default();
        format!("{file}:{}: ", place.line())
    });
    let first_line = message.lines().next().unwrap_or_default();
    WORDS.set(Some(format!("{}{first_line}", place.unwrap_or_default())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_fault_with_its_words() {
        let contained: Result<(), Fault> = contain(|| panic!("page 7 has no entries"));
        let words = contained.unwrap_err().to_string();
        assert!(words.contains("contain.rs") && words.contains("page 7 has no entries"), "{words}");
        assert_eq!(contain(|| Ok::<_, Fault>(1)).unwrap(), 1);
    }
}
