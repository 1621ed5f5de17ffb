//! Settings under which a value's text means the same in every session.
//!
//! The text of a date, an interval, a float or an amount of money depends on settings that each
//! user may change; a key that is kept as text is read by another process. As `postgres_fdw` does
//! (`set_transmission_modes`, postgres_fdw.c).

use pgrx::pg_sys;

/// The settings hold until this is dropped.
pub(super) struct StableTexts {
    level: Option<std::ffi::c_int>,
}

/// Sets what is not as it should be.
///
/// # Safety
/// Inside a transaction.
pub(super) unsafe fn stable_texts() -> StableTexts {
    // SAFETY: the settings of this process; a nest level ends with its transaction at the latest.
    unsafe {
        let is_stable = pg_sys::DateStyle == pg_sys::USE_ISO_DATES as i32
            && pg_sys::IntervalStyle == pg_sys::INTSTYLE_POSTGRES as i32
            && pg_sys::extra_float_digits >= 1;
        if is_stable {
            return StableTexts { level: None };
        }
        let level = pg_sys::NewGUCNestLevel();
        for (name, value) in
            [(c"datestyle", c"ISO"), (c"intervalstyle", c"postgres"), (c"extra_float_digits", c"3")]
        {
            pg_sys::set_config_option(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_SAVE,
                true,
                0,
                false,
            );
        }
        StableTexts { level: Some(level) }
    }
}

impl Drop for StableTexts {
    fn drop(&mut self) {
        // After an error the end of the transaction does it.
        if let Some(level) = self.level.filter(|_| !std::thread::panicking()) {
            // SAFETY: the level was made by `stable_texts` and is the innermost one.
            unsafe { pg_sys::AtEOXact_GUC(true, level) };
        }
    }
}
