//! What an operator, or another node, asks of this node, and how it is carried out across the group.

mod add;
mod jobs;
mod local;
mod pause;
mod policy;
mod range_commands;
mod range_founding;
mod range_service;
mod remote;
mod remove;
mod service;
mod table_change;
mod table_commands;
mod table_rounds;
mod tend;

use std::path::PathBuf;
use std::sync::Arc;

use steep_ipc::{Failure, Init as InitRequest, JobStatus, Plan, Progress, TableEntry};
use steep_pg::Connection;
use tokio_util::sync::CancellationToken;

pub use self::jobs::{Jobs, Started};
pub use self::policy::ConfiguredPolicy;
pub use self::remote::GrpcPeers;
pub(crate) use self::remote::failed;
pub(crate) use self::remove::nodes as known_nodes;
pub use self::service::Service;
use crate::error::NodeError;
use crate::group::Init;
use crate::join::Programs;
use crate::member::Member;
use crate::ranges::{Keeper, RangeBoard, Reachable};
use crate::tables::{self, Pattern};

/// Everything this node needs to carry out what it is asked. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GroupOperations {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    member: Member,
    peers: GrpcPeers,
    jobs: Jobs,
    programs: Programs,
    /// Where a join keeps its files.
    scratch: PathBuf,
    policy: ConfiguredPolicy,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    reachable: Reachable,
    board: RangeBoard,
    /// Grants to others, one after the other; opened when somebody asks for one.
    granting: tokio::sync::Mutex<Option<Connection>>,
}

/// What [`GroupOperations`] are made of.
#[derive(Debug)]
pub struct Parts {
    /// This node.
    pub member: Member,
    /// The way to the other daemons.
    pub peers: GrpcPeers,
    /// PostgreSQL's programs.
    pub programs: Programs,
    /// Where a join keeps its files meanwhile.
    pub scratch: PathBuf,
    /// How conflicts are decided.
    pub policy: ConfiguredPolicy,
    /// Tables to replicate; empty: all that can be.
    pub include: Vec<Pattern>,
    /// Tables to leave out.
    pub exclude: Vec<Pattern>,
    /// Which peers answer.
    pub reachable: Reachable,
    /// Where it is told how identity ranges are.
    pub board: RangeBoard,
}

impl GroupOperations {
    /// The operations of a node.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { member, peers, programs, scratch, policy, include, exclude, reachable, board } =
            parts;
        let shared = Shared {
            member,
            peers,
            jobs: Jobs::default(),
            programs,
            scratch,
            policy,
            include,
            exclude,
            reachable,
            board,
            granting: tokio::sync::Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// This node.
    #[must_use]
    pub fn member(&self) -> &Member {
        &self.shared.member
    }

    /// Keeps this node in ids until `stop`: asks for ranges before they are needed.
    pub async fn keep_ranges(self, stop: CancellationToken) {
        let Shared { member, peers, reachable, board, .. } = &*self.shared;
        Keeper::new(member.clone(), peers.clone(), reachable.clone(), board.clone())
            .run(stop)
            .await;
    }

    /// The job that runs, or the last one.
    #[must_use]
    pub fn last_job(&self) -> Option<JobStatus> {
        self.shared.jobs.status()
    }

    /// Whether a job runs.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.shared.jobs.is_busy()
    }

    /// Stops the running job, which undoes what it can; false if none runs.
    #[must_use]
    pub fn cancel_job(&self) -> bool {
        self.shared.jobs.cancel()
    }

    /// The same for another node, whose job it has to be.
    fn cancel_job_of(&self, node: &str) -> Result<bool, NodeError> {
        self.shared.jobs.cancel_for(node)
    }

    /// Makes this database the first node of a group.
    ///
    /// # Errors
    /// When a pattern is none, or PostgreSQL refuses.
    pub async fn make_first(&self, request: &InitRequest) -> Result<Plan, Failure> {
        let given = |texts: &[String], configured: &[Pattern]| -> Result<Vec<Pattern>, NodeError> {
            if texts.is_empty() { Ok(configured.to_vec()) } else { patterns(texts) }
        };
        let include = given(&request.include, &self.shared.include)?;
        let exclude = given(&request.exclude, &self.shared.exclude)?;
        let init = Init {
            own: self.member(),
            include: &include,
            exclude: &exclude,
            policy: &self.shared.policy,
        };
        if request.dry_run {
            return Ok(init.check().await?);
        }
        let mut plan = init.run().await?;
        if plan.done {
            self.keep_apart(&mut plan, false, &|_| ()).await?;
        }
        Ok(plan)
    }

    /// Every table of this database, and what it is to replication.
    ///
    /// # Errors
    /// When PostgreSQL cannot be asked.
    pub async fn list_tables(&self) -> Result<Vec<TableEntry>, Failure> {
        let client = self.member().connect().await?;
        let mut all = tables::list(&client, &self.shared.include, &self.shared.exclude).await?;
        self.say_how_ids_are(&client, &mut all).await?;
        Ok(all)
    }
}

/// How far a command is, for whoever gave it.
pub type ProgressSink<'a> = &'a (dyn Fn(Progress) + Send + Sync);

fn patterns(texts: &[String]) -> Result<Vec<Pattern>, NodeError> {
    texts
        .iter()
        .map(|text| {
            text.parse().map_err(|error: tables::PatternError| NodeError::Misuse {
                message: error.to_string(),
                hint: "for example public.orders, or sales.*".to_owned(),
            })
        })
        .collect()
}
