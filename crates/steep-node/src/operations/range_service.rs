//! What this node does about identity ranges when another one asks.

use steep_proto::{ManageRangesRequest, ManageRangesResponse, RangeRequest, RangeResponse};

use super::{GroupOperations, known_nodes};
use crate::error::NodeError;
use crate::ranges::{self, Ask, Links};

impl GroupOperations {
    /// Grants a node a range out of this one's blocks.
    pub(super) async fn grant_range(
        &self,
        holder: &str,
        request: &RangeRequest,
    ) -> Result<RangeResponse, NodeError> {
        // Of one table only one grant can be decided at a time anyway.
        let mut kept = self.shared.granting.lock().await;
        let client = match kept.take().filter(|client| !client.is_closed()) {
            Some(client) => client,
            None => self.member().connect().await?,
        };
        let granted = ranges::grant(&client, &self.member().endpoint().node, holder, request).await;
        *kept = Some(client);
        granted
    }

    /// Lets this node draw a table's ids from ranges, or says how far they are.
    pub(super) async fn manage_ranges_here(
        &self,
        request: &ManageRangesRequest,
    ) -> Result<ManageRangesResponse, NodeError> {
        if !request.dry_run
            && let Err(error) = self.ask_for_a_first_range(request).await
        {
            // Then this node begins with its own blocks: ids have a gap.
            let (node, table) = (&self.member().endpoint().node, &request.table_name);
            tracing::info!(
                node,
                table,
                error = error.for_log(),
                "no first range from another node"
            );
        }
        self.member().manage_ranges(request).await
    }

    /// The first member owns the lowest block, and is told first. So ids of all nodes begin beside each
    /// other.
    async fn ask_for_a_first_range(&self, request: &ManageRangesRequest) -> Result<(), NodeError> {
        let ManageRangesRequest { table_schema, table_name, members, .. } = request;
        let own = &self.member().endpoint().node;
        let Some(granter) = members.first().filter(|first| *first != own) else { return Ok(()) };
        let client = self.member().connect().await?;
        if !ranges::are_installed(&client).await? {
            return Ok(());
        }
        let is_managed = ranges::managed(&client)
            .await?
            .iter()
            .any(|table| (&table.schema, &table.table) == (table_schema, table_name));
        if is_managed {
            return Ok(());
        }
        let links = Links::new(self.shared.peers.clone());
        let nodes = known_nodes(&client, self.member().routes()).await?;
        links.lead_to(
            nodes.into_iter().filter_map(|node| Some((node.node, node.address?))).collect(),
        );
        let ask = Ask {
            own,
            table: (table_schema, table_name),
            size: self.member().range_policy().of(table_schema, table_name).size,
            peers: &[],
        };
        ranges::obtain_first(&client, &ask, granter, &links).await
    }
}
