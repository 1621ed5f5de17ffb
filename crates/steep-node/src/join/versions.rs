//! Giving copied rows their versions back.

use futures_util::{SinkExt, TryStreamExt};
use steep_pg::Connection;

use crate::error::{NodeError, While};
use crate::names;

/// What is copied for it: rows of the source into a temporary table here.
struct Transfer {
    what: &'static str,
    from: String,
    into: &'static str,
}

/// Rewrites, in transactions with their origin and commit timestamp, the rows that were written at
/// the source since the attempt began, and brings its tombstones. `source` sees the snapshot;
/// `own` may not be used for anything else afterwards.
///
/// Returns how many transactions of the source that were.
pub(super) async fn restore(
    source: &Connection,
    own: &Connection,
    source_node: &str,
    horizon_xid: i64,
) -> Result<i64, NodeError> {
    let what = "giving copied rows their versions";
    own.batch_execute(include_str!("versions_tables.sql")).await.while_doing(what)?;
    let horizon =
        format!("({}::text::xid)", names::literal(&(horizon_xid & 0xFFFF_FFFF).to_string()));
    for table in recent_tables(source).await? {
        bring(source, own, &table.transfer(&horizon)).await?;
        own.execute(
            "insert into pg_temp.restamped_table (leaf, statement) values ($1, $2)",
            &[&table.leaf, &table.statement()],
        )
        .await
        .while_doing(what)?;
    }
    for transfer in tombstones(&horizon) {
        bring(source, own, &transfer).await?;
    }
    let ready =
        include_str!("versions_ready.sql").replace(":source_node", &names::literal(source_node));
    own.batch_execute(&ready).await.while_doing(what)?;
    // By itself: it commits, which nothing else in one message may share.
    own.batch_execute(include_str!("versions.sql")).await.while_doing(what)?;
    let count = own
        .query_one("select transactions from pg_temp.restamping", &[])
        .await
        .while_doing(what)?;
    Ok(count.get(0))
}

/// A table whose rows are looked through.
struct RecentTable {
    leaf: String,
    key: Vec<String>,
    key_types: Vec<String>,
    columns: Vec<String>,
    /// A column that an update may set to what it is.
    touched: Option<String>,
}

async fn recent_tables(source: &Connection) -> Result<Vec<RecentTable>, NodeError> {
    let rows = source
        .query(
            "select format('%I.%I', n.nspname, c.relname),
               array(select quote_ident(a.attname) from unnest(k.columns) with ordinality u (attnum, place)
                 join pg_attribute a on a.attrelid = r.relation and a.attnum = u.attnum order by u.place),
               array(select format_type(a.atttypid, a.atttypmod) from unnest(k.columns) with ordinality u (attnum, place)
                 join pg_attribute a on a.attrelid = r.relation and a.attnum = u.attnum order by u.place),
               array(select quote_ident(a.attname) from pg_attribute a
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                 order by a.attnum),
               (select quote_ident(a.attname) from pg_attribute a
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                   and a.attgenerated = '' and a.attidentity <> 'a'
                 order by exists (select from pg_index i where i.indrelid = c.oid and a.attnum = any (i.indkey)),
                   a.attlen < 0, a.attnum
                 limit 1)
             from steep_repl.replicated_tables r
             cross join lateral (
               select (i.indkey::smallint[])[0:i.indnkeyatts - 1] as columns
               from pg_index i where i.indexrelid = steep_repl.key_index(r.relation)) k
             cross join lateral (select r.relation::oid as relid
               union select t.relid::oid from pg_partition_tree(r.relation) t) p
             join pg_class c on c.oid = p.relid and c.relkind = 'r'
             join pg_namespace n on n.oid = c.relnamespace
             where r.is_active order by 1",
            &[],
        )
        .await
        .while_doing("listing the source's replicated tables")?;
    Ok(rows
        .iter()
        .map(|row| RecentTable {
            leaf: row.get(0),
            key: row.get(1),
            key_types: row.get(2),
            columns: row.get(3),
            touched: row.get(4),
        })
        .collect())
}

