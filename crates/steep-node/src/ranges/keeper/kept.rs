//! What the keeper remembers of one table, and does about it.

use std::time::Duration;

use steep_pg::Connection;
use steep_ranges::{Alert, Outlook, Tracker};
use tokio::time::Instant;

use super::outlook;
use crate::error::{NodeError, While};
use crate::ranges::links::Links;
use crate::ranges::look::{Managed, Seen};
use crate::ranges::obtain::{Ask, Obtained, obtain};
use crate::ranges::policy::TableRanges;
use crate::ranges::report::TableReport;
use crate::ranges::reserve::{settle, take_up};

/// For how long a look is good enough while the sequence does not move, because it locks a row; and an
/// outlook, because all that was granted of the table is read for it.
const OLD: Duration = Duration::from_secs(60);
/// After nobody granted anything: what is in the way does not go away within a second.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Kept {
    tracker: Tracker,
    seen: Seen,
    /// Where the sequence stood at the last look.
    last_value: Option<i64>,
    outlook: Outlook,
    looked_at: Instant,
    outlook_at: Instant,
    grants: u64,
    trouble: Option<String>,
    pause: Duration,
    again_at: Instant,
}

impl Kept {
    /// Begins to look after a table, with the sizes that the configuration has now.
    pub(super) async fn begin(
        client: &Connection,
        table: &Managed,
        wanted: TableRanges,
    ) -> Result<Self, NodeError> {
        let table = &resized(client, table, wanted).await?;
        let now = Instant::now();
        Ok(Self {
            tracker: Tracker::new(table.policy()?),
            seen: table.look(client).await?,
            last_value: table.last_value,
            outlook: outlook::of(client, table).await?,
            looked_at: now,
            outlook_at: now,
            grants: 0,
            trouble: None,
            pause: FIRST_PAUSE,
            again_at: now,
        })
    }

    /// Looks how far the table is, and asks for a range if it is time to.
    pub(super) async fn look(
        &mut self,
        client: &Connection,
        own: &str,
        table: &Managed,
        now: Duration,
        peers: &[String],
        links: &Links,
    ) -> Result<(), NodeError> {
        self.tracker.set_policy(table.policy()?);
        let is_old = self.looked_at.elapsed() >= OLD;
        let is_in_need = self.seen.stock.alert() > Alert::None;
        if table.last_value != self.last_value || is_old || is_in_need {
            let seen = table.look(client).await?;
            // Only then something lies behind the sequence.
            if seen.stock.range != self.seen.stock.range {
                settle(client, (&table.schema, &table.table)).await?;
            }
            (self.seen, self.last_value) = (seen, table.last_value);
            self.looked_at = Instant::now();
        }
        self.tracker.observe(now, self.seen.drawn);
        if self.outlook_at.elapsed() >= OLD {
            self.outlook = outlook::of(client, table).await?;
            self.outlook_at = Instant::now();
        }
        if self.tracker.advise(&self.seen.stock).ask.is_none() {
            // Whatever was in the way, nothing is wanted now.
            self.trouble = None;
            return Ok(());
        }
        if Instant::now() < self.again_at {
            return Ok(());
        }
        // What the server granted itself, or a peer told late, may be enough.
        take_up(client, (&table.schema, &table.table)).await?;
        self.seen = table.look(client).await?;
        let Some(size) = self.tracker.advise(&self.seen.stock).ask else { return Ok(()) };
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let ask = Ask { own, table: (&table.schema, &table.table), size, peers };
        match obtain(client, &ask, links).await {
            Ok(obtained) => {
                self.granted(own, table, &obtained);
                self.seen = table.look(client).await?;
            }
            Err(error) if client.is_closed() => return Err(error),
            Err(error) => self.refused(own, table, &error),
        }
        Ok(())
    }

    fn granted(&mut self, own: &str, table: &Managed, obtained: &Obtained) {
        let Obtained { start, end, granter } = obtained;
        let peer = (granter != own).then_some(granter);
        tracing::debug!(node = own, peer, table = table.shown, start, end, "a range was granted");
        self.grants += 1;
        self.trouble = None;
        self.pause = FIRST_PAUSE;
    }

    fn refused(&mut self, own: &str, table: &Managed, error: &NodeError) {
        let said = error.for_log();
        if self.trouble.as_ref() != Some(&said) {
            let hint = error.hint();
            tracing::warn!(
                node = own,
                table = table.shown,
                hint,
                error = said,
                "no further range of ids"
            );
        }
        self.trouble = Some(said);
        self.again_at = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    pub(super) fn report(&self, table: &Managed) -> TableReport {
        TableReport {
            table: table.shown.clone(),
            stock: self.seen.stock,
            rate: self.tracker.rate(),
            lasts: self.tracker.advise(&self.seen.stock).lasts,
            outlook: self.outlook,
            grants: self.grants,
            unheard: table.unheard.clone(),
            trouble: self.trouble.clone(),
        }
    }
}

/// The table with the configured sizes, which may have changed since it began to be managed.
async fn resized(
    client: &Connection,
    table: &Managed,
    wanted: TableRanges,
) -> Result<Managed, NodeError> {
    let TableRanges { size, threshold_percent, .. } = wanted;
    let resized = Managed { range_size: size, threshold_percent, ..table.clone() };
    if resized == *table {
        return Ok(resized);
    }
    client
        .execute(
            "with changed as (
               update steep_repl.range_tables t set range_size = $3, threshold_percent = $4,
                 -- As manage_ranges() has it.
                 max_range_size = least($3, 1000000000000) * 1024
               where t.table_schema = $1 and t.table_name = $2
               returning t.relation::text as relation
             )
             select steep_repl.audit('range.configure', 'table', c.relation,
               jsonb_build_object('range_size', $5::bigint, 'threshold_percent', $6::integer),
               jsonb_build_object('range_size', $3::bigint, 'threshold_percent', $4::integer))
             from changed c",
            &[
                &table.schema,
                &table.table,
                &size,
                &threshold_percent,
                &table.range_size,
                &table.threshold_percent,
            ],
        )
        .await
        .while_doing(format!("setting the size of ranges of table {}", table.shown))?;
    Ok(resized)
}
