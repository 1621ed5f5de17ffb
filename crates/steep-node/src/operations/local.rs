//! Commands of this machine's users.

use steep_ipc::{
    Failure, FailureClass, Init, JobStatus, NodeAdd, NodeRemove, Plan, RangeAllocate, RangeBypass,
    RangeGrant, RangeHistory, RangesStatus, TableAdd, TableEntry,
};

use super::GroupOperations;
use crate::error::{NodeError, While};
use crate::serve::{Context, Operations};
use crate::words::counted;

impl GroupOperations {
    /// Writes down who gave a command, if there is a log to write to.
    async fn record(&self, command: &str, about: &str, caller: &str) -> Result<(), NodeError> {
        let client = self.member().connect().await?;
        let what = "recording the command";
        let has_log = client
            .query_one("select to_regclass('steep_repl.audit_log') is not null", &[])
            .await
            .while_doing(what)?
            .get::<_, bool>(0);
        if has_log {
            client
                .execute(
                    "select steep_repl.audit('command.give', 'command', $1, null,
                       jsonb_build_object('about', $2::text, 'os_user', $3::text))",
                    &[&command, &about, &caller],
                )
                .await
                .while_doing(what)?;
        }
        Ok(())
    }
}

impl Operations for GroupOperations {
    async fn init(&self, request: Init, context: Context) -> Result<Plan, Failure> {
        let plan = self.make_first(&request).await?;
        if plan.done {
            self.record("init", "", &context.caller).await?;
        }
        Ok(plan)
    }

    async fn node_add(&self, request: NodeAdd, context: Context) -> Result<Plan, Failure> {
        self.record("node add", &request.address, &context.caller).await?;
        Self::node_add(self, &request, &|progress| context.progress.tell(progress)).await
    }

    async fn node_remove(&self, request: NodeRemove, context: Context) -> Result<Plan, Failure> {
        self.record("node remove", &request.node, &context.caller).await?;
        Self::node_remove(self, &request, &|progress| context.progress.tell(progress)).await
    }

    async fn table_add(&self, request: TableAdd, context: Context) -> Result<Plan, Failure> {
        self.record("table add", &request.tables.join(" "), &context.caller).await?;
        Self::table_add(self, &request, &|progress| context.progress.tell(progress)).await
    }

    async fn table_remove(&self, tables: Vec<String>, context: Context) -> Result<Plan, Failure> {
        self.record("table remove", &tables.join(" "), &context.caller).await?;
        Self::table_remove(self, &tables, &|progress| context.progress.tell(progress)).await
    }

    async fn table_list(&self) -> Result<Vec<TableEntry>, Failure> {
        self.list_tables().await
    }

    async fn range_status(&self) -> Result<RangesStatus, Failure> {
        Ok(self.how_ids_are().await?)
    }

    async fn range_history(&self, request: RangeHistory) -> Result<Vec<RangeGrant>, Failure> {
        Ok(self.granted_ranges(&request).await?)
    }

    async fn range_allocate(
        &self,
        request: RangeAllocate,
        context: Context,
    ) -> Result<Vec<RangeGrant>, Failure> {
        self.record("range allocate", &request.table, &context.caller).await?;
        Ok(self.allocate_range(&request).await?)
    }

    async fn range_expand(
        &self,
        table: String,
        ids: u64,
        context: Context,
    ) -> Result<Vec<RangeGrant>, Failure> {
        self.record("range expand", &table, &context.caller).await?;
        let told = |progress| context.progress.tell(progress);
        Ok(self.expand_ranges(&table, ids, &told).await?)
    }

    async fn range_release(
        &self,
        table: String,
        start: i64,
        context: Context,
    ) -> Result<Vec<RangeGrant>, Failure> {
        self.record("range release", &format!("{table} {start}"), &context.caller).await?;
        Ok(self.release_range(&table, start).await?)
    }

    async fn range_bypass(
        &self,
        request: RangeBypass,
        context: Context,
    ) -> Result<String, Failure> {
        let command =
            if request.enable { "range bypass --enable" } else { "range bypass --disable" };
        let whose = request.role.clone().unwrap_or_default();
        self.record(command, &whose, &context.caller).await?;
        Ok(self.bypass_range_check(&request).await?)
    }

    async fn job(&self) -> Result<Option<JobStatus>, Failure> {
        Ok(self.last_job())
    }

    async fn job_cancel(&self, context: Context) -> Result<String, Failure> {
        self.record("node cancel", "", &context.caller).await?;
        if self.cancel_job() {
            return Ok("the job is being stopped and undone".to_owned());
        }
        Err(Failure {
            class: FailureClass::Operator,
            message: "no job runs on this node".to_owned(),
            hint: Some("a join runs on the node that joins: give the command there".to_owned()),
            summary: None,
        })
    }

    async fn pause(&self, context: Context) -> Result<String, Failure> {
        self.record("node pause", "", &context.caller).await?;
        let count = Self::pause(self).await?;
        let subscriptions = counted(count, "subscription");
        Ok(format!("{subscriptions} disabled: the peers keep what they have for this node"))
    }

    async fn resume(&self, context: Context) -> Result<String, Failure> {
        self.record("node resume", "", &context.caller).await?;
        let count = Self::resume(self).await?;
        Ok(format!("{} enabled", counted(count, "subscription")))
    }
}
