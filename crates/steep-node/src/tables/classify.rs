//! Every table of a database, and whether it replicates.

use steep_ipc::TableEntry;
use steep_pg::Connection;

use super::Pattern;
use crate::error::{NodeError, While};

/// Rows and bytes of table `c`, as a subquery: those of all its partitions, where the rows are. Rows are
/// the statistics' estimate, -1 before there are any.
pub(crate) const SIZE: &str = "(
  select coalesce(sum(l.reltuples) filter (where l.reltuples >= 0), -1)::bigint as rows,
    coalesce(sum(pg_relation_size(l.oid)), 0)::bigint as bytes
  from pg_class l
  where l.relkind <> 'p' and (l.oid = c.oid or l.oid in (select t.relid from pg_partition_tree(c.oid) t)))";

/// What a table is to replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It replicates.
    Replicated,
    /// It could.
    Replicable,
    /// It could, but the patterns leave it out.
    Excluded,
    /// It cannot.
    NotReplicable,
}

impl Class {
    /// As the interfaces name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replicated => "replicated",
            Self::Replicable => "replicable",
            Self::Excluded => "excluded",
            Self::NotReplicable => "not_replicable",
        }
    }
}

/// Every table of the user, partitions left out; `include` empty: all.
///
/// # Errors
/// When PostgreSQL cannot be asked.
pub async fn list(
    client: &Connection,
    include: &[Pattern],
    exclude: &[Pattern],
) -> Result<Vec<TableEntry>, NodeError> {
    let rows = client
        .query(
            "select n.nspname::text, c.relname::text, format('%I.%I', n.nspname, c.relname),
               r.strategy, r.detection, w.why, w.hint, s.rows, s.bytes
             from pg_class c
             join pg_namespace n on n.oid = c.relnamespace
             cross join lateral :size s
             left join steep_repl.replicated_tables r on r.relation = c.oid and r.is_active
             cross join lateral steep_repl.why_not_replicable(c.oid) w
             where c.relkind in ('r', 'p', 'f') and not c.relispartition
               and n.nspname not in ('pg_catalog', 'information_schema', 'steep_repl')
               and n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
               and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass
                 and d.objid = c.oid and d.deptype = 'e')
             order by 1, 2"
                .replace(":size", SIZE)
                .as_str(),
            &[],
        )
        .await
        .while_doing("listing the tables")?;
    Ok(rows
        .iter()
        .map(|row| {
            let (schema, table) = (row.get::<_, &str>(0), row.get::<_, &str>(1));
            let strategy = row.get::<_, Option<String>>(3);
            let why = row.get::<_, Option<String>>(5);
            let is_wanted = (include.is_empty()
                || include.iter().any(|pattern| pattern.matches(schema, table)))
                && !exclude.iter().any(|pattern| pattern.matches(schema, table));
            let class = match (&strategy, &why) {
                (Some(_), _) => Class::Replicated,
                (None, _) if !is_wanted => Class::Excluded,
                (None, Some(_)) => Class::NotReplicable,
                (None, None) => Class::Replicable,
            };
            let hint = row.get::<_, Option<String>>(6);
            let reason = (class == Class::NotReplicable)
                .then(|| [why, hint].into_iter().flatten().collect::<Vec<_>>().join("; "));
            TableEntry {
                table: row.get(2),
                class: class.as_str().to_owned(),
                reason,
                strategy,
                detection: row.get(4),
                estimated_rows: row.get(7),
                bytes: row.get(8),
                ids: None,
                ids_reason: None,
            }
        })
        .collect())
}
