//! What changes a group: the part of a node that joins, leaves and decides about tables.

use std::future::Future;
use std::sync::Arc;

use steep_ipc::{
    Failure, Init, JobStatus, NodeAdd, NodeRemove, Plan, Progress, RangeAllocate, RangeBypass,
    RangeGrant, RangeHistory, RangesStatus, TableAdd, TableEntry,
};

/// Where a long command says how far it is.
#[derive(Clone)]
pub struct ProgressSink(Arc<dyn Fn(Progress) + Send + Sync>);

impl ProgressSink {
    /// Calls this with each progress; it must not block.
    pub fn new(tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Tells nobody.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::new(drop)
    }

    /// Says how far it is.
    pub fn tell(&self, progress: Progress) {
        (self.0)(progress);
    }
}

impl std::fmt::Debug for ProgressSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProgressSink")
    }
}

/// Who asks, and whom to tell how far it is.
#[derive(Debug, Clone)]
pub struct Context {
    /// The OS user, for the audit log.
    pub caller: String,
    /// Whom to tell.
    pub progress: ProgressSink,
}

/// What changes a group. A call goes on when its client hangs up.
pub trait Operations: Send + Sync + 'static {
    /// Makes this database the first node of a group.
    fn init(
        &self,
        request: Init,
        context: Context,
    ) -> impl Future<Output = Result<Plan, Failure>> + Send;

    /// Lets another daemon's database join.
    fn node_add(
        &self,
        request: NodeAdd,
        context: Context,
    ) -> impl Future<Output = Result<Plan, Failure>> + Send;

    /// Takes a node out of the group.
    fn node_remove(
        &self,
        request: NodeRemove,
        context: Context,
    ) -> impl Future<Output = Result<Plan, Failure>> + Send;

    /// Puts tables under guard on every node.
    fn table_add(
        &self,
        request: TableAdd,
        context: Context,
    ) -> impl Future<Output = Result<Plan, Failure>> + Send;

    /// Takes tables out of replication on every node.
    fn table_remove(
        &self,
        tables: Vec<String>,
        context: Context,
    ) -> impl Future<Output = Result<Plan, Failure>> + Send;

    /// Every table of the database.
    fn table_list(&self) -> impl Future<Output = Result<Vec<TableEntry>, Failure>> + Send;

    /// How far the ids of this node's tables are.
    fn range_status(&self) -> impl Future<Output = Result<RangesStatus, Failure>> + Send;

    /// Ranges that were granted, newest first.
    fn range_history(
        &self,
        request: RangeHistory,
    ) -> impl Future<Output = Result<Vec<RangeGrant>, Failure>> + Send;

    /// Gets this node a further range.
    fn range_allocate(
        &self,
        request: RangeAllocate,
        context: Context,
    ) -> impl Future<Output = Result<Vec<RangeGrant>, Failure>> + Send;

    /// Gets this node ranges until it has so many ids left.
    fn range_expand(
        &self,
        table: String,
        ids: u64,
        context: Context,
    ) -> impl Future<Output = Result<Vec<RangeGrant>, Failure>> + Send;

    /// Gives a range of this node up.
    fn range_release(
        &self,
        table: String,
        start: i64,
        context: Context,
    ) -> impl Future<Output = Result<Vec<RangeGrant>, Failure>> + Send;

    /// Lets new sessions write any id, or checks them again; says what was done.
    fn range_bypass(
        &self,
        request: RangeBypass,
        context: Context,
    ) -> impl Future<Output = Result<String, Failure>> + Send;

    /// The job that runs, or the last one; answered from memory.
    fn job(&self) -> impl Future<Output = Result<Option<JobStatus>, Failure>> + Send;

    /// Stops the running job and undoes it; says what was done.
    fn job_cancel(&self, context: Context) -> impl Future<Output = Result<String, Failure>> + Send;

    /// Stops applying the changes of all peers; says what was done.
    fn pause(&self, context: Context) -> impl Future<Output = Result<String, Failure>> + Send;

    /// Applies again; says what was done.
    fn resume(&self, context: Context) -> impl Future<Output = Result<String, Failure>> + Send;
}
