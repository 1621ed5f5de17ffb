//! Memory for what is kept longer than a transaction.

use pgrx::pg_sys;
use std::ffi::CStr;

/// A memory context that is deleted with its owner.
pub(super) struct Memory(pg_sys::MemoryContext);

impl Memory {
    /// # Safety
    /// In a process of the server that has set up its caches.
    pub(super) unsafe fn new(name: &'static CStr) -> Self {
        // SAFETY: below a context that lives as long as the process.
        Self(unsafe {
            pg_sys::AllocSetContextCreateInternal(
                pg_sys::CacheMemoryContext,
                name.as_ptr(),
                pg_sys::ALLOCSET_SMALL_MINSIZE as usize,
                pg_sys::ALLOCSET_SMALL_INITSIZE as usize,
                pg_sys::ALLOCSET_SMALL_MAXSIZE as usize,
            )
        })
    }

    pub(super) fn context(&self) -> pg_sys::MemoryContext {
        self.0
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and nothing else deletes it. At the end of the process all memory goes.
        unsafe { pg_sys::MemoryContextDelete(self.0) };
    }
}
