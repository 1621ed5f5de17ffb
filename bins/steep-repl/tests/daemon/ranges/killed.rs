//! Daemons and servers are killed at every step of a grant: no id that was promised is lost, none is
//! granted twice, and what was being asked for is had when it is asked for again.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;
use steep_ipc::{RangeAllocate, Request, Response};
use steep_ipc_tokio::Client;
use steep_testkit::wait::{self, Observed};
use steep_testkit::{Major, PgCluster, on_each_major};

use super::Inserting;
use super::couple::with_rows_on;
use crate::couple::{Couple, DATABASE, add, plan};
use crate::ranges::strays;
use crate::support::{Daemon, Outcome, runtime};

/// Where a grant is held up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// At its granter, before it is recorded.
    Requested,
    /// Recorded there, not told.
    Granted,
    /// Told, and not recorded by its holder.
    Told,
    /// Recorded by its holder, in a transaction that has not committed.
    Recorded,
}

const STEPS: [Step; 4] = [Step::Requested, Step::Granted, Step::Told, Step::Recorded];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Daemon,
    Server,
}

on_each_major! {
    fn a_daemon_is_killed_at_every_step_of_a_grant(major: Major) -> Outcome {
        is_killed_at_every_step(major, Part::Daemon)
    }

    fn a_server_is_killed_at_every_step_of_a_grant(major: Major) -> Outcome {
        is_killed_at_every_step(major, Part::Server)
    }
}

fn is_killed_at_every_step(major: Major, part: Part) -> Outcome {
    let mut couple = with_rows_on(major)?;
    assert!(plan(&couple.a, &add(&["orders"]))?.done);
    for node in ["a", "b"] {
        couple.on(node, HOLDS)?;
    }
    for step in STEPS {
        for victim in [Role::Granter, Role::Holder] {
            kill(&mut couple, step, victim, part)
                .map_err(|error| format!("{step:?}, {victim:?}, {part:?}: {error}"))?;
        }
    }
    let (a, b) = (couple.cluster("a"), couple.cluster("b"));
    Inserting::start(&[a, b], "orders", 50).end()?;
    wait::tables_equal(&[a, b], DATABASE, "orders", wait::DEADLINE)?;
    for node in [a, b] {
        assert_eq!(node.value(DATABASE, "select count(*) from steep_repl.conflict_log")?, "0");
        for writer in ["a", "b"] {
            assert_eq!(strays(node, "orders", writer)?, "0", "ids of {writer}");
        }
    }
    couple.finish();
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Granter,
    Holder,
}

/// Triggers that wait for whoever has taken a lock: 1 where a range is recorded, 2 where its holder writes
/// down that it has it.
const HOLDS: &str = "
    create function public.hold() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(tg_argv[0]::bigint);
      return new;
    end $$;
    create trigger hold before insert on steep_repl.identity_ranges
      for each row execute function public.hold('1');
    alter table steep_repl.identity_ranges enable always trigger hold;
    create trigger hold before insert on steep_repl.audit_log
      for each row when (new.action = 'range.allocate') execute function public.hold('2')";

const WAITING: &str =
    "select count(*) > 0 from pg_locks where locktype = 'advisory' and not granted";
/// Behind the session that has locked the table for itself: whoever reads what was granted, or grants.
const BEHIND: &str = "select count(*) > 0 from pg_locks
    where relation = 'steep_repl.identity_ranges'::regclass and not granted and mode <> 'AccessExclusiveLock'";

/// Between two questions to a daemon that refuses, or is dead.
const PAUSE: Duration = Duration::from_millis(50);

