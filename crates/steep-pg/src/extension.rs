//! The extension: whether it is there, which version, and what it says about the server's settings.

use tokio_postgres::Client;

use crate::PgError;

/// The three places where the extension is or is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extension {
    /// Version of the objects in the database; none if it was not created here.
    pub installed: Option<String>,
    /// Version that `create extension` would install; none if the server has no such files.
    pub available: Option<String>,
    /// Whether the server loads its library at its start.
    pub is_preloaded: bool,
}

/// Something that keeps the server from replicating.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The setting, or what else is wrong.
    pub setting: String,
    /// Its value.
    pub value: String,
    /// The value that is needed.
    pub needed: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub fix: String,
}

/// Where the extension is.
///
/// # Errors
/// When the query fails.
pub async fn read(client: &Client) -> Result<Extension, PgError> {
    let sql = "select
        (select e.extversion from pg_catalog.pg_extension e where e.extname = 'steep_repl'),
        (select a.default_version from pg_catalog.pg_available_extensions a where a.name = 'steep_repl'),
        pg_catalog.current_setting('shared_preload_libraries') ~ '(^|[ ,/\"])steep_repl(\"|,| |$)'";
    let row = client.query_one(sql, &[]).await?;
    Ok(Extension {
        installed: row.try_get(0)?,
        available: row.try_get(1)?,
        is_preloaded: row.try_get(2)?,
    })
}

/// What `steep_repl.check_setup()` finds; empty if all is well.
///
/// # Errors
/// When the extension is not there or the query fails.
pub async fn check_setup(client: &Client) -> Result<Vec<Finding>, PgError> {
    let sql = "select c.setting, c.value, c.needed, c.why, c.fix from steep_repl.check_setup() c";
    let rows = client.query(sql, &[]).await?;
    let finding = |row: &tokio_postgres::Row| {
        Ok(Finding {
            setting: row.try_get(0)?,
            value: row.try_get::<_, Option<String>>(1)?.unwrap_or_default(),
            needed: row.try_get(2)?,
            why: row.try_get(3)?,
            fix: row.try_get(4)?,
        })
    };
    rows.iter().map(finding).collect()
}

/// A heartbeat, if this node's last one is old enough; whether there was one.
///
/// # Errors
/// When the function fails: the node has no identity, or the role may not.
pub async fn beat_if_due(client: &Client) -> Result<bool, PgError> {
    let sql = "select steep_repl.beat_if_due()";
    Ok(client.query_one(sql, &[]).await?.try_get(0)?)
}

/// Removes what is not needed any more and counts new conflicts; false if somebody is at it.
///
/// # Errors
/// When the function fails.
pub async fn maintain(client: &Client) -> Result<bool, PgError> {
    Ok(client.query_one("select steep_repl.maintain()", &[]).await?.try_get(0)?)
}
