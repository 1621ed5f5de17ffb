//! What a node is.

use steep_proto::{Member as MemberEntry, NodeDescription, PROTOCOL, ReplicatedTable};

use super::Member;
use crate::error::{NodeError, While};

impl Member {
    /// What this node is and what it replicates; also before its database belongs to a group, and
    /// before it has the extension.
    ///
    /// # Errors
    /// When its PostgreSQL cannot be asked, or says that this is a copy of another node.
    pub async fn describe(&self) -> Result<NodeDescription, NodeError> {
        let client = self.connect().await?;
        let what = "describing this node";
        let row = client
            .query_one(
                "select current_setting('server_version_num')::integer,
                   coalesce(
                     (select extversion from pg_extension where extname = 'steep_repl'),
                     (select default_version from pg_available_extensions where name = 'steep_repl'), ''),
                   pg_encoding_to_char(d.encoding)::text, d.datcollate::text, d.datctype::text,
                   d.datlocprovider::text, (select system_identifier from pg_control_system())::text,
                   d.datname::text,
                   exists (select from pg_extension where extname = 'steep_repl')
                 from pg_database d where d.datname = current_database()",
                &[],
            )
            .await
            .while_doing(what)?;
        let mut description = NodeDescription {
            protocol: PROTOCOL,
            node_name: self.endpoint.node.clone(),
            priority: self.endpoint.priority,
            postgres_host: self.endpoint.postgres_host.clone(),
            postgres_port: self.endpoint.postgres_port.into(),
            database: row.get(7),
            grpc_host: self.endpoint.grpc_host.clone(),
            grpc_port: self.endpoint.grpc_port.into(),
            postgres_version_num: row.get::<_, i32>(0).unsigned_abs(),
            extension_version: row.get(1),
            encoding: row.get(2),
            collate: row.get(3),
            ctype: row.get(4),
            locale_provider: row.get(5),
            system_identifier: row.get(6),
            ..NodeDescription::default()
        };
        if !row.get::<_, bool>(8) {
            return Ok(description);
        }
        let node = client.query_one("select steep_repl.node_id()", &[]).await.while_doing(what)?;
        description.node_id = node.get::<_, Option<String>>(0).unwrap_or_default();
        let members = client
            .query(
                "select node_id, node_name, priority, host, port, coalesce(grpc_host, host),
                   coalesce(grpc_port, 0), status
                 from steep_repl.nodes where status <> 'removed' order by node_id",
                &[],
            )
            .await
            .while_doing(what)?;
        description.members = members
            .iter()
            .map(|row| MemberEntry {
                node_id: row.get(0),
                node_name: row.get(1),
                priority: row.get(2),
                postgres_host: row.get(3),
                postgres_port: row.get::<_, i32>(4).unsigned_abs(),
                grpc_host: row.get(5),
                grpc_port: row.get::<_, i32>(6).unsigned_abs(),
                status: row.get(7),
            })
            .collect();
        let tables = client
            .query(
                "select n.nspname::text, c.relname::text, t.strategy, t.detection, t.node_order, s.rows, s.bytes
                 from steep_repl.replicated_tables t
                 join pg_class c on c.oid = t.relation
                 join pg_namespace n on n.oid = c.relnamespace
                 cross join lateral :size s
                 where t.is_active order by 1, 2"
                    .replace(":size", crate::tables::SIZE)
                    .as_str(),
                &[],
            )
            .await
            .while_doing(what)?;
        description.tables = tables
            .iter()
            .map(|row| {
                let order = row.get::<_, Option<Vec<String>>>(4);
                ReplicatedTable {
                    table_schema: row.get(0),
                    table_name: row.get(1),
                    strategy: row.get(2),
                    detection: row.get(3),
                    has_node_order: order.is_some(),
                    node_order: order.unwrap_or_default(),
                    estimated_rows: Some(row.get(5)),
                    bytes: Some(row.get(6)),
                }
            })
            .collect();
        Ok(description)
    }
}
