//! Long jobs: one at a time, told about while they run, remembered when they have ended.

use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use steep_ipc::{Failure, JobStatus, Plan, Progress};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::NodeError;
use crate::join::Meter;

/// The jobs of a daemon.
#[derive(Debug, Default)]
pub struct Jobs {
    last: Mutex<Option<Job>>,
    count: AtomicU64,
}

#[derive(Debug)]
struct Job {
    id: String,
    kind: &'static str,
    /// The node that wants it; none: this one.
    asked_by: Option<String>,
    progress: watch::Receiver<Progress>,
    outcome: watch::Receiver<Option<Result<Plan, Failure>>>,
    cancel: CancellationToken,
}

/// A job that runs, for whoever wants to follow it.
#[derive(Debug, Clone)]
pub struct Started {
    /// How far it is.
    pub progress: watch::Receiver<Progress>,
    /// How it ended, once it has.
    pub outcome: watch::Receiver<Option<Result<Plan, Failure>>>,
}

impl Jobs {
    /// Starts a job in a task of its own, which goes on when nobody follows it; `asked_by` names the node
    /// that wants it, if that is another one.
    ///
    /// # Errors
    /// When another one runs.
    pub fn start<F>(
        &self,
        kind: &'static str,
        asked_by: Option<&str>,
        work: impl FnOnce(Meter, CancellationToken) -> F,
    ) -> Result<Started, NodeError>
    where
        F: Future<Output = Result<Plan, Failure>> + Send + 'static,
    {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(running) = last.as_ref().filter(|job| job.outcome.borrow().is_none()) {
            return Err(NodeError::Refused {
                message: format!(
                    "this daemon is busy with a job ({}, {})",
                    running.kind, running.id
                ),
                hint: "wait for it, or end it: steep-replctl node cancel".to_owned(),
            });
        }
        let (meter, progress) = Meter::new();
        let (ended, outcome) = watch::channel(None);
        let cancel = CancellationToken::new();
        let work = work(meter, cancel.clone());
        let task = tokio::spawn(work);
        tokio::spawn(async move {
            let result = task.await.unwrap_or_else(|error| {
                Err(Failure {
                    class: steep_ipc::FailureClass::Bug,
                    message: format!("the job ended by itself: {error}"),
                    hint: None,
                    summary: None,
                })
            });
            if let Err(failure) = &result {
                tracing::error!(job = kind, failure = failure.for_log(), "a job failed");
            }
            let _ = ended.send(Some(result));
        });
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        *last = Some(Job {
            id: format!("{kind}-{number}"),
            kind,
            asked_by: asked_by.map(str::to_owned),
            progress: progress.clone(),
            outcome: outcome.clone(),
            cancel,
        });
        Ok(Started { progress, outcome })
    }

    /// The job that runs, or the last one.
    #[must_use]
    pub fn status(&self) -> Option<JobStatus> {
        let last = self.last.lock().ok()?;
        let job = last.as_ref()?;
        let outcome = job.outcome.borrow().clone();
        let (state, error) = match outcome {
            None if job.cancel.is_cancelled() => ("undoing", None),
            None => ("running", None),
            Some(Ok(plan)) if plan.done || plan.refusals.is_empty() => ("done", None),
            Some(Ok(_)) => ("failed", None),
            Some(Err(failure)) if job.cancel.is_cancelled() => ("cancelled", Some(failure)),
            Some(Err(failure)) => ("failed", Some(failure)),
        };
        Some(JobStatus {
            id: job.id.clone(),
            kind: job.kind.to_owned(),
            state: state.to_owned(),
            progress: job.progress.borrow().clone(),
            error,
        })
    }

    /// Whether a job runs.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.last
            .lock()
            .is_ok_and(|last| last.as_ref().is_some_and(|job| job.outcome.borrow().is_none()))
    }

    /// Stops the running job; false if none runs.
    pub fn cancel(&self) -> bool {
        let Ok(last) = self.last.lock() else { return false };
        let Some(job) = last.as_ref().filter(|job| job.outcome.borrow().is_none()) else {
            return false;
        };
        job.cancel.cancel();
        true
    }
}

impl Jobs {
    /// Stops the running job for a node, which has to be the one that wanted it; false if none runs.
    ///
    /// # Errors
    /// When another node wanted it.
    pub fn cancel_for(&self, node: &str) -> Result<bool, NodeError> {
        let Ok(last) = self.last.lock() else { return Ok(false) };
        let Some(job) = last.as_ref().filter(|job| job.outcome.borrow().is_none()) else {
            return Ok(false);
        };
        if job.asked_by.as_deref() != Some(node) {
            return Err(NodeError::Refused {
                message: format!("the job that runs here ({}) is not one of node {node}", job.id),
                hint: "cancel it where it was begun, or on this node: steep-replctl node cancel"
                    .to_owned(),
            });
        }
        job.cancel.cancel();
        Ok(true)
    }
}

impl Started {
    /// Follows the job to its end.
    ///
    /// # Errors
    /// As the job.
    pub async fn follow(self, tell: &(dyn Fn(Progress) + Send + Sync)) -> Result<Plan, Failure> {
        let Self { mut progress, outcome } = self;
        let ended = outcome_of(outcome);
        tokio::pin!(ended);
        let mut is_over = false;
        loop {
            tokio::select! {
                biased;
                result = &mut ended => return result,
                changed = progress.changed(), if !is_over => match changed {
                    Ok(()) => {
                        tell(progress.borrow_and_update().clone());
                        // A terminal is not read faster than this.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    Err(_) => is_over = true,
                },
            }
        }
    }
}

async fn outcome_of(
    mut outcome: watch::Receiver<Option<Result<Plan, Failure>>>,
) -> Result<Plan, Failure> {
    let ended = outcome.wait_for(Option::is_some).await.map(|ended| ended.clone());
    match ended {
        Ok(result) => result.unwrap_or_else(|| Ok(Plan::default())),
        Err(_) => Err(Failure {
            class: steep_ipc::FailureClass::Bug,
            message: "the job is gone".to_owned(),
            hint: None,
            summary: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_node_that_wanted_a_job_may_stop_it() -> Result<(), NodeError> {
        let jobs = Jobs::default();
        assert!(!jobs.cancel_for("a")?);
        let started = jobs.start("join", Some("a"), |_, cancel| async move {
            cancel.cancelled().await;
            Err(NodeError::Cancelled.into())
        })?;
        let refused = jobs.cancel_for("b").err().map(|error| error.to_string());
        assert_eq!(
            refused.as_deref(),
            Some("the job that runs here (join-1) is not one of node b")
        );
        assert!(jobs.is_busy());
        assert!(jobs.cancel_for("a")?);
        assert!(started.follow(&|_| ()).await.is_err());
        let _own = jobs.start("add", None, |_, _| std::future::pending())?;
        assert!(jobs.cancel_for("a").is_err());
        assert!(jobs.cancel());
        Ok(())
    }
}
