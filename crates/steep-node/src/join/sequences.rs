//! Where the source's sequences stand.

use steep_pg::Connection;

use crate::error::{NodeError, While};

/// Brings this node's sequences to where the source's stood: what they give next is not in a row
/// that was copied. Sequences are not replicated: the nodes' next values collide unless something
/// keeps them apart.
pub(super) async fn copy(source: &Connection, own: &Connection) -> Result<u64, NodeError> {
    let rows = source
        .query(
            "select format('%I.%I', s.schemaname, s.sequencename)
             from pg_sequences s where s.schemaname <> 'steep_repl'",
            &[],
        )
        .await
        .while_doing("asking the source for its sequences")?;
    let mut count = 0;
    for row in rows {
        let name = row.get::<_, String>(0);
        // pg_sequences does not show the value that a sequence was set to and has not given yet.
        let stands = source
            .query_one(&format!("select last_value, is_called from {name}"), &[])
            .await
            .while_doing(format!("asking the source for sequence {name}"))?;
        let (value, is_called) = (stands.get::<_, i64>(0), stands.get::<_, bool>(1));
        own.execute(
            "select setval(to_regclass($1), $2, $3) where to_regclass($1) is not null",
            &[&name, &value, &is_called],
        )
        .await
        .while_doing(format!("setting sequence {name}"))?;
        count += 1;
    }
    Ok(count)
}
