//! A node with a replicated table and conflicts in its log, as the guard leaves them.

use steep_testkit::{ClusterError, Major, PgCluster};

use crate::{DATABASE, cluster_with_extension};

/// Node `a` of the nodes `a`, `b` and `c`, with the replicated table `public.t (id, v, n)` that holds
/// the row `(1, 'local', 1)`.
///
/// # Errors
/// When the cluster does not start or refuses the set-up.
pub fn node_with_table(major: Major) -> Result<PgCluster, ClusterError> {
    let cluster = cluster_with_extension(major)?;
    cluster.execute(
        DATABASE,
        "
        select steep_repl.register_node(n, upper(n), 'h') from unnest(array['a', 'b', 'c']) n;
        select steep_repl.set_node_id('a');
        create table t (id int primary key, v text unique, n int not null default 0);
        insert into t values (1, 'local', 1);
        select steep_repl.add_table('t', 'manual');",
    )?;
    Ok(cluster)
}

/// Makes the subscription `sub_b`, which stands for node `b`'s; nothing is connected.
///
/// # Errors
/// When it is refused.
pub fn add_peer_b(cluster: &PgCluster) -> Result<(), ClusterError> {
    cluster.expect_log("subscription was created, but is not connected");
    cluster.execute(DATABASE, "
        create publication p;
        create subscription sub_b connection 'host=none' publication p
          with (connect = false, enabled = false, create_slot = false, slot_name = none, origin = none, streaming = off);
        select steep_repl.add_peer('b', 'sub_b')")
}

/// Puts an entry into the conflict log and returns its number: a pending conflict of row 1 of
/// `public.t` between node `a`, which wrote at 10:00:00, and node `b`, which wrote at 10:00:01, but
/// for the columns in `fields`, a JSON object.
///
/// # Errors
/// When the entry is refused.
pub fn log_conflict(cluster: &PgCluster, fields: &str) -> Result<String, ClusterError> {
    let fields = fields.replace('\'', "''");
    cluster.value(DATABASE, &format!(r#"
        insert into steep_repl.conflict_log
        select c.* from jsonb_populate_record(null::steep_repl.conflict_log, '{{
          "subscription": "sub_b", "table_schema": "public", "table_name": "t", "conflict_type": "UPDATE-UPDATE",
          "local_tuple": {{"id": 1, "v": "local", "n": 1}}, "remote_tuple": {{"id": 1, "v": "remote", "n": 2}},
          "local_origin": "a", "local_xact_ts": "2026-01-01 10:00:00+00",
          "remote_origin": "b", "remote_xact_ts": "2026-01-01 10:00:01+00",
          "origin_xid": 100, "resolution": "PENDING", "strategy": "manual", "row_key": {{"id": 1}}, "mixed": false}}'
          || jsonb_build_object('id', nextval('steep_repl.conflict_log_id_seq'), 'detected_at', now())
          || '{fields}') c
        returning id"#))
}

/// The row `id` of `public.t` as `v n`, or `none`.
///
/// # Errors
/// When the query fails.
pub fn row_of(cluster: &PgCluster, id: i32) -> Result<String, ClusterError> {
    cluster.value(
        DATABASE,
        &format!("select coalesce((select concat_ws(' ', v, n) from t where id = {id}), 'none')"),
    )
}
