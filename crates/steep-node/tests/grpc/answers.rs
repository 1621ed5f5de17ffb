//! A node that answers what the test wants.

use std::sync::Mutex;

use futures_util::stream::unfold;
use steep_ipc::{Failure, FailureClass};
use steep_node::grpc::{self, JoinStream, NodeService, Peer};
use steep_proto::{
    AbortJoinRequest, AbortJoinResponse, CancelJoinRequest, CancelJoinResponse, ChangeTableRequest,
    ChangeTableResponse, CompleteJoinRequest, CompleteJoinResponse, DescribeRequest,
    ForgetNodeRequest, ForgetNodeResponse, HealthRequest, HealthResponse, JoinProgress,
    JoinRequest, ManageRangesRequest, ManageRangesResponse, NodeDescription, PROTOCOL,
    PrepareJoinRequest, PrepareJoinResponse, RangeRequest, RangeResponse, TellRangesRequest,
    TellRangesResponse, join_progress::Body,
};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Answers at once, but for `prepare_join`, which waits until the test lets it go on.
pub(crate) struct Answers {
    node: Mutex<String>,
    protocol: Mutex<u32>,
    callers: Mutex<Vec<Peer>>,
    /// Lets `prepare_join` answer.
    pub(crate) go_on: Semaphore,
    /// `prepare_join` has begun.
    pub(crate) waiting: Notify,
    /// The call of `prepare_join`, or the stream of `join`, was dropped.
    pub(crate) dropped: CancellationToken,
    failure: Mutex<Option<Failure>>,
}

impl Answers {
    pub(crate) fn of(node: &str) -> Self {
        Self {
            node: Mutex::new(node.to_owned()),
            protocol: Mutex::new(PROTOCOL),
            callers: Mutex::default(),
            go_on: Semaphore::new(0),
            waiting: Notify::new(),
            dropped: CancellationToken::new(),
            failure: Mutex::default(),
        }
    }

    pub(crate) fn pretend_to_be(&self, node: &str) {
        node.clone_into(&mut self.node.lock().unwrap());
    }

    pub(crate) fn speak_protocol(&self, protocol: u32) {
        *self.protocol.lock().unwrap() = protocol;
    }

    pub(crate) fn fail_with(&self, failure: Failure) {
        *self.failure.lock().unwrap() = Some(failure);
    }

    /// Everyone whose call came through, in order.
    pub(crate) fn callers(&self) -> Vec<Peer> {
        self.callers.lock().unwrap().clone()
    }

    fn called_by(&self, peer: Peer) {
        self.callers.lock().unwrap().push(peer);
    }
}

fn unexpected<T>() -> Result<T, Failure> {
    let message = "no test calls this".to_owned();
    Err(Failure { class: FailureClass::Bug, message, hint: None, summary: None })
}

#[grpc::async_trait]
impl NodeService for Answers {
    async fn health_check(&self, peer: Peer, _: HealthRequest) -> Result<HealthResponse, Failure> {
        self.called_by(peer);
        Ok(HealthResponse {
            protocol: *self.protocol.lock().unwrap(),
            node_id: self.node.lock().unwrap().clone(),
            status: "ok".to_owned(),
            answered_at_us: 1,
            postgres_reachable: true,
        })
    }

    async fn describe(&self, peer: Peer, _: DescribeRequest) -> Result<NodeDescription, Failure> {
        self.called_by(peer);
        let node_id = self.node.lock().unwrap().clone();
        let protocol = *self.protocol.lock().unwrap();
        Ok(NodeDescription { protocol, node_id, ..NodeDescription::default() })
    }

    /// One word, and then nothing.
    async fn join(&self, peer: Peer, _: JoinRequest) -> Result<JoinStream, Failure> {
        self.called_by(peer);
        let guard: DropGuard = self.dropped.clone().drop_guard();
        Ok(Box::pin(unfold((true, guard), |(is_first, guard)| async move {
            if !is_first {
                std::future::pending::<()>().await;
            }
            let word = JoinProgress { body: Some(Body::Progress("{}".to_owned())) };
            Some((word, (false, guard)))
        })))
    }

    async fn prepare_join(
        &self,
        peer: Peer,
        _: PrepareJoinRequest,
    ) -> Result<PrepareJoinResponse, Failure> {
        self.called_by(peer);
        let guard = self.dropped.clone().drop_guard();
        self.waiting.notify_one();
        self.go_on.acquire().await.unwrap().forget();
        guard.disarm();
        Ok(PrepareJoinResponse { slot_name: "s".to_owned(), ..PrepareJoinResponse::default() })
    }

    async fn forget_node(
        &self,
        peer: Peer,
        _: ForgetNodeRequest,
    ) -> Result<ForgetNodeResponse, Failure> {
        self.called_by(peer);
        match self.failure.lock().unwrap().clone() {
            Some(failure) => Err(failure),
            None => unexpected(),
        }
    }

    async fn cancel_join(
        &self,
        _: Peer,
        _: CancelJoinRequest,
    ) -> Result<CancelJoinResponse, Failure> {
        unexpected()
    }

    async fn complete_join(
        &self,
        peer: Peer,
        _: CompleteJoinRequest,
    ) -> Result<CompleteJoinResponse, Failure> {
        self.called_by(peer);
        Ok(CompleteJoinResponse {})
    }

    async fn abort_join(&self, _: Peer, _: AbortJoinRequest) -> Result<AbortJoinResponse, Failure> {
        unexpected()
    }

    async fn change_table(
        &self,
        _: Peer,
        _: ChangeTableRequest,
    ) -> Result<ChangeTableResponse, Failure> {
        unexpected()
    }

    async fn allocate_range(&self, peer: Peer, _: RangeRequest) -> Result<RangeResponse, Failure> {
        self.called_by(peer);
        Ok(RangeResponse { range_start: 1, range_end: 9, row: "{}".to_owned() })
    }

    async fn manage_ranges(
        &self,
        _: Peer,
        _: ManageRangesRequest,
    ) -> Result<ManageRangesResponse, Failure> {
        unexpected()
    }

    async fn tell_ranges(
        &self,
        peer: Peer,
        _: TellRangesRequest,
    ) -> Result<TellRangesResponse, Failure> {
        self.called_by(peer);
        Ok(TellRangesResponse::default())
    }
}
