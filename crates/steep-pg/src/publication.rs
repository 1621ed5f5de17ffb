//! The publication `steep_repl` and what is in it.

use tokio_postgres::Client;

use crate::PgError;

/// What is wrong with the publication, or with what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicationFault {
    /// There is no publication.
    Missing,
    /// It publishes other things than inserts, updates and deletes via the root of partitions.
    Options,
    /// It lacks a table.
    Lacks(String),
    /// It publishes only some rows or columns of a table.
    Filtered(String),
    /// It holds a table that is not under guard.
    Unguarded(String),
}

/// What is wrong with the publication; empty if all is well, or if no node is set up here.
///
/// # Errors
/// When the query fails.
pub async fn faults(client: &Client) -> Result<Vec<PublicationFault>, PgError> {
    let sql = "with expected (relation) as (
          select t.relation::oid from steep_repl.replicated_tables t
          join pg_catalog.pg_class c on c.oid = t.relation where t.is_active
          union all
          select r.r::oid from (values ('steep_repl.heartbeats'::pg_catalog.regclass),
            ('steep_repl.resolutions'), ('steep_repl.retractions'), ('steep_repl.range_log')) as r (r)
        ), published as (
          select r.prrelid, r.prqual is not null or r.prattrs is not null as is_filtered
          from pg_catalog.pg_publication_rel r
          join pg_catalog.pg_publication p on p.oid = r.prpubid and p.pubname = 'steep_repl'
        ), found (kind, relation) as (
          select 'missing', null::oid
          where not exists (select from pg_catalog.pg_publication p where p.pubname = 'steep_repl')
            and (exists (select from steep_repl.peers) or exists (
              select from steep_repl.replicated_tables t where t.is_active))
          union all
          select 'options', null from pg_catalog.pg_publication p
          where p.pubname = 'steep_repl' and not (p.pubinsert and p.pubupdate and p.pubdelete
            and not p.pubtruncate and p.pubviaroot and not p.puballtables)
          union all
          select case when p.prrelid is null then 'lacks' else 'filtered' end, e.relation
          from expected e left join published p on p.prrelid = e.relation
          where (p.prrelid is null or p.is_filtered)
            and exists (select from pg_catalog.pg_publication p where p.pubname = 'steep_repl')
          union all
          select 'unguarded', p.prrelid from published p
          where not exists (select from expected e where e.relation = p.prrelid)
        )
        select f.kind, case when c.oid is not null then pg_catalog.format('%I.%I', n.nspname, c.relname) end
        from found f
        left join pg_catalog.pg_class c on c.oid = f.relation
        left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        order by 1, 2";
    let rows = client.query(sql, &[]).await?;
    let fault = |row: &tokio_postgres::Row| {
        let table: String = row.try_get::<_, Option<String>>(1)?.unwrap_or_default();
        Ok(match row.try_get(0)? {
            "missing" => PublicationFault::Missing,
            "options" => PublicationFault::Options,
            "lacks" => PublicationFault::Lacks(table),
            "filtered" => PublicationFault::Filtered(table),
            _ => PublicationFault::Unguarded(table),
        })
    };
    rows.iter().map(fault).collect()
}
