//! Pausing: this node stops applying what its peers send, and they keep it.

use steep_ipc::Failure;

use super::GroupOperations;
use crate::error::{NodeError, While};
use crate::names;

impl GroupOperations {
    /// Disables the subscriptions to all peers. Returns how many were enabled.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn pause(&self) -> Result<u64, Failure> {
        Ok(self.switch("disable").await?)
    }

    /// Enables the subscriptions to all peers. Returns how many were disabled.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn resume(&self) -> Result<u64, Failure> {
        Ok(self.switch("enable").await?)
    }

    async fn switch(&self, verb: &str) -> Result<u64, NodeError> {
        let what = format!("setting all subscriptions to {verb}");
        let client = self.member().connect().await?;
        let rows = client
            .query(
                "select s.subname::text from steep_repl.peers p
                 join pg_subscription s on s.subname = p.subscription
                 join pg_database d on d.oid = s.subdbid and d.datname = current_database()
                 where s.subenabled <> ($1 = 'enable') order by 1",
                &[&verb],
            )
            .await
            .while_doing(&what)?;
        for row in &rows {
            let subscription = names::identifier(row.get(0));
            client
                .batch_execute(&format!("alter subscription {subscription} {verb}"))
                .await
                .while_doing(&what)?;
        }
        Ok(rows.len() as u64)
    }
}
