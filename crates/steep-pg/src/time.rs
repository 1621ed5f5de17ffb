//! Points in time as text.

/// SQL that makes RFC 3339 in UTC of an expression of type `timestamptz`.
pub(crate) fn rfc3339(expression: &str) -> String {
    format!(
        "pg_catalog.to_char({expression} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    )
}
