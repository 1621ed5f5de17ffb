//! A person's decision on one node is carried out on every node, and nobody is asked again.

use std::collections::BTreeMap;

use steep_ext_tests::{DATABASE, Failure, Group, PATIENCE, login};
use steep_testkit::postgres::Client;
use steep_testkit::{Major, on_each_major};

const COLUMNS: &str = "id int primary key, v text, n int";

/// What each entry of the log came to, by whom, and where that was decided.
const ENTRIES: &str = "select coalesce(string_agg(concat_ws(' ', c.row_key ->> 'id', \
        c.conflict_type, c.resolution, c.resolved_by, r.node_id, r.reason), ', ' \
        order by c.row_key ->> 'id', c.id), '') \
    from steep_repl.conflict_log c left join steep_repl.resolutions r using (resolution_id)";

const ROWS: &str =
    "select coalesce(string_agg(concat_ws(' ', id, v, n), ', ' order by id), '') from t";

/// Three nodes with a table, and a person on each of them who is no superuser.
struct Desk {
    group: Group,
    people: BTreeMap<&'static str, Client>,
}

impl Desk {
    fn new(major: Major, policy: &str) -> Result<Self, Failure> {
        let group = Group::start(major, 3)?;
        group.create_table("t", COLUMNS, policy)?;
        let mut people = BTreeMap::new();
        for (node, user) in [("a", "ada"), ("b", "bob"), ("c", "cleo")] {
            people.insert(node, login(group.node(node), user, &["steep_repl_operator"]));
            group.execute(node, &format!("grant select, insert, update, delete on t to {user}"))?;
        }
        Ok(Self { group, people })
    }

    /// Rows that all nodes know are written by `a` and then by `b`, neither of which knows of the
    /// other; `c` hears of them in this order.
    fn concurrently(
        &self,
        base: &str,
        [of_a, of_b]: [&str; 2],
        order: [&str; 2],
    ) -> Result<(), Failure> {
        self.group.execute("a", base)?;
        self.group.settle()?;
        self.part_and_meet([of_a, of_b], order)?;
        // A decision that no beat proves to be made in knowledge of a row is logged over that row.
        self.group.echoed()
    }

    fn part_and_meet(&self, [of_a, of_b]: [&str; 2], order: [&str; 2]) -> Result<(), Failure> {
        self.group.apart()?;
        self.group.execute("a", of_a)?;
        self.group.execute("b", of_b)?;
        self.group.meet_in(order)?;
        self.group.quiet_within(PATIENCE)
    }

    /// From now on no node beats, until the sessions end: whoever would leaves it to them.
    fn silence(&self) -> Result<Vec<Client>, Failure> {
        let silenced = self.group.nodes().into_iter().map(|node| {
            let mut session = node.client(DATABASE);
            session
                .batch_execute("begin; select from steep_repl.local_node for update")
                .map(|()| session)
        });
        silenced.collect::<Result<_, _>>().map_err(|error| self.group.failed(error))
    }

    /// Calls a function for the latest entry of a row; `{entry}` stands for its number.
    fn decide(&mut self, node: &str, row: i32, call: &str) -> Result<(), Failure> {
        let latest = format!(
            "(select max(id) from steep_repl.conflict_log where row_key ->> 'id' = '{row}')"
        );
        self.say(node, &call.replace("{entry}", &latest))
    }

    fn say(&mut self, node: &str, call: &str) -> Result<(), Failure> {
        let person = self.people.get_mut(node);
        let person = person.ok_or_else(|| Failure::new(format!("nobody is on {node}")))?;
        let said = person.batch_execute(&format!("select steep_repl.{call}"));
        said.map_err(|error| self.group.failed(format!("on {node}: {error}\n  {call}")))?;
        self.group.quiet_within(PATIENCE)
    }

    /// What the logs have, as `expected` says for each node.
    fn entries(&self, expected: [&str; 3]) -> Result<(), Failure> {
        for (node, expected) in self.group.names().into_iter().zip(expected) {
            assert_eq!(self.group.value(node, ENTRIES)?, expected, "entries of {node}");
        }
        Ok(())
    }

