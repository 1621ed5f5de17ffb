use core::time::Duration;

/// How patient a node is. All durations are measured on its own monotonic clock.
///
/// Nodes may have different settings; each promise is made for the time that its asker names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    interval: Duration,
    timeout: Duration,
    unhealthy_threshold: u32,
    lease: Duration,
    alone_after: Option<Duration>,
    handover_after: Duration,
}

/// Why [`Settings`] make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The interval is shorter than [`Settings::SHORTEST_INTERVAL`].
    #[error("interval {interval:?} is below {:?}", Settings::SHORTEST_INTERVAL)]
    Interval {
        /// As given.
        interval: Duration,
    },
    /// No time is left for an answer.
    #[error("timeout is zero")]
    Timeout,
    /// A node would be unhealthy without a failed look.
    #[error("unhealthy threshold is zero")]
    Threshold,
    /// A lost message would cost the lease.
    #[error("lease {lease:?} is shorter than two intervals of {interval:?} and the clocks' drift")]
    Lease {
        /// As given.
        lease: Duration,
        /// As given.
        interval: Duration,
    },
}

impl Settings {
    /// By how much the rate of a monotonic clock may be off, in percent of true time.
    ///
    /// Quartz is off by 0.01 %, and `ntpd` slews by 0.05 %; chrony slews by up to 8.3 % on Linux
    /// (its default `maxslewrate`), and that is the most that is known of.
    pub const CLOCK_DRIFT_PERCENT: u32 = 10;

    /// Below it, a slow disk would look like a dead node.
    pub const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

    /// Looks every `interval`, waits for `timeout`, and calls a link unhealthy after
    /// `unhealthy_threshold` failed looks in a row.
    ///
    /// What follows from it: a lease lasts one interval longer than a link takes to be unhealthy; a
    /// node of two acts alone after a lease; a better node takes over after two leases.
    ///
    /// # Errors
    /// A value is zero or too small.
    pub fn new(
        interval: Duration,
        timeout: Duration,
        unhealthy_threshold: u32,
    ) -> Result<Self, SettingsError> {
        if interval < Self::SHORTEST_INTERVAL {
            return Err(SettingsError::Interval { interval });
        }
        if timeout.is_zero() {
            return Err(SettingsError::Timeout);
        }
        if unhealthy_threshold == 0 {
            return Err(SettingsError::Threshold);
        }
        let lease = interval.saturating_mul(unhealthy_threshold.saturating_add(1).max(3));
        Ok(Self {
            interval,
            timeout,
            unhealthy_threshold,
            lease,
            alone_after: Some(lease),
            handover_after: lease.saturating_mul(2),
        })
    }

    /// The same, with another lease.
    ///
    /// # Errors
    /// [`SettingsError::Lease`].
    pub fn with_lease(self, lease: Duration) -> Result<Self, SettingsError> {
        let changed = Self { lease, ..self };
        if changed.lease_as_held() < self.interval.saturating_mul(2) {
            return Err(SettingsError::Lease { lease, interval: self.interval });
        }
        Ok(changed)
    }

    /// The same, with another time of silence after which a node of two acts alone; `None`: never
    /// by itself. It waits for the end of its promise in any case.
    #[must_use]
    pub const fn acting_alone_after(self, silence: Option<Duration>) -> Self {
        Self { alone_after: silence, ..self }
    }

    /// The same, with another time for which a better node must have been ready before it is handed
    /// the group.
    #[must_use]
    pub const fn handing_over_after(self, time: Duration) -> Self {
        Self { handover_after: time, ..self }
    }

    /// Time from one look to the next.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// When a look counts as failed.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// So many failed looks in a row make a link unhealthy.
    #[must_use]
    pub const fn unhealthy_threshold(&self) -> u32 {
        self.unhealthy_threshold
    }

    /// For how long voters promise to follow nobody else, on their clocks.
    #[must_use]
    pub const fn lease(&self) -> Duration {
        self.lease
    }

    /// For how long a coordinator may rely on such a promise, on its clock, from when it asked:
    /// lease x (1 - drift) / (1 + drift).
    #[must_use]
    pub const fn lease_as_held(&self) -> Duration {
        let micros = self.lease.as_micros() as u64;
        let (slow, fast) = (100 - Self::CLOCK_DRIFT_PERCENT, 100 + Self::CLOCK_DRIFT_PERCENT);
        Duration::from_micros(micros / fast as u64 * slow as u64)
    }

    pub(crate) const fn alone_after(&self) -> Option<Duration> {
        self.alone_after
    }

    pub(crate) const fn handover_after(&self) -> Duration {
        self.handover_after
    }

    /// Time enough to ask all peers and for each of them to write down its answer.
    pub(crate) fn step(&self) -> Duration {
        self.interval / 2
    }

    /// How long a link that nobody asks over takes to be unhealthy.
    pub(crate) fn silence(&self) -> Duration {
        self.interval.saturating_mul(self.unhealthy_threshold.saturating_add(1))
    }
}