fn kill(couple: &mut Couple, step: Step, victim: Role, part: Part) -> Outcome {
    let granter = granter(couple.cluster("a"))?;
    let holder = if granter == "a" { "b" } else { "a" };
    let at = match step {
        Step::Requested | Step::Granted => granter,
        Step::Told | Step::Recorded => holder,
    };
    let mut hold = couple.cluster(at).client(DATABASE);
    let lock = if step == Step::Recorded { 2 } else { 1 };
    hold.batch_execute(&format!("select pg_advisory_lock({lock})"))?;
    let endpoint = daemon(couple, holder).endpoint();
    // Again and again: a daemon that is not answered in time passes on to its own blocks.
    let is_over = Arc::new(AtomicBool::new(false));
    let asking = std::thread::spawn({
        let is_over = Arc::clone(&is_over);
        move || {
            let runtime = runtime()?;
            while !is_over.load(Ordering::Relaxed) {
                // Whether it is answered depends on who is killed.
                let asked = runtime.block_on(async {
                    let mut client = Client::connect(&endpoint, "test").await?;
                    Ok::<_, Box<dyn Error>>(client.call(&allocate()).await?)
                });
                if asked.is_err() {
                    std::thread::sleep(PAUSE);
                }
            }
            Ok::<_, std::io::Error>(())
        }
    });
    wait::query_returns(couple.cluster(at), DATABASE, WAITING, "t", wait::DEADLINE)?;
    let table =
        if step == Step::Granted { Some(couple.cluster(at).client(DATABASE)) } else { None };
    let table = table.map(|mut client| {
        // Behind the transaction that grants, before the statement that reads what it has granted.
        std::thread::spawn(move || {
            let locked = client.batch_execute(
                "begin; lock table steep_repl.identity_ranges in access exclusive mode",
            );
            (client, locked)
        })
    });
    let table = match table {
        Some(locking) => {
            let queued = "select count(*) > 0 from pg_locks where mode = 'AccessExclusiveLock'
                and relation = 'steep_repl.identity_ranges'::regclass and not granted";
            wait::query_returns(couple.cluster(at), DATABASE, queued, "t", wait::DEADLINE)?;
            hold.batch_execute("select pg_advisory_unlock_all()")?;
            let (client, locked) = locking.join().map_err(|_| "no lock")?;
            locked?;
            wait::query_returns(couple.cluster(at), DATABASE, BEHIND, "t", wait::DEADLINE)?;
            Some(client)
        }
        None => None,
    };

    is_over.store(true, Ordering::Relaxed);
    let killed = if victim == Role::Granter { granter } else { holder };
    match part {
        Part::Daemon => {
            daemon(couple, killed).signal(Signal::SIGKILL)?;
            daemon(couple, killed).ended()?;
        }
        Part::Server => couple.cluster(killed).kill9()?,
    }
    // What waited goes on, if it is still there.
    drop((hold, table));
    match part {
        Part::Daemon => daemon(couple, killed).run()?,
        Part::Server => couple.cluster(killed).start()?,
    }
    asking.join().map_err(|_| "whoever asked has panicked")??;
    is_in_order(couple, holder)
}

fn granter(node: &PgCluster) -> Result<&'static str, Box<dyn Error>> {
    let sql = "select steep_repl.range_granter('public', 'orders', array['a', 'b'])";
    Ok(if node.value(DATABASE, sql)? == "a" { "a" } else { "b" })
}

fn daemon<'c>(couple: &'c mut Couple, node: &str) -> &'c mut Daemon {
    if node == "a" { &mut couple.a } else { &mut couple.b }
}

fn allocate() -> Request {
    Request::RangeAllocate(RangeAllocate { table: "orders".to_owned(), size: None, force: false })
}

fn has_another(daemon: &Daemon) -> Outcome {
    wait::until(wait::DEADLINE, "a range", || {
        match daemon.ask(&allocate()).map_err(Observed::new)? {
            Response::RangeGrants(grants) if grants.len() == 1 => Ok(()),
            other => Err(Observed::new(format!("{other:?}"))),
        }
    })?;
    Ok(())
}

/// The holder gets what it asks for now, both know the same ranges, and none of them meet.
fn is_in_order(couple: &mut Couple, holder: &str) -> Outcome {
    has_another(daemon(couple, holder))?;
    let ranges = "select coalesce(string_agg(concat_ws(' ', node_id, range_start, range_end, granter, request), ', '
        order by range_start), '') from steep_repl.identity_ranges";
    let (a, b) = (couple.cluster("a"), couple.cluster("b"));
    wait::until(wait::DEADLINE, "the same ranges on both", || {
        let known = [a.value(DATABASE, ranges)?, b.value(DATABASE, ranges)?];
        if known[0] == known[1] { Ok(()) } else { Err(Observed::new(format!("{known:?}"))) }
    })?;
    // What is heard of late is taken up with the next one.
    has_another(&couple.a)?;
    has_another(&couple.b)?;
    for node in [a, b] {
        let meeting =
            "select count(*) from steep_repl.identity_ranges r join steep_repl.identity_ranges s
            on r.range_start < s.range_start and s.range_start <= r.range_end";
        assert_eq!(node.value(DATABASE, meeting)?, "0");
        // A range that was promised is its holder's, who draws from it; and a request has one range.
        let own = node.name();
        let lost = format!(
            "select coalesce(string_agg(r::text, ', '), 'none') from steep_repl.identity_ranges r
             where node_id = '{own}' and status not in ('active', 'exhausted')"
        );
        assert_eq!(node.value(DATABASE, &lost)?, "none");
        let twice = "select count(*) from (select from steep_repl.identity_ranges
            group by node_id, granter, request having count(*) > 1) d";
        assert_eq!(node.value(DATABASE, twice)?, "0");
    }
    Ok(())
}
