//! A stack for what goes deep. Charts decide how deep, within limits, and the stack of a worker thread is small.

use std::thread;

/// The stack's bytes. The system gives of it what is used.
///
/// An evaluation goes 400 levels deep, each of which takes at most 30 KiB without optimization. Schemas apply to each other
/// within 200 levels, and a reader of JSON goes 128 levels deep.
const STACK: usize = 64 << 20;

/// Runs something with a large stack; `None` if it panics or no thread can be started.
pub(super) fn on_a_stack<T: Send>(run: impl FnOnce() -> T + Send) -> Option<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        thread.ok()?.join().ok()
    })
}
