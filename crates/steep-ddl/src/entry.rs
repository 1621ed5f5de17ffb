use crate::{Class, Decision, Status, Verdict};

/// A statement in the queue of one node: its status there, and the decision about it.
///
/// *Theorem.* Whatever decisions nodes hear, in whatever order and however often, nodes that have
/// heard the same ones hold the same decision; and of those that have not tried the statement yet,
/// all have the status that follows from it. A node that carried the statement out before it heard
/// of an earlier rejection keeps it, and [says so](Self::is_contradicted).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    class: Class,
    status: Status,
    decision: Option<Decision>,
}

/// Something cannot happen to a statement in its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a statement that is {from} cannot become {to}")]
pub struct StatusError {
    /// What it is.
    pub from: Status,
    /// What it was to become.
    pub to: Status,
}

/// What hearing of a decision has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing.
    NothingNew,
    /// The decision that counts, and the status with it.
    Now(Status),
    /// The decision that counts; but the statement had been tried before, and keeps its status.
    TooLate,
}

impl Entry {
    /// A statement that arrives. One that replicates by itself needs no decision; one that is
    /// excluded here is refused by this node alone.
    #[must_use]
    pub const fn arrived(class: Class) -> Self {
        let status = match class {
            Class::AutoApply => Status::Approved,
            Class::RequireApproval => Status::Pending,
            Class::Exclude => Status::Rejected,
        };
        Self { class, status, decision: None }
    }

    /// What the node has recorded of a statement.
    ///
    /// # Errors
    /// The status cannot be without that decision: `PENDING` with one, or a statement that requires
    /// approval and got further without one.
    pub fn recorded(
        class: Class,
        status: Status,
        decision: Option<Decision>,
    ) -> Result<Self, StatusError> {
        let arrived = Self::arrived(class).status;
        let is_sound = match (status, &decision) {
            (Status::Pending, Some(_)) => false,
            (_, None) if arrived == Status::Pending => status == Status::Pending,
            (Status::Pending, None) => arrived == Status::Pending,
            _ => true,
        };
        if !is_sound {
            return Err(StatusError { from: arrived, to: status });
        }
        Ok(Self { class, status, decision })
    }

    /// Its class.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Its status.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The decision that counts, so far.
    #[must_use]
    pub const fn decision(&self) -> Option<&Decision> {
        self.decision.as_ref()
    }

    /// What that decision says.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.decision.as_ref().map(|decision| decision.verdict)
    }

    /// A decision was made, here or elsewhere.
    ///
    /// A statement that needed none can be rejected all the same, while it has not been tried.
    pub fn hear(&mut self, decision: Decision) -> Heard {
        let implied = (self.class == Class::AutoApply).then_some(Verdict::Approve);
        let before = self.verdict().or(implied);
        let counts = match self.decision.take() {
            None => decision,
            Some(known) if decision < known => decision,
            Some(known) => {
                self.decision = Some(known);
                return Heard::NothingNew;
            }
        };
        let verdict = counts.verdict;
        self.decision = Some(counts);
        match (self.status, verdict) {
            (Status::Applied | Status::Failed, _) => Heard::TooLate,
            // The same, decided earlier: nothing changes, also if somebody has skipped it here.
            (status, _) if before == Some(verdict) => Heard::Now(status),
            (_, Verdict::Approve) => self.now(Status::Approved),
            (_, Verdict::Reject) => self.now(Status::Rejected),
        }
    }

    fn now(&mut self, status: Status) -> Heard {
        self.status = status;
        Heard::Now(status)
    }

    /// Whether somebody may decide about it: nobody has, as far as this node knows.
    ///
    /// A second decision of a person who could know the first would change nothing, so it is
    /// refused instead.
    #[must_use]
    pub const fn may_be_decided(&self) -> bool {
        matches!(self.status, Status::Pending)
    }

    /// It was carried out.
    ///
    /// # Errors
    /// It was not approved.
    pub fn applied(&mut self) -> Result<(), StatusError> {
        self.go_to(Status::Applied)
    }

    /// It could not be carried out.
    ///
    /// # Errors
    /// It was not approved.
    pub fn failed(&mut self) -> Result<(), StatusError> {
        self.go_to(Status::Failed)
    }

    /// Somebody wants it to be tried again.
    ///
    /// # Errors
    /// It has not failed.
    pub fn retry(&mut self) -> Result<(), StatusError> {
        self.after_failure(Status::Approved)
    }

    /// Somebody gives it up, on this node.
    ///
    /// # Errors
    /// It has not failed.
    pub fn skip(&mut self) -> Result<(), StatusError> {
        self.after_failure(Status::Rejected)
    }

    /// Whether this node has carried out what was rejected, before it heard of it. The schemas of
    /// the nodes differ then, and a person has to see it.
    #[must_use]
    pub fn is_contradicted(&self) -> bool {
        self.status == Status::Applied && self.verdict() == Some(Verdict::Reject)
    }

    fn after_failure(&mut self, to: Status) -> Result<(), StatusError> {
        if self.status != Status::Failed {
            return Err(StatusError { from: self.status, to });
        }
        self.go_to(to)
    }

    fn go_to(&mut self, to: Status) -> Result<(), StatusError> {
        if !self.status.may_become(to) {
            return Err(StatusError { from: self.status, to });
        }
        self.status = to;
        Ok(())
    }
}
