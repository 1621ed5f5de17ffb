//! The two ways a table is replicated.

use anyhow::Result;

use super::pair::Pair;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arm {
    /// Under guard, by the publication of the extension.
    Guarded,
    /// By a publication and subscription of its own, without any trigger.
    Plain,
}

/// The columns of what is measured.
pub(super) const COLUMNS: &str = "id bigint primary key, v text, n integer";

impl Arm {
    pub(super) const BOTH: [Self; 2] = [Self::Guarded, Self::Plain];

    /// Both, in an order that alternates: a machine that slows down or warms up favours neither.
    pub(super) fn in_turn(round: u16) -> [Self; 2] {
        if round.is_multiple_of(2) { [Self::Plain, Self::Guarded] } else { Self::BOTH }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Guarded => Self::Plain,
            Self::Plain => Self::Guarded,
        }
    }

    pub(super) const fn publication(self) -> &'static str {
        match self {
            Self::Guarded => "steep_repl",
            Self::Plain => "plain",
        }
    }

    pub(super) const fn subscription(self) -> &'static str {
        match self {
            Self::Guarded => "from_a",
            Self::Plain => "plain",
        }
    }

    pub(super) const fn slot(self) -> &'static str {
        match self {
            Self::Guarded => "b_from_a",
            Self::Plain => "b_plain",
        }
    }

    /// The table whose change ends a backlog.
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::Guarded => "mark_guarded",
            Self::Plain => "mark_plain",
        }
    }

    /// The name of this arm's table of a round.
    pub(super) fn table(self, round: u16) -> String {
        match self {
            Self::Guarded => format!("guarded_{round}"),
            Self::Plain => format!("plain_{round}"),
        }
    }

    /// Makes the tables of a round, empty and the same for both.
    pub(super) fn create_both(pair: &mut Pair, round: u16) -> Result<()> {
        Self::BOTH.into_iter().try_for_each(|arm| arm.create(pair, &arm.table(round), COLUMNS))
    }

    /// Makes a table on both nodes and replicates it from now on.
    pub(super) fn create(self, pair: &mut Pair, table: &str, columns: &str) -> Result<()> {
        for session in [&mut pair.a, &mut pair.b] {
            session.run(&format!("create table {table} ({columns})"))?;
        }
        match self {
            Self::Guarded => {
                let add = format!("select steep_repl.add_table('{table}')");
                pair.b.run(&add)?;
                pair.a.run(&add)
            }
            Self::Plain => {
                pair.a.run(&format!("alter publication plain add table {table}"))?;
                pair.b.run("alter subscription plain refresh publication with (copy_data = false)")
            }
        }
    }

    /// Makes a table on `a` alone, published and never fetched.
    pub(super) fn create_at_origin(self, pair: &mut Pair, table: &str) -> Result<()> {
        pair.a.run(&format!("create table {table} ({COLUMNS})"))?;
        pair.a.run(&match self {
            Self::Guarded => format!("select steep_repl.add_table('{table}')"),
            Self::Plain => format!("alter publication plain add table {table}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_begins_with_the_other_one() {
        for round in 1..5 {
            let (now, next) = (Arm::in_turn(round), Arm::in_turn(round + 1));
            assert_eq!(now, [now[0], now[0].other()]);
            assert_eq!(next[0], now[1]);
        }
    }
}
