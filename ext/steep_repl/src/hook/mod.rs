//! Hooks into the server: what runs in every session.

mod dormant;
mod executor;
mod origins;
mod utility;

pub(crate) use self::dormant::hide_dormant_triggers;

/// Puts our functions at the head of their chains.
pub(crate) fn install() {
    utility::install();
    executor::install();
}
