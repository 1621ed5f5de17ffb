//! How the generated keys of tables are kept apart.

use steep_pg::Connection;

use crate::error::{NodeError, While};
use crate::ranges::{INHERITS, are_installed};

/// How the keys of a table are kept from colliding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ids {
    /// They are drawn from identity ranges.
    Managed,
    /// They could be.
    Manageable,
    /// They contain the key of a managed table.
    Inherits,
    /// They are not: conflicts are resolved.
    Unmanaged,
}

impl Ids {
    /// As the interfaces name it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Manageable => "manageable",
            Self::Inherits => "inherits",
            Self::Unmanaged => "unmanaged",
        }
    }
}

/// How the keys of one table are kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableIds {
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) class: Ids,
    /// Why they cannot be drawn from ranges, and the way out.
    pub(crate) reason: Option<String>,
}

/// Of every table of the user; nothing where the extension knows no identity ranges.
///
/// # Errors
/// When PostgreSQL cannot be asked.
pub(crate) async fn ids(client: &Connection) -> Result<Vec<TableIds>, NodeError> {
    if !are_installed(client).await? {
        return Ok(Vec::new());
    }
    let rows = client
        .query(
            &format!(
                "select n.nspname::text, c.relname::text,
                   exists (select from steep_repl.range_tables t where t.relation = c.oid and t.is_active),
                   k.why, k.hint, k.why is not null and {INHERITS}
                 from pg_class c
                 join pg_namespace n on n.oid = c.relnamespace
                 cross join lateral steep_repl.range_key(c.oid) k
                 where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
                   and n.nspname not in ('pg_catalog', 'information_schema', 'steep_repl')
                   and n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
                   and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass
                     and d.objid = c.oid and d.deptype = 'e')"
            ),
            &[],
        )
        .await
        .while_doing("looking how keys are kept apart")?;
    Ok(rows
        .iter()
        .map(|row| {
            let (why, hint) = (row.get::<_, Option<String>>(3), row.get::<_, Option<String>>(4));
            let class = match (row.get(2), row.get(5), &why) {
                (true, ..) => Ids::Managed,
                (_, true, _) => Ids::Inherits,
                (.., Some(_)) => Ids::Unmanaged,
                (.., None) => Ids::Manageable,
            };
            let reason = why.map(|why| match hint {
                Some(hint) if class != Ids::Inherits => format!("{why}; {hint}"),
                _ => why,
            });
            TableIds { schema: row.get(0), table: row.get(1), class, reason }
        })
        .collect())
}
