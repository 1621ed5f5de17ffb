//! What a daemon does for the group by itself, now and then.

use super::GroupOperations;
use crate::error::NodeError;
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
        let is_installed = client
            .query_one("select to_regclass('steep_repl.own_join') is not null", &[])
            .await
            .map_err(|error| NodeError::Postgres {
                what: "looking for unfinished work".to_owned(),
                source: error.into(),
            })?
            .get::<_, bool>(0);
        if !is_installed {
            return Ok(());
        }
        // Only the record says which members take part.
        let nobody = Address { host: String::new(), port: 0 };
        let join = self.shared.join_from(nobody, 1, Meter::new().0);
        if join.recover().await? {
            tracing::info!("an attempt to join that was cut off has been ended");
            return Ok(());
        }
        self.tell_the_late(&client).await?;
        Ok(())
    }
}
