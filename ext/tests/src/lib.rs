//! Shared parts of the extension tests.
