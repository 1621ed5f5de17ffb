//! What this node knows of identity ranges, in pages: a table that has been busy for years has more
//! grants than fit into one message.

use serde::{Deserialize, Serialize};
use steep_pg::Connection;

use crate::error::{NodeError, While};

/// Rows of a page, each of some 300 bytes.
const ROWS: i64 = 4_000;
/// Bytes of a page: half of what a message may have. A row with the longest names has a few thousand.
const BYTES: usize = 2 << 20;

/// A part of what this node knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// A JSON array, as `steep_repl.hear_ranges()` takes it.
    pub(super) rows: String,
    /// Where the next page begins; empty: nowhere.
    pub(super) next: String,
}

/// The place of a row in the order of all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place(i32, String, String, i64, i64, i64);

/// The page after a place. Rows only ever come, or move on to a later status, and merge in any order:
/// that pages are of different moments does not matter.
pub(super) async fn after(client: &Connection, place: &str) -> Result<Page, NodeError> {
    let what = "reading what is known of identity ranges";
    let place = if place.is_empty() {
        Place(-1, String::new(), String::new(), 0, 0, 0)
    } else {
        serde_json::from_str(place).map_err(|error| NodeError::Misuse {
            message: format!("\"{place}\" is no place in what this node knows: {error}"),
            hint: "give back what the page before said".to_owned(),
        })?
    };
    let rows = client
        .query(
            "with known (kind, rank, table_schema, table_name, a, b, c, entry) as (
               select 'title', 0, t.table_schema, t.table_name,
                 t.halvings::bigint, t.remainder, t.generation::bigint, to_jsonb(t)
               from steep_repl.range_titles t
               union all
               select 'grant', 1, r.table_schema, r.table_name, r.range_start, 0, 0, to_jsonb(r) - 'id'
               from steep_repl.identity_ranges r
               union all
               select 'occupied', 2, o.table_schema, o.table_name, o.range_start, o.range_end, 0, to_jsonb(o)
               from steep_repl.occupied_ids o
             )
             select k.rank, k.table_schema, k.table_name, k.a, k.b, k.c,
               jsonb_build_object('table_schema', k.table_schema, 'table_name', k.table_name,
                 'kind', k.kind, 'entry', k.entry)::text
             from known k
             where (k.rank, k.table_schema collate \"C\", k.table_name collate \"C\", k.a, k.b, k.c)
               > ($1, $2, $3, $4, $5, $6)
             order by k.rank, k.table_schema collate \"C\", k.table_name collate \"C\", k.a, k.b, k.c
             limit $7",
            &[&place.0, &place.1, &place.2, &place.3, &place.4, &place.5, &ROWS],
        )
        .await
        .while_doing(what)?;
    let mut page = Page::default();
    let mut bytes = 0;
    let mut told: Vec<&str> = Vec::new();
    for row in &rows {
        let text: &str = row.get(6);
        bytes += text.len() + 1;
        if bytes > BYTES && !told.is_empty() {
            break;
        }
        told.push(text);
    }
    let is_last = told.len() == rows.len() && (rows.len() as i64) < ROWS;
    if let Some(row) =
        told.len().checked_sub(1).and_then(|last| rows.get(last)).filter(|_| !is_last)
    {
        let place = Place(row.get(0), row.get(1), row.get(2), row.get(3), row.get(4), row.get(5));
        page.next = serde_json::to_string(&place).unwrap_or_default();
    }
    page.rows = format!("[{}]", told.join(","));
    Ok(page)
}