impl RecentTable {
    fn transfer(&self, horizon: &str) -> Transfer {
        let key: Vec<_> = self.key.iter().map(|column| format!("t.{column}::text")).collect();
        let (leaf, literal) = (&self.leaf, names::literal(&self.leaf));
        Transfer {
            what: "recently written rows",
            from: format!(
                "select {literal}, {}, o.timestamp, array[{}]
                 from only {leaf} t
                 cross join lateral pg_xact_commit_timestamp_origin(t.xmin) o
                 where age(t.xmin) <= age{horizon} and o.timestamp is not null",
                NODE_OF_ORIGIN,
                key.join(", ")
            ),
            into: "restamped",
        }
    }

    /// The statement that writes the rows of one version anew, as they are. `$1`: node, `$2`: time.
    fn statement(&self) -> String {
        let keys = self.key.iter().zip(&self.key_types).enumerate();
        let is_row: Vec<_> = keys
            .map(|(place, (column, kind))| format!("t.{column} = r.key[{}]::{kind}", place + 1))
            .collect();
        let is_row = is_row.join(" and ");
        let of_version =
            format!("r.leaf = {} and r.node = $1 and r.at = $2", names::literal(&self.leaf));
        let leaf = &self.leaf;
        match &self.touched {
            Some(column) => format!(
                "update only {leaf} t set {column} = t.{column} from pg_temp.restamped r
                 where {of_version} and {is_row}"
            ),
            // Every column is an identity that only a new row may be given.
            None => {
                let columns = self.columns.join(", ");
                format!(
                    "with old as (delete from only {leaf} t using pg_temp.restamped r
                       where {of_version} and {is_row} returning t.*)
                     insert into {leaf} ({columns}) overriding system value select {columns} from old"
                )
            }
        }
    }
}

/// The node of an origin number of the source; null for a subscription that was dropped long ago.
const NODE_OF_ORIGIN: &str =
    "(select x.node_id from steep_repl.origin_nodes() x where x.roident = o.roident limit 1)";

/// Tombstones of the source; a version of null is one from before the attempt.
fn tombstones(horizon: &str) -> [Transfer; 2] {
    let version = format!(
        "case when age(t.xmin) <= age{horizon} then {NODE_OF_ORIGIN} end,
         case when age(t.xmin) <= age{horizon} then o.timestamp end"
    );
    let from = |columns: &str, table: &str| {
        format!(
            "select {version}, n.nspname, c.relname, {columns}
             from steep_repl.{table} t
             join pg_class c on c.oid = t.relation join pg_namespace n on n.oid = c.relnamespace
             cross join lateral pg_xact_commit_timestamp_origin(t.xmin) o"
        )
    };
    [
        Transfer {
            what: "tombstones",
            from: from(
                "t.key_hash, t.row_key, t.old_row, t.retracted_at, t.retracted_node",
                "tombstones",
            ),
            into: "copied_tombstone",
        },
        Transfer {
            what: "tombstones of bulk deletes",
            from: from("t.level, t.bucket, t.key_count, t.keys", "tombstone_chunks"),
            into: "copied_chunk",
        },
    ]
}

/// Copies the rows of a query at the source into a temporary table here.
async fn bring(
    source: &Connection,
    own: &Connection,
    transfer: &Transfer,
) -> Result<(), NodeError> {
    let moved = async {
        let out = source.copy_out(&format!("copy ({}) to stdout", transfer.from)).await?;
        let sink = own.copy_in(&format!("copy pg_temp.{} from stdin", transfer.into)).await?;
        futures_util::pin_mut!(out, sink);
        while let Some(bytes) = out.try_next().await? {
            sink.send(bytes).await?;
        }
        sink.as_mut().finish().await?;
        Ok::<_, tokio_postgres::Error>(())
    };
    moved.await.while_doing(format!("copying {}", transfer.what))
}
