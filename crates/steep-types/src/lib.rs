//! Shared value types.
