//! Commands that change a group, on a node that has no name yet.

use steep_ipc::{
    Failure, FailureClass, Init, JobStatus, NodeAdd, NodeRemove, Plan, RangeAllocate, RangeBypass,
    RangeGrant, RangeHistory, RangesStatus, TableAdd, TableEntry,
};
use steep_node::serve::{Context, Operations};

/// Refuses every command that changes a group, and says why.
#[derive(Debug)]
pub(super) struct Nameless;

fn refused<T>() -> Result<T, Failure> {
    Err(Failure {
        class: FailureClass::Operator,
        message: "this node has no name".to_owned(),
        hint: Some("set replication.topology.this_node.name and start the daemon again".to_owned()),
        summary: None,
    })
}

impl Operations for Nameless {
    async fn init(&self, _: Init, _: Context) -> Result<Plan, Failure> {
        refused()
    }

    async fn node_add(&self, _: NodeAdd, _: Context) -> Result<Plan, Failure> {
        refused()
    }

    async fn node_remove(&self, _: NodeRemove, _: Context) -> Result<Plan, Failure> {
        refused()
    }

    async fn table_add(&self, _: TableAdd, _: Context) -> Result<Plan, Failure> {
        refused()
    }

    async fn table_remove(&self, _: Vec<String>, _: Context) -> Result<Plan, Failure> {
        refused()
    }

    async fn table_list(&self) -> Result<Vec<TableEntry>, Failure> {
        refused()
    }

    async fn range_status(&self) -> Result<RangesStatus, Failure> {
        refused()
    }

    async fn range_history(&self, _: RangeHistory) -> Result<Vec<RangeGrant>, Failure> {
        refused()
    }

    async fn range_allocate(
        &self,
        _: RangeAllocate,
        _: Context,
    ) -> Result<Vec<RangeGrant>, Failure> {
        refused()
    }

    async fn range_expand(
        &self,
        _: String,
        _: u64,
        _: Context,
    ) -> Result<Vec<RangeGrant>, Failure> {
        refused()
    }

    async fn range_release(
        &self,
        _: String,
        _: i64,
        _: Context,
    ) -> Result<Vec<RangeGrant>, Failure> {
        refused()
    }

    async fn range_bypass(&self, _: RangeBypass, _: Context) -> Result<String, Failure> {
        refused()
    }

    async fn job(&self) -> Result<Option<JobStatus>, Failure> {
        Ok(None)
    }

    async fn job_cancel(&self, _: Context) -> Result<String, Failure> {
        refused()
    }

    async fn pause(&self, _: Context) -> Result<String, Failure> {
        refused()
    }

    async fn resume(&self, _: Context) -> Result<String, Failure> {
        refused()
    }
}
