//! What a server and a database are: version, locale, identity, settings, clock.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::PgError;
use crate::time::rfc3339;

/// What a server and a database are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// `server_version`.
    pub version: String,
    /// `server_version_num`.
    pub version_num: i32,
    /// Whether it is a standby.
    pub is_in_recovery: bool,
    /// When the server started: RFC 3339.
    pub started_at: String,
    /// The database.
    pub database: String,
    /// The encoding of the database.
    pub encoding: String,
    /// `datcollate` of the database.
    pub collate: String,
    /// `datctype` of the database.
    pub ctype: String,
    /// `libc`, `icu` or `builtin`.
    pub locale_provider: String,
    /// The cluster's identifier; none if the role may not call `pg_control_system()`.
    pub system_identifier: Option<String>,
    /// The role of this session.
    pub user: String,
    /// Whether that is a superuser.
    pub is_superuser: bool,
}

/// What this server and database are.
///
/// # Errors
/// When the query fails.
pub async fn read(client: &Client) -> Result<ServerFacts, PgError> {
    let sql = format!(
        "select pg_catalog.current_setting('server_version'),
           pg_catalog.current_setting('server_version_num')::integer,
           pg_catalog.pg_is_in_recovery(),
           {},
           d.datname::text, pg_catalog.pg_encoding_to_char(d.encoding)::text,
           d.datcollate, d.datctype,
           case d.datlocprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end,
           case when pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute')
             then (select c.system_identifier::text from pg_catalog.pg_control_system() c) end,
           session_user::text,
           (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user)
         from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()",
        rfc3339("pg_catalog.pg_postmaster_start_time()")
    );
    let row = client.query_one(&sql, &[]).await?;
    Ok(ServerFacts {
        version: row.try_get(0)?,
        version_num: row.try_get(1)?,
        is_in_recovery: row.try_get(2)?,
        started_at: row.try_get(3)?,
        database: row.try_get(4)?,
        encoding: row.try_get(5)?,
        collate: row.try_get(6)?,
        ctype: row.try_get(7)?,
        locale_provider: row.try_get(8)?,
        system_identifier: row.try_get(9)?,
        user: row.try_get(10)?,
        is_superuser: row.try_get(11)?,
    })
}

/// The values of settings, as `pg_settings` shows them; one that the server does not know is left
/// out.
///
/// # Errors
/// When the query fails.
pub async fn settings(
    client: &Client,
    names: &[&str],
) -> Result<BTreeMap<String, String>, PgError> {
    let sql = "select s.name, s.setting from pg_catalog.pg_settings s where s.name = any ($1)";
    let rows = client.query(sql, &[&names]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// The server's clock, in microseconds since 1970-01-01 UTC.
///
/// # Errors
/// When the query fails.
pub async fn clock_micros(client: &Client) -> Result<i64, PgError> {
    let sql = "select (extract(epoch from pg_catalog.clock_timestamp()) * 1000000)::bigint";
    Ok(client.query_one(sql, &[]).await?.try_get(0)?)
}
