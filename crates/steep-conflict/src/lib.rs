//! The merge decision.
