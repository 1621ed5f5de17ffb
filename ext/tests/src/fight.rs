//! Two nodes that write without knowing of each other, and what must come of it.

use std::time::SystemTime;

use serde_json::Value as Json;
use steep_testkit::Clock;

use crate::{Conflict, Failure, Group, Side, Write};

/// What one node does in a fight.
#[derive(Debug, Clone)]
pub struct Move {
    /// The node.
    pub node: &'static str,
    /// What it runs.
    pub sql: String,
    /// The row it leaves; `None` for a delete.
    pub tuple: Option<Json>,
    /// What PostgreSQL calls the conflict where this write arrives second.
    pub pg: &'static str,
}

/// Two writes that do not know of each other.
#[derive(Debug, Clone)]
pub struct Fight {
    /// The table.
    pub table: &'static str,
    /// What both nodes know before; run on node `a`.
    pub base: String,
    /// The one that loses: written first.
    pub loser: Move,
    /// The one that wins: written after the loser, on a node that has not heard of it.
    pub winner: Move,
    /// The type of the conflict.
    pub kind: &'static str,
    /// The key that the conflict is about.
    pub key: Json,
    /// What the table must then hold, by this condition …
    pub about: String,
    /// … as rows.
    pub rows: Vec<Json>,
}

/// Under what circumstances the fights take place.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// The order in which node `c`, if there is one, hears of the writes of the two.
    pub order: [&'a str; 2],
    /// Whether all writes carry the same commit timestamp; the nodes' order then decides.
    pub is_frozen: bool,
    /// Whether every node freezes its rows after the writes, before they meet.
    pub freezes: bool,
    /// Under which strategy the table is.
    pub strategy: &'a str,
}

impl<'a> Scene<'a> {
    /// Ordinary clocks, last-write-wins.
    #[must_use]
    pub fn new(order: [&'a str; 2]) -> Self {
        Self { order, is_frozen: false, freezes: false, strategy: "last_write_wins" }
    }
}

impl Group {
    /// Lets the nodes fight, meet again in the scene's order, and checks the rows and the conflict
    /// logs of all of them.
    ///
    /// # Errors
    /// When a node fails, when rows are not what they must be, or when other conflicts were logged.
    pub fn fight(&self, fights: &[Fight], scene: &Scene<'_>) -> Result<(), Failure> {
        self.everywhere("delete from steep_repl.conflict_log")?;
        for fight in fights.iter().filter(|fight| !fight.base.is_empty()) {
            self.execute("a", &fight.base)?;
        }
        self.settle()?;
        self.apart()?;
        let writes = self.write_all(fights, scene)?;
        if scene.freezes {
            self.freeze()?;
        }
        self.meet_in(scene.order)?;
        self.converge()?;
        for table in tables(fights) {
            self.check(table, fights, &writes, scene)?;
        }
        Ok(())
    }

    fn write_all(&self, fights: &[Fight], scene: &Scene<'_>) -> Result<Vec<[Write; 2]>, Failure> {
        if scene.is_frozen {
            self.set_clocks(Clock::Frozen(SystemTime::now()))?;
        }
        let both = |fight: &Fight| {
            let loser = self.write(fight.loser.node, &fight.loser.sql)?;
            Ok([loser, self.write(fight.winner.node, &fight.winner.sql)?])
        };
        let writes: Vec<[Write; 2]> = fights.iter().map(both).collect::<Result<_, Failure>>()?;
        if scene.is_frozen {
            self.set_clocks(Clock::Offset(0.0))?;
            if let Some([loser, winner]) =
                writes.iter().find(|[first, second]| first.at != second.at)
            {
                return Err(self.failed(format!("not at the same time: {loser:?} {winner:?}")));
            }
        }
        Ok(writes)
    }

    /// Heals the links so that `c`, if there is one, applies the writes of the nodes in this order,
    /// and `a` and `b` then hear of each other before they hear of what `c` made of it.
    ///
    /// # Errors
    /// When something is not applied in time.
    pub fn meet_in(&self, order: [&str; 2]) -> Result<(), Failure> {
        if self.names().contains(&"c") {
            for from in order {
                self.heal(from, "c");
                self.delivered(from, "c")?;
            }
        }
        for (from, to) in [("a", "b"), ("b", "a")] {
            self.heal(from, to);
        }
        for (from, to) in [("a", "b"), ("b", "a")] {
            self.delivered(from, to)?;
        }
        self.meet();
        Ok(())
    }

    fn check(
        &self,
        table: &str,
        fights: &[Fight],
        writes: &[[Write; 2]],
        scene: &Scene<'_>,
    ) -> Result<(), Failure> {
        let of_table = || fights.iter().zip(writes).filter(|(fight, _)| fight.table == table);
        for (fight, _) in of_table() {
            for node in self.names() {
                self.holds(node, fight)?;
            }
        }
        let expected: Vec<_> = of_table()
            .flat_map(|(fight, writes)| {
                self.names().into_iter().map(|node| fight.conflict(node, writes, scene))
            })
            .collect();
        self.logged(table, &expected)
    }

    fn holds(&self, node: &str, fight: &Fight) -> Result<(), Failure> {
        let rows = self.json_rows(node, fight.table, &fight.about)?;
        if rows == fight.rows {
            return Ok(());
        }
        let Fight { table, about, rows: expected, .. } = fight;
        Err(self.failed(format!(
            "{node} holds of {table} where {about}:\n  {rows:?}\ninstead of\n  {expected:?}"
        )))
    }

    /// The rows of a table for which a condition holds, in the order of their text.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn json_rows(&self, node: &str, table: &str, about: &str) -> Result<Vec<Json>, Failure> {
        let sql = format!("select to_jsonb(r) from {table} r where {about} order by r::text");
        let rows = self.rows(node, &sql)?;
        let parsed: Result<_, _> =
            rows.iter().flatten().flatten().map(|row| serde_json::from_str(row)).collect();
        parsed.map_err(|error| self.failed(error))
    }
}

impl Fight {
    /// What the log of `node` says of it.
    fn conflict(&self, node: &str, writes: &[Write; 2], scene: &Scene<'_>) -> Conflict {
        let [loser, winner] = writes;
        let first = match node {
            "c" => scene.order[0],
            own => own,
        };
        let (local, remote) = if first == self.loser.node {
            ((loser, &self.loser), (winner, &self.winner))
        } else {
            ((winner, &self.winner), (loser, &self.loser))
        };
        let conflict = Conflict::new(
            node,
            self.table,
            self.kind,
            Side::of(local.0, local.1.tuple.clone()),
            (remote.0, remote.1.tuple.clone()),
        );
        let conflict = conflict.pg(remote.1.pg).strategy(scene.strategy).row_key(self.key.clone());
        if remote.1.node == self.winner.node { conflict } else { conflict.kept_local() }
    }
}

/// The tables of the fights, each once.
fn tables(fights: &[Fight]) -> Vec<&'static str> {
    let mut tables: Vec<_> = fights.iter().map(|fight| fight.table).collect();
    tables.sort_unstable();
    tables.dedup();
    tables
}
