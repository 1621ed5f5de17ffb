//! Where the source's sequences stand.

use steep_pg::Connection;

use crate::error::{NodeError, While};

/// Brings this node's sequences to where the source's stood: what they give next is not in a row
/// that was copied. Sequences are not replicated: the nodes' next values collide unless something
/// keeps them apart.
pub(super) async fn copy(source: &Connection, own: &Connection) -> Result<u64, NodeError> {
    let rows = source
        .query(
            "select format('%I.%I', s.schemaname, s.sequencename), s.last_value
             from pg_sequences s where s.last_value is not null and s.schemaname <> 'steep_repl'",
            &[],
        )
        .await
        .while_doing("asking the source for its sequences")?;
    let mut count = 0;
    for row in rows {
        let (name, value) = (row.get::<_, String>(0), row.get::<_, i64>(1));
        own.execute(
            "select setval(to_regclass($1), $2, true) where to_regclass($1) is not null",
            &[&name, &value],
        )
        .await
        .while_doing(format!("setting sequence {name}"))?;
        count += 1;
    }
    Ok(count)
}
