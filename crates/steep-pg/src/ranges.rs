//! The constraints of tables whose ids are drawn from identity ranges.

use tokio_postgres::Client;

use crate::PgError;

/// A constraint that is not as `steep_repl.manage_ranges()` made it: missing, altered, or not enforced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeFault {
    /// The table, qualified, quoted where needed.
    pub table: String,
    /// The constraint.
    pub constraint: String,
    /// What puts it right.
    pub repair: String,
}

/// The constraints that let ids of other nodes pass; empty if all is well, or where the extension knows no
/// identity ranges.
///
/// # Errors
/// When the query fails.
pub async fn faults(client: &Client) -> Result<Vec<RangeFault>, PgError> {
    let sql = "select pg_catalog.to_regclass('steep_repl.range_tables') is not null";
    if !client.query_one(sql, &[]).await?.try_get(0)? {
        return Ok(Vec::new());
    }
    // As ensure_range_constraint() makes it. `conenforced` is of PostgreSQL 18.
    let sql = "select pg_catalog.format('%I.%I', n.nspname, c.relname), k.name,
          case when f.oid is not null
            then pg_catalog.format('alter table %I.%I drop constraint %I; ', n.nspname, c.relname, k.name)
            else '' end
          || pg_catalog.format('select steep_repl.ensure_range_constraint(t) from steep_repl.range_tables t
               where t.table_schema = %L and t.table_name = %L', t.table_schema, t.table_name)
        from steep_repl.range_tables t
        join pg_catalog.pg_class c on c.oid = t.relation
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        cross join lateral steep_repl.range_column(t) a
        cross join lateral (select steep_repl.range_constraint_name(t.table_name)::text as name) k
        left join pg_catalog.pg_constraint f on f.conrelid = c.oid and f.conname = k.name
        where t.is_active
          and not coalesce(
            pg_catalog.starts_with(pg_catalog.pg_get_constraintdef(f.oid),
              pg_catalog.format('CHECK (steep_repl.check_id_range(%L::text, %L::text, %s))',
                t.table_schema, t.table_name,
                case a.atttypid when 'pg_catalog.int8'::pg_catalog.regtype then pg_catalog.quote_ident(a.attname)
                  else pg_catalog.format('(%I)::bigint', a.attname) end))
            and coalesce((pg_catalog.to_jsonb(f) ->> 'conenforced')::boolean, true), false)
        order by 1";
    let rows = client.query(sql, &[]).await?;
    let fault = |row: &tokio_postgres::Row| {
        Ok(RangeFault {
            table: row.try_get(0)?,
            constraint: row.try_get(1)?,
            repair: row.try_get(2)?,
        })
    };
    rows.iter().map(fault).collect()
}
