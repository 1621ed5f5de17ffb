use crate::clock_offset::OffsetWindow;
use crate::{MembershipId, Report, Stream, WallClock};
use alloc::collections::VecDeque;
use core::time::Duration;
use steep_types::{Instant, Term};

/// Who asks over a link. The two can differ: a firewall may let only one side connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// This node asks, the peer answers.
    Outbound,
    /// The peer asks.
    Inbound,
}

/// How a link is in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Nothing was heard yet.
    #[default]
    Unknown,
    /// The last look succeeded, or not enough have failed since.
    Healthy,
    /// So many looks failed in a row as the threshold says; or nobody has asked for that long.
    Unhealthy,
}

/// A question without an answer so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) exchange: u64,
    pub(crate) sent_at: Instant,
    pub(crate) wall: Option<WallClock>,
    /// If it claimed to be elected, in which term.
    pub(crate) claimed: Option<Term>,
}

/// What a node knows of one peer and the link to it.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) questions: VecDeque<Question>,
    failures: u32,
    pub(crate) outbound: Health,
    pub(crate) inbound: Health,
    /// When anything came from the peer, or else when this node began to listen.
    pub(crate) heard_at: Instant,
    /// When the peer last asked something.
    asked_at: Instant,
    /// How the peer is, as it said last.
    pub(crate) report: Option<Report>,
    /// Since when it could have taken over without a break: reached, and ready by its own word.
    pub(crate) ready_since: Option<Instant>,
    /// Which membership it knows, as it said last.
    pub(crate) known: Option<MembershipId>,
    /// Until when its promise to this node may be relied on.
    pub(crate) promised_until: Option<Instant>,
    /// Which membership it had on disk when it last followed this node as coordinator.
    pub(crate) followed_with: Option<MembershipId>,
    /// The stream from the peer to this node.
    pub(crate) stream: Stream,
    pub(crate) offset: OffsetWindow,
    pub(crate) round_trip: Option<Duration>,
}

impl Link {
    /// Far more than are open at once with any sensible timeout.
    const MOST_QUESTIONS: usize = 16;

    pub(crate) fn new(now: Instant) -> Self {
        Self {
            questions: VecDeque::new(),
            failures: 0,
            outbound: Health::Unknown,
            inbound: Health::Unknown,
            heard_at: now,
            asked_at: now,
            report: None,
            ready_since: None,
            known: None,
            promised_until: None,
            followed_with: None,
            stream: Stream::default(),
            offset: OffsetWindow::default(),
            round_trip: None,
        }
    }

    /// Returns whether the inbound health changed.
    pub(crate) fn asked(&mut self, now: Instant) -> bool {
        self.asked_at = now;
        core::mem::replace(&mut self.inbound, Health::Healthy) != Health::Healthy
    }

    /// Returns whether the peer has been silent for too long, and was not before.
    pub(crate) fn missed(&mut self, now: Instant, silence: Duration) -> bool {
        if self.inbound == Health::Unhealthy || now.saturating_since(self.asked_at) < silence {
            return false;
        }
        self.inbound = Health::Unhealthy;
        true
    }

    pub(crate) fn ask(&mut self, question: Question) {
        if self.questions.len() == Self::MOST_QUESTIONS {
            self.questions.pop_front();
        }
        self.questions.push_back(question);
    }

    /// The question that `exchange` answers, if it was asked, in time, and not answered before.
    pub(crate) fn answered(&mut self, exchange: u64) -> Option<Question> {
        let at = self.questions.iter().position(|one| one.exchange == exchange)?;
        self.questions.remove(at)
    }

    /// Returns whether the outbound health changed.
    pub(crate) fn succeeded(&mut self) -> bool {
        self.failures = 0;
        core::mem::replace(&mut self.outbound, Health::Healthy) != Health::Healthy
    }

    /// Counts the questions whose time is over. Returns whether the outbound health changed.
    pub(crate) fn expire(&mut self, now: Instant, timeout: Duration, threshold: u32) -> bool {
        while self.questions.pop_front_if(|one| one.sent_at + timeout <= now).is_some() {
            self.failures = self.failures.saturating_add(1);
        }
        if self.failures < threshold || self.outbound == Health::Unhealthy {
            return false;
        }
        self.outbound = Health::Unhealthy;
        self.ready_since = None;
        true
    }

    pub(crate) fn next_timeout(&self, timeout: Duration) -> Option<Instant> {
        self.questions.front().map(|one| one.sent_at + timeout)
    }

    /// Keeps what the peer said of itself.
    pub(crate) fn hear_report(&mut self, report: Report, now: Instant) {
        self.report = Some(report);
        let is_ready = report.is_ready && self.outbound == Health::Healthy;
        self.ready_since = if is_ready { self.ready_since.or(Some(now)) } else { None };
    }

    pub(crate) fn forget_reign(&mut self) {
        (self.promised_until, self.followed_with) = (None, None);
    }
}
