//! What the server adds to an error: what was being done.
//!
//! An error crosses this library as a panic and is raised once more at its edge, where nothing of
//! what was going on is left on the stack. So the server's list of callbacks gets an entry that
//! outlives it.

use pgrx::pg_sys;
use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::rc::Rc;

unsafe extern "C-unwind" {
    fn errcontext_msg(format: *const c_char, ...) -> c_int;
    fn set_errcontext_domain(domain: *const c_char) -> c_int;
}

static mut ENTRY: pg_sys::ErrorContextCallback = pg_sys::ErrorContextCallback {
    previous: std::ptr::null_mut(),
    callback: Some(say),
    arg: std::ptr::null_mut(),
};

thread_local! {
    static DOING: RefCell<Option<Rc<CStr>>> = const { RefCell::new(None) };
}

/// Errors of the server during `work` say what was being done.
///
/// # Safety
/// In the only thread of the process, and not within itself.
pub(super) unsafe fn while_doing<T>(what: &Rc<CStr>, work: impl FnOnce() -> T) -> T {
    DOING.set(Some(Rc::clone(what)));
    // SAFETY: the caller's promise. Whoever catches an error takes the entry off the list, as the
    // server's own entries, which lie on its stack.
    unsafe {
        ENTRY.previous = pg_sys::error_context_stack;
        pg_sys::error_context_stack = &raw mut ENTRY;
        let done = work();
        pg_sys::error_context_stack = ENTRY.previous;
        done
    }
}

unsafe extern "C-unwind" fn say(_argument: *mut c_void) {
    let Some(doing) = DOING.with_borrow(Option::clone) else { return };
    // SAFETY: called by the server while it makes an error, which copies the text.
    unsafe {
        set_errcontext_domain(std::ptr::null());
        errcontext_msg(c"%s".as_ptr(), doing.as_ptr());
    }
}
