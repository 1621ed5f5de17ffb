//! What a member remembers of attempts to join after they have ended: requests that belong to one may
//! come late.

use steep_pg::Connection;

/// Begins the keys of attempts that were given up. They are kept for a day, far longer than a request
/// can be on its way.
const GIVEN_UP: &str = "given-up:";

/// Begins the key that says by which attempt a node became a member.
const JOINED: &str = "joined:";

/// Begins the keys of members that are yet to be told to forget a node: then the node, and the member.
pub(crate) const TO_FORGET: &str = "forget:";

/// Where an attempt is, as far as this member goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// This member has prepared for it.
    Going,
    /// The node is a member by it.
    Succeeded,
    /// It was given up, here or by the node itself, or the node has been removed since.
    Over,
}

pub(super) async fn standing(
    client: &Connection,
    node: &str,
    join_id: &str,
) -> Result<Standing, tokio_postgres::Error> {
    let row = client
        .query_one(
            "select exists (select from steep_repl.coordinator_state where key = $3),
               exists (select from steep_repl.joins j where j.node_id = $1 and j.join_id = $2),
               exists (select from steep_repl.nodes n join steep_repl.peers p using (node_id)
                 where n.node_id = $1 and n.status = 'online')",
            &[&node, &join_id, &given_up(join_id)],
        )
        .await?;
    Ok(match (row.get(0), row.get(1), row.get(2)) {
        (false, true, _) => Standing::Going,
        (false, false, true) => Standing::Succeeded,
        _ => Standing::Over,
    })
}

/// Whether nothing of a node is here that another attempt has made: neither one that goes on, nor the
/// one that made it a member.
pub(super) async fn has_no_other(
    client: &Connection,
    node: &str,
    join_id: &str,
) -> Result<bool, tokio_postgres::Error> {
    let row = client
        .query_one(
            "select not exists (select from steep_repl.joins j where j.node_id = $1 and j.join_id <> $2)
               and not exists (
                 select from steep_repl.coordinator_state s
                 join steep_repl.nodes n on n.node_id = $1 and n.status = 'online'
                 where s.key = $3 and s.value ->> 'join_id' <> $2)",
            &[&node, &join_id, &format!("{JOINED}{node}")],
        )
        .await?;
    Ok(row.get(0))
}

/// The attempt ends, and the node is a member by it. Nobody has to forget the one that it was before.
pub(super) async fn succeeded(
    client: &Connection,
    node: &str,
    join_id: &str,
) -> Result<(), tokio_postgres::Error> {
    client.execute("select steep_repl.end_join($1)", &[&join_id]).await?;
    client
        .execute(
            "delete from steep_repl.coordinator_state where starts_with(key, $1)",
            &[&format!("{TO_FORGET}{node}:")],
        )
        .await?;
    client
        .execute(
            "insert into steep_repl.coordinator_state as s (key, value)
             values ($1, jsonb_build_object('join_id', $2::text))
             on conflict (key) do update set value = excluded.value, updated_at = now()",
            &[&format!("{JOINED}{node}"), &join_id],
        )
        .await?;
    Ok(())
}

/// Ends an attempt of a node, or all it has, and remembers that: whoever gives one up does not wait for
/// the answers it has asked for, and a node that was removed may not know it yet.
pub(super) async fn give_up(
    client: &Connection,
    node: &str,
    join_id: Option<&str>,
) -> Result<(), tokio_postgres::Error> {
    client
        .execute(
            "delete from steep_repl.coordinator_state
             where starts_with(key, $1) and updated_at < now() - interval '1 day'",
            &[&GIVEN_UP],
        )
        .await?;
    client
        .execute(
            "insert into steep_repl.coordinator_state (key, value)
             select $1 || i.join_id, jsonb_build_object('node', $2::text)
             from (select $3::text union select j.join_id from steep_repl.joins j
                   where j.node_id = $2 and $3 is null) i (join_id)
             where i.join_id is not null on conflict (key) do nothing",
            &[&GIVEN_UP, &node, &join_id],
        )
        .await?;
    client
        .execute(
            "select steep_repl.end_join(j.join_id) from steep_repl.joins j
             where j.node_id = $1 and ($2::text is null or j.join_id = $2)",
            &[&node, &join_id],
        )
        .await?;
    Ok(())
}

/// Key, in `steep_repl.coordinator_state`, of an attempt that was given up.
pub(super) fn given_up(join_id: &str) -> String {
    format!("{GIVEN_UP}{join_id}")
}
