//! How many ids are left out when a table begins to be managed.

use std::time::Duration;

/// What is spared at least: sessions that draw while one node after the other is told.
const LEAST: u64 = 1024;
/// And at least this part of what exists: a table that has grown large is likely to be busy.
const PART: u64 = 16;
/// For so long nodes may go on drawing from their old sequences, at the rate that was seen, until
/// the last of them is told. Its table is locked for that, so it waits for whoever writes to it.
const TELLING: Duration = Duration::from_secs(60);

/// How fast the highest id was seen to grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    /// Ids.
    pub(crate) ids: u64,
    /// In this time.
    pub(crate) within: Duration,
}

impl Growth {
    /// How many ids that makes in the time that telling all nodes may take.
    fn while_telling(self) -> u64 {
        let drawn = u128::from(self.ids) * TELLING.as_millis();
        let drawn = drawn.checked_div(self.within.as_millis()).unwrap_or_default();
        u64::try_from(drawn).unwrap_or(u64::MAX)
    }
}

/// The last id that counts as occupied when the highest of any node is `highest`. `attempt` counts from
/// 0: each further one spares four times as much as the one before.
///
/// At least one block stays free as long as there is one above `highest`; without that nobody could draw.
#[must_use]
pub(crate) fn occupied_to(
    highest: i64,
    growth: Growth,
    attempt: u32,
    (last_id, block_ids): (i64, i64),
) -> i64 {
    if highest <= 0 && growth.ids == 0 && attempt == 0 {
        return 0;
    }
    let part = highest.unsigned_abs() / PART;
    let spare =
        LEAST.max(part).max(growth.while_telling()).saturating_mul(4u64.saturating_pow(attempt));
    let most = last_id.saturating_sub(block_ids).max(highest);
    highest.saturating_add_unsigned(spare).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTEGER: (i64, i64) = (2_147_483_647, 65_536);
    const SMALLINT: (i64, i64) = (32_767, 256);
    const STILL: Growth = Growth { ids: 0, within: Duration::from_secs(1) };

    #[test]
    fn an_empty_table_spares_nothing() {
        assert_eq!(occupied_to(0, STILL, 0, INTEGER), 0);
    }

    #[test]
    fn a_small_table_spares_a_thousand_and_a_large_one_a_sixteenth() {
        assert_eq!(occupied_to(100, STILL, 0, INTEGER), 1124);
        assert_eq!(occupied_to(1_600_000, STILL, 0, INTEGER), 1_700_000);
    }

    #[test]
    fn a_busy_table_spares_a_minute_of_what_was_seen() {
        let growth = Growth { ids: 500, within: Duration::from_millis(250) };
        assert_eq!(occupied_to(100, growth, 0, INTEGER), 100 + 2000 * 60);
        assert_eq!(occupied_to(0, growth, 0, INTEGER), 2000 * 60);
        assert_eq!(occupied_to(1, Growth { within: Duration::ZERO, ..growth }, 0, INTEGER), 1025);
    }

    #[test]
    fn each_further_attempt_spares_four_times_as_much() {
        let spared: Vec<_> =
            (0..3).map(|attempt| occupied_to(100, STILL, attempt, INTEGER)).collect();
        assert_eq!(spared, [100 + 1024, 100 + 4096, 100 + 16_384]);
        assert_eq!(occupied_to(0, STILL, 1, INTEGER), 4096, "somebody was faster");
    }

    #[test]
    fn a_block_stays_free_as_long_as_there_is_one() {
        assert_eq!(occupied_to(31_900, STILL, 0, SMALLINT), 32_767 - 256);
        assert_eq!(occupied_to(32_700, STILL, 0, SMALLINT), 32_700, "there is none");
        let bigint = (i64::MAX - 1, 16_777_216);
        assert_eq!(occupied_to(i64::MAX - 2, STILL, 3, bigint), i64::MAX - 2);
    }
}
