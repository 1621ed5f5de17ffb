//! What a daemon does with requests.

use std::future::Future;

use steep_ipc::{Failure, Request, Response, Welcome};

use crate::{Caller, Replies};

/// One request, who makes it, and the way back.
#[derive(Debug)]
#[non_exhaustive]
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// Who asks.
    pub caller: Caller,
    /// For progress and events, before the answer.
    pub replies: Replies,
}

impl Call {
    /// A call that comes from no connection; the replies are lost. For tests of services.
    #[must_use]
    pub fn detached(request: Request, caller: Caller) -> Self {
        Self { request, caller, replies: Replies::new().0 }
    }
}

/// What answers the requests of all clients.
///
/// Each call runs in a task of its own. It goes on when its client hangs up: whether a command is
/// then worth finishing is the service's to say ([`Replies::hung_up`]). The client counts as
/// connected until the call ends. A call that panics is answered with a failure of the class bug.
pub trait Service: Send + Sync + 'static {
    /// What a new client is told.
    fn welcome(&self) -> Welcome;

    /// Answers a request.
    fn call(&self, call: Call) -> impl Future<Output = Result<Response, Failure>> + Send;
}
