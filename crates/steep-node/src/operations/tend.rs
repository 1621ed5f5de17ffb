//! What a daemon does for the group by itself, now and then.

use steep_pg::Connection;

use super::GroupOperations;
use crate::error::{NodeError, While};
use crate::join::{Address, Meter};

impl GroupOperations {
    /// Ends an attempt to join that was cut off, and tells members that were away what they have
    /// missed. Does nothing while a job runs.
    ///
    /// # Errors
    /// When a server or a daemon cannot be reached: there will be another time.
    pub async fn tend(&self) -> Result<(), NodeError> {
        if self.shared.jobs.is_busy() {
            return Ok(());
        }
        let client = self.member().connect().await?;
        if !is_installed(&client).await? {
            return Ok(());
        }
        match self.tend_member(&client).await {
            // This node has left meanwhile, and with it the work.
            Err(_) if !is_installed(&client).await? => Ok(()),
            tended => tended,
        }
    }

    async fn tend_member(&self, client: &Connection) -> Result<(), NodeError> {
        // Only the record says which members take part.
        let nobody = Address { host: String::new(), port: 0 };
        let join = self.shared.join_from(nobody, 1, Meter::new().0);
        if join.recover().await? {
            tracing::info!("an attempt to join that was cut off has been ended");
            return Ok(());
        }
        self.tell_the_late(client).await?;
        Ok(())
    }
}

async fn is_installed(client: &Connection) -> Result<bool, NodeError> {
    let row = client
        .query_one("select to_regclass('steep_repl.own_join') is not null", &[])
        .await
        .while_doing("looking for unfinished work")?;
    Ok(row.get(0))
}
