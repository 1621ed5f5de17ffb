//! What is copied, in pieces that several sessions can share.

use steep_pg::Connection;

use crate::error::{NodeError, While};
use crate::names;

/// Pages of a piece: 1 GiB, some seconds of copying. A smaller table is one piece.
const PIECE_PAGES: i64 = 131_072;

/// A table that holds rows: a plain one, or a leaf of a partitioned one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CopiedTable {
    /// Qualified and quoted; the same on both sides.
    pub(super) name: String,
    /// Columns that can be written, quoted, in the source's order.
    pub(super) columns: Vec<String>,
    /// Whether every column's binary form means the same on both servers.
    pub(super) is_binary: bool,
    pub(super) bytes: u64,
    pub(super) pages: i64,
}

/// A part of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) table: usize,
    /// First page and the page after the last; none: the whole table.
    pub(super) pages: Option<(i64, Option<i64>)>,
    pub(super) bytes: u64,
}

/// The tables of the source that replicate, the largest first.
///
/// The binary form of some types holds numbers of objects, which differ between databases: those of
/// the `reg…` types themselves, and of the elements of arrays, composites and ranges over types of
/// the user. A table with such a column travels as text.
pub(super) async fn tables(source: &Connection) -> Result<Vec<CopiedTable>, NodeError> {
    let rows = source
        .query(
            "with recursive base (type, oid) as (
               select t.oid, t.oid from pg_type t where t.typtype <> 'd'
               union all
               select t.oid, b.oid from pg_type t join base b on b.type = t.typbasetype where t.typtype = 'd'
             )
             select format('%I.%I', n.nspname, c.relname),
               array(select quote_ident(a.attname) from pg_attribute a
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                 order by a.attnum),
               not exists (
                 select from pg_attribute a
                 join base b on b.type = a.atttypid join pg_type t on t.oid = b.oid
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                   and not (t.typtype = 'e' or (t.oid < 16384 and t.typsend <> 0 and t.typname !~ '^_?reg'))),
               pg_relation_size(c.oid) + coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0),
               pg_relation_size(c.oid) / current_setting('block_size')::bigint
             from steep_repl.replicated_tables r
             cross join lateral (select r.relation::oid as relid
               union select t.relid::oid from pg_partition_tree(r.relation) t) p
             join pg_class c on c.oid = p.relid and c.relkind = 'r'
             join pg_namespace n on n.oid = c.relnamespace
             where r.is_active
             order by 4 desc, 1",
            &[],
        )
        .await
        .while_doing("listing the source's replicated tables")?;
    Ok(rows
        .iter()
        .map(|row| CopiedTable {
            name: row.get(0),
            columns: row.get(1),
            is_binary: row.get(2),
            bytes: row.get::<_, i64>(3).unsigned_abs(),
            pages: row.get(4),
        })
        .collect())
}

/// The pieces, the largest tables' first.
pub(super) fn pieces(tables: &[CopiedTable]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (place, table) in tables.iter().enumerate() {
        let count = (table.pages / PIECE_PAGES).max(1);
        let bytes = table.bytes / count.unsigned_abs();
        if count == 1 {
            pieces.push(Piece { table: place, pages: None, bytes });
            continue;
        }
        // The last one goes on to wherever the table ends under the snapshot.
        pieces.extend((0..count).map(|piece| Piece {
            table: place,
            pages: Some((
                piece * PIECE_PAGES,
                (piece + 1 < count).then_some((piece + 1) * PIECE_PAGES),
            )),
            bytes,
        }));
    }
    pieces
}

impl CopiedTable {
    fn format(&self) -> &'static str {
        if self.is_binary { "binary" } else { "text" }
    }

    /// The statement that reads a piece at the source.
    pub(super) fn copy_out(&self, piece: &Piece) -> String {
        let columns = self.columns.join(", ");
        let (name, format) = (&self.name, self.format());
        let Some((from, to)) = piece.pages else {
            return format!("copy {name} ({columns}) to stdout (format {format})");
        };
        let upper = to.map_or_else(String::new, |page| {
            format!(" and ctid < {}::tid", names::literal(&format!("({page},0)")))
        });
        format!(
            "copy (select {columns} from only {name} where ctid >= '({from},0)'::tid{upper}) to stdout (format {format})"
        )
    }

    /// The statement that writes a piece here.
    pub(super) fn copy_in(&self) -> String {
        let columns = self.columns.join(", ");
        format!("copy {} ({columns}) from stdin (format {})", self.name, self.format())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(pages: i64) -> CopiedTable {
        CopiedTable {
            name: "public.t".to_owned(),
            columns: vec!["id".to_owned(), "v".to_owned()],
            is_binary: true,
            bytes: pages.unsigned_abs() * 8192,
            pages,
        }
    }

    #[test]
    fn a_small_table_is_copied_whole() {
        let tables = [table(100)];
        let pieces = pieces(&tables);
        assert_eq!(pieces.len(), 1);
        assert_eq!(
            tables[0].copy_out(&pieces[0]),
            "copy public.t (id, v) to stdout (format binary)"
        );
    }

    #[test]
    fn the_pieces_of_a_large_table_leave_nothing_out() {
        let tables = [table(3 * PIECE_PAGES + 17)];
        let pieces = pieces(&tables);
        let pages: Vec<_> = pieces.iter().filter_map(|piece| piece.pages).collect();
        assert_eq!(pages.first().map(|first| first.0), Some(0));
        for pair in pages.windows(2) {
            assert_eq!(pair[0].1, Some(pair[1].0));
        }
        assert_eq!(pages.last().and_then(|last| last.1), None);
    }
}