    /// All nodes have these rows, and nothing waits for a person.
    fn ends_with(self, rows: &str) -> Result<(), Failure> {
        self.group.converge()?;
        let pending = "select count(*) from steep_repl.conflict_log \
            where resolution = 'PENDING' or resolved_at is null or resolved_by is null";
        for node in self.group.names() {
            assert_eq!(self.group.value(node, ROWS)?, rows, "rows of {node}");
            assert_eq!(self.group.value(node, pending)?, "0", "{node}");
        }
        self.group.finish();
        Ok(())
    }
}

const UPDATES: [&str; 2] = [
    "update t set v = 'a', n = 1 where v = 'base'",
    "update t set v = 'b', n = 2 where v = 'base'",
];

on_each_major! {
    fn one_of_the_rows_is_chosen_on_a_node_that_wrote_one(major: Major) -> Result<(), Failure> {
        let mut desk = Desk::new(major, "'manual'")?;
        let base = "insert into t values (1, 'base', 0), (2, 'base', 0)";
        desk.concurrently(base, UPDATES, ["a", "b"])?;
        let open = "1 UPDATE-UPDATE PENDING, 2 UPDATE-UPDATE PENDING";
        desk.entries([open, open, open])?;
        desk.decide("a", 1, "resolve_conflict({entry}, 'remote', p_reason => 'b is right')")?;
        // Node c holds the row of a, so to it b's is the remote one, too.
        let taken = "1 UPDATE-UPDATE APPLIED_REMOTE ada a b is right, 2 UPDATE-UPDATE PENDING";
        let kept = "1 UPDATE-UPDATE KEPT_LOCAL ada a b is right, 2 UPDATE-UPDATE PENDING";
        desk.entries([taken, kept, taken])?;
        desk.decide("a", 2, "resolve_conflict({entry}, 'local', p_reason => 'a is right')")?;
        let second = |first: &str, how: &str| {
            first.replace("2 UPDATE-UPDATE PENDING", &format!("2 UPDATE-UPDATE {how} ada a a is right"))
        };
        let on_a = second(taken, "KEPT_LOCAL");
        desk.entries([&on_a, &second(kept, "APPLIED_REMOTE"), &on_a])?;
        desk.ends_with("1 b 2, 2 a 1")
    }

    fn one_of_the_rows_is_chosen_on_a_node_that_wrote_neither(major: Major) -> Result<(), Failure> {
        let mut desk = Desk::new(major, "'manual'")?;
        let base = "insert into t values (1, 'base', 0), (2, 'base', 0)";
        desk.concurrently(base, UPDATES, ["b", "a"])?;
        let open = "1 UPDATE-UPDATE PENDING, 2 UPDATE-UPDATE PENDING";
        desk.entries([open, open, open])?;
        desk.decide("c", 1, "resolve_conflict({entry}, 'remote')")?;
        desk.decide("c", 2, "resolve_conflict({entry}, 'local')")?;
        let with_c = "1 UPDATE-UPDATE APPLIED_REMOTE cleo c, 2 UPDATE-UPDATE KEPT_LOCAL cleo c";
        let turned = "1 UPDATE-UPDATE KEPT_LOCAL cleo c, 2 UPDATE-UPDATE APPLIED_REMOTE cleo c";
        desk.entries([turned, with_c, with_c])?;
        desk.ends_with("1 a 1, 2 b 2")
    }

    fn a_merged_row_takes_the_place_of_both(major: Major) -> Result<(), Failure> {
        let mut desk = Desk::new(major, "'manual'")?;
        let base = "insert into t values (1, 'base', 0), (2, 'base', 0)";
        desk.concurrently(base, UPDATES, ["a", "b"])?;
        let open = "1 UPDATE-UPDATE PENDING, 2 UPDATE-UPDATE PENDING";
        desk.entries([open, open, open])?;
        for (node, row) in [("b", 1), ("c", 2)] {
            let call = format!(
                r#"resolve_conflict({{entry}}, 'merged', '{{"id": {row}, "v": "both", "n": 3}}')"#
            );
            desk.decide(node, row, &call)?;
        }
        let merged = "1 UPDATE-UPDATE MERGED bob b, 2 UPDATE-UPDATE MERGED cleo c";
        desk.entries([merged, merged, merged])?;
        desk.ends_with("1 both 3, 2 both 3")
    }

    fn a_deleted_side_is_chosen_or_refused(major: Major) -> Result<(), Failure> {
        let mut desk = Desk::new(major, "'manual'")?;
        let base = "insert into t values (1, 'base', 0), (2, 'base', 0)";
        desk.concurrently(base, [UPDATES[0], "delete from t"], ["a", "b"])?;
        let open = "1 UPDATE-DELETE PENDING, 2 UPDATE-DELETE PENDING";
        desk.entries([open, open, open])?;
        desk.decide("a", 1, "resolve_conflict({entry}, 'remote')")?;
        desk.decide("b", 2, "resolve_conflict({entry}, 'remote')")?;
        let with_row = "1 UPDATE-DELETE APPLIED_REMOTE ada a, 2 UPDATE-DELETE KEPT_LOCAL bob b";
        let without = "1 UPDATE-DELETE KEPT_LOCAL ada a, 2 UPDATE-DELETE APPLIED_REMOTE bob b";
        desk.entries([with_row, without, with_row])?;
        desk.ends_with("2 a 1")
    }

    fn a_decision_is_let_through_though_no_beat_says_what_it_knew(major: Major) -> Result<(), Failure> {
        let mut desk = Desk::new(major, "'manual'")?;
        desk.group.execute("a", "insert into t select i, 'base', 0 from generate_series(1, 3) i")?;
        desk.group.settle()?;
        let silent = desk.silence()?;
        desk.part_and_meet(UPDATES, ["a", "b"])?;
        desk.decide("a", 1, "resolve_conflict({entry}, 'local')")?;
        desk.decide("b", 2, "resolve_conflict({entry}, 'local')")?;
        desk.decide("c", 3, r#"resolve_conflict({entry}, 'merged', '{"id": 3, "v": "both", "n": 3}')"#)?;
        drop(silent);
        // What the decisions have written over is logged too, as decided.
        let by_people = format!("{ENTRIES} where c.resolved_by is distinct from 'manual'");
        let with_a = "1 UPDATE-UPDATE KEPT_LOCAL ada a, 2 UPDATE-UPDATE APPLIED_REMOTE bob b, \
            3 UPDATE-UPDATE MERGED cleo c";
        let with_b = "1 UPDATE-UPDATE APPLIED_REMOTE ada a, 2 UPDATE-UPDATE KEPT_LOCAL bob b, \
            3 UPDATE-UPDATE MERGED cleo c";
        for (node, entries) in [("a", with_a), ("b", with_b), ("c", with_a)] {
            assert_eq!(desk.group.value(node, &by_people)?, entries, "{node}");
        }
        desk.ends_with("1 a 1, 2 b 2, 3 both 3")
    }

    fn many_are_decided_at_once(major: Major) -> Result<(), Failure> {
        let mut desk = Desk::new(major, "'manual'")?;
        let base = "insert into t select i, 'base', 0 from generate_series(1, 4) i";
        // Two transactions of b, of which the first is decided alone.
        let [of_a, of_b] = UPDATES;
        let halves = [1, 3].map(|first| format!("{of_b} and id between {first} and {first} + 1"));
        let of_b = halves.each_ref().map(|half| format!("begin; {half}; commit")).join("; ");
        desk.concurrently(base, [of_a, &of_b], ["a", "b"])?;
        let all = |state: [&str; 4]| {
            let lines = (1..).zip(state).map(|(id, state)| format!("{id} UPDATE-UPDATE {state}"));
            lines.collect::<Vec<_>>().join(", ")
        };
        let open = all(["PENDING"; 4]);
        desk.entries([&open, &open, &open])?;
        let xid = desk.group.value("c", "select min(origin_xid) from steep_repl.conflict_log")?;
        let bulk = "resolve_conflicts_bulk('remote'";
        desk.say("c", &format!("{bulk}, p_filter_xid => {xid}, p_reason => 'all')"))?;
        let (taken, kept) = ("APPLIED_REMOTE cleo c all", "KEPT_LOCAL cleo c all");
        let (on_c, on_b) =
            (all([taken, taken, "PENDING", "PENDING"]), all([kept, kept, "PENDING", "PENDING"]));
        desk.entries([&on_c, &on_b, &on_c])?;
        desk.say("b", &format!("{bulk}, p_filter_table => 'public.t')"))?;
        let (to_a, from_b) = ("KEPT_LOCAL bob b", "APPLIED_REMOTE bob b");
        let on_c = all([taken, taken, to_a, to_a]);
        desk.entries([&on_c, &all([kept, kept, from_b, from_b]), &on_c])?;
        desk.ends_with("1 b 2, 2 b 2, 3 a 1, 4 a 1")
    }

    fn what_the_guard_decided_is_reverted(major: Major) -> Result<(), Failure> {
        let mut desk = Desk::new(major, "")?;
        let base = "insert into t select i, 'base', 0 from generate_series(1, 4) i";
        let of_b = format!("{} and id < 4; delete from t where id = 4", UPDATES[1]);
        desk.concurrently(base, [UPDATES[0], &of_b], ["a", "b"])?;
        let automatic = |how: &str| {
            let lines = (1..=4).map(|id| {
                let second = if id == 4 { "DELETE" } else { "UPDATE" };
                format!("{id} UPDATE-{second} {how} last_write_wins")
            });
            lines.collect::<Vec<_>>().join(", ")
        };
        let taken = automatic("APPLIED_REMOTE");
        desk.entries([&taken, &automatic("KEPT_LOCAL"), &taken])?;
        desk.group.converge()?;
        for node in desk.group.names() {
            assert_eq!(desk.group.value(node, ROWS)?, "1 b 2, 2 b 2, 3 b 2", "{node}");
        }
        for (node, row) in [("a", 1), ("b", 2), ("c", 3), ("a", 4)] {
            desk.decide(node, row, "revert_resolution({entry}, 'no')")?;
        }
        // A revert is an entry of its own where it was made.
        let reverted = |times: [usize; 4]| {
            let who = ["ada a", "bob b", "cleo c", "ada a"];
            let lines = (1..).zip(who.into_iter().zip(times)).flat_map(|(id, (who, times))| {
                let second = if id == 4 { "DELETE" } else { "UPDATE" };
                vec![format!("{id} UPDATE-{second} REVERTED {who} no"); times]
            });
            lines.collect::<Vec<_>>().join(", ")
        };
        desk.entries([&reverted([2, 1, 1, 2]), &reverted([1, 2, 1, 1]), &reverted([1, 1, 2, 1])])?;
        desk.ends_with("1 a 1, 2 a 1, 3 a 1, 4 a 1")
    }

    fn what_a_person_decided_is_reverted_by_one_elsewhere(major: Major) -> Result<(), Failure> {
        let mut desk = Desk::new(major, "'manual'")?;
        desk.concurrently("insert into t values (1, 'base', 0)", UPDATES, ["a", "b"])?;
        desk.decide("a", 1, "resolve_conflict({entry}, 'remote')")?;
        let (taken, kept) = ("1 UPDATE-UPDATE APPLIED_REMOTE ada a", "1 UPDATE-UPDATE KEPT_LOCAL ada a");
        desk.entries([taken, kept, taken])?;
        desk.decide("b", 1, "revert_resolution({entry}, 'no')")?;
        let once = "1 UPDATE-UPDATE REVERTED bob b no";
        desk.entries([once, &format!("{once}, {once}"), once])?;
        desk.ends_with("1 a 1")
    }
}
