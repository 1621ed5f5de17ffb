//! Commands that change a group, while this daemon offers none.

use steep_ipc::{Failure, Init, JobStatus, NodeAdd, NodeRemove, Plan, TableAdd, TableEntry};
use steep_node::serve::{Context, Operations};

/// Refuses every command that changes a group, and says so.
#[derive(Debug)]
pub(super) struct NotOffered;

fn refused<T>() -> Result<T, Failure> {
    Err(Failure::operator("this daemon only watches: it does not change the group"))
}

impl Operations for NotOffered {
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
