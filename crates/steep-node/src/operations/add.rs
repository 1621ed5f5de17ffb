//! Letting another database join, and joining.

use std::sync::Arc;

use steep_ipc::{Failure, FailureClass, NodeAdd, Plan, Progress};
use steep_proto::{CancelJoinRequest, JoinProgress, JoinRequest, PROTOCOL};
use tokio_util::sync::CancellationToken;

use super::remote::failed;
use super::{GroupOperations, ProgressSink, Shared, Started};
use crate::error::NodeError;
use crate::grpc::JoinEvents;
use crate::join::{Address, Join, Meter};

impl GroupOperations {
    /// Asks the daemon at an address to join this node's group, and follows it to the end.
    ///
    /// # Errors
    /// When that daemon cannot be reached, or fails. If the way to it is lost it goes on joining:
    /// its own daemon says how far it is.
    pub async fn node_add(
        &self,
        request: &NodeAdd,
        tell: ProgressSink<'_>,
    ) -> Result<Plan, Failure> {
        let shared = Arc::clone(&self.shared);
        let request = request.clone();
        let started = self.shared.jobs.start("add", None, move |meter, cancel| async move {
            ask_to_join(&shared, &request, &meter, &cancel).await
        })?;
        started.follow(tell).await
    }

    /// Joins the group of the member at an address, as it asks, in a job of its own.
    ///
    /// # Errors
    /// When another job runs.
    pub(super) fn start_join(
        &self,
        asked_by: &str,
        source: Address,
        jobs: usize,
        dry_run: bool,
    ) -> Result<Started, NodeError> {
        let shared = Arc::clone(&self.shared);
        self.shared.jobs.start("join", Some(asked_by), move |meter, cancel| async move {
            let join = shared.join_from(source, jobs, meter);
            let plan = if dry_run { join.check().await } else { join.run(&cancel).await };
            Ok(plan?)
        })
    }
}

impl Shared {
    pub(super) fn join_from(&self, source: Address, jobs: usize, meter: Meter) -> Join<'_> {
        Join {
            own: &self.member,
            peers: &self.peers,
            programs: self.programs.clone(),
            source,
            jobs,
            scratch: self.scratch.clone(),
            meter,
        }
    }
}

async fn ask_to_join(
    shared: &Shared,
    request: &NodeAdd,
    meter: &Meter,
    cancel: &CancellationToken,
) -> Result<Plan, Failure> {
    let client = shared.peers.connect(&request.address, None).await?;
    let own = shared.member.endpoint();
    let mut events = client
        .join(JoinRequest {
            protocol: PROTOCOL,
            source_host: own.grpc_host.clone(),
            source_port: own.grpc_port.into(),
            jobs: request.jobs.unwrap_or_default().into(),
            dry_run: request.dry_run,
        })
        .await
        .map_err(|error| failed(&request.address, error))?;
    let mut is_cancelled = false;
    loop {
        let event = tokio::select! {
            event = next(&mut events, &request.address) => event?,
            () = cancel.cancelled(), if !is_cancelled => {
                is_cancelled = true;
                client
                    .cancel_join(CancelJoinRequest {})
                    .await
                    .map_err(|error| failed(&request.address, error))?;
                continue;
            }
        };
        match event {
            Event::Progress(progress) => meter.relay(progress),
            Event::Done(plan) => return Ok(plan),
            Event::Failed(failure) => return Err(failure),
        }
    }
}

enum Event {
    Progress(Progress),
    Done(Plan),
    Failed(Failure),
}

async fn next(events: &mut JoinEvents, address: &str) -> Result<Event, Failure> {
    use steep_proto::join_progress::Body;

    let unreadable = |error: String| Failure {
        class: FailureClass::Peer,
        message: format!("the daemon at {address} tells its progress in another form: {error}"),
        hint: Some("both daemons should have the same version".to_owned()),
        summary: None,
    };
    let word: Option<JoinProgress> =
        events.next().await.map_err(|error| Failure::from(failed(address, error)))?;
    match word.and_then(|word| word.body) {
        Some(Body::Progress(text)) => serde_json::from_str(&text).map(Event::Progress),
        Some(Body::Plan(text)) => serde_json::from_str(&text).map(Event::Done),
        Some(Body::Failure(text)) => serde_json::from_str(&text).map(Event::Failed),
        None => return Err(unreadable("it ended without a result".to_owned())),
    }
    .map_err(|error| unreadable(error.to_string()))
}
