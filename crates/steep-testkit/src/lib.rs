//! Real PostgreSQL clusters for tests.
