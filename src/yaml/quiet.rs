//! Panics of the parser, caught and kept silent.
//!
//! The parser is known to panic on a few malformed texts (a tag followed by a comma in a flow collection is one).
//! One bad release must not end a run, and the panic's message must not reach stderr past the output boundary.
//! Only the process-wide hook prints it, so this module wraps that hook once, and the wrapper is silent only on a
//! thread that is inside [`catch`]; on every other thread, and for every other panic, the former hook runs.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

static WRAP: Once = Once::new();

/// The function that the standard library calls on a panic.
type PanicHook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Runs a function and returns none if it panics.
pub(super) fn catch<T>(function: impl FnOnce() -> T) -> Option<T> {
    WRAP.call_once(|| panic::set_hook(silencing(panic::take_hook())));
    let before = SILENT.replace(true);
    // Nothing that the function has touched is used after a panic: the parser and the values are dropped with it.
    let result = panic::catch_unwind(AssertUnwindSafe(function));
    SILENT.set(before);
    result.ok()
}

/// A hook that calls another, except inside [`catch`].
pub(super) fn silencing(former: PanicHook) -> PanicHook {
    Box::new(move |info| {
        if !SILENT.get() {
            former(info);
        }
    })
}
