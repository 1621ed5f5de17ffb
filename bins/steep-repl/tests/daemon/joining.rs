//! A node that joins while daemons die and links break.

use nix::sys::signal::Signal;
use steep_ipc::{JobStatus, Level, NodeRemove, Request, Response};
use steep_testkit::{Direction, Hold};

use super::seen::check;
use super::support::{Daemon, Outcome};
use super::trio::{DATABASE, Trio, answer};

fn kill(daemon: &mut Daemon) -> Outcome {
    daemon.signal(Signal::SIGKILL)?;
    assert!(!daemon.ended()?.success());
    Ok(())
}

/// It has its rows, and cannot tell everybody.
fn is_unfinished(job: &JobStatus) -> bool {
    let said = job.error.as_ref().map_or("", |failure| failure.message.as_str());
    job.state == "failed" && said.contains("not everything is finished yet")
}

#[test]
fn a_joiner_killed_in_the_middle_of_the_copy_undoes_it_when_it_is_back() -> Outcome {
    let mut trio = Trio::start()?;
    let load = trio.load()?;
    let (adding, hold) = trio.adding_until_halfway()?;
    kill(&mut trio.c)?;
    assert!(answer(adding).is_err());
    trio.c.run()?;
    // Although the session that copied does not notice that nobody fills it any more.
    trio.is_undone()?;
    drop(hold);
    assert!(answer(trio.adding())?.done);
    trio.is_joined()?;
    trio.finish(load)
}

#[test]
fn a_joiner_that_vanished_is_told_by_every_member_until_it_is_removed() -> Outcome {
    let mut trio = Trio::start()?;
    let (adding, hold) = trio.adding_until_halfway()?;
    for member in [&trio.a, &trio.b] {
        member.until_check("join:c", Level::Ok)?;
    }
    kill(&mut trio.c)?;
    trio.cluster("c").kill9()?;
    drop(hold);
    assert!(answer(adding).is_err());
    for member in [&trio.a, &trio.b] {
        let way_out = "steep-replctl node remove c --force";
        member.until_check("join:c", Level::Warning)?;
        member.shows("join:c", Level::Warning, "of WAL are kept for it", way_out)?;
        let Response::Nodes(nodes) = member.ask(&Request::NodeList)? else {
            return Err("no list".into());
        };
        let told = nodes.iter().find(|node| node.node == "c").and_then(|c| c.attention.as_deref());
        assert!(told.is_some_and(|told| told.contains(way_out)), "{nodes:?}");
    }
    let remove = Request::NodeRemove(NodeRemove { node: "c".to_owned(), force: true });
    let Response::Plan(done) = trio.a.ask(&remove)? else { return Err("no plan".into()) };
    assert!(done.done, "{done:?}");
    for member in ["a", "b"] {
        assert_eq!(trio.left(member)?, "", "{member}");
    }
    for member in [&trio.a, &trio.b] {
        member.until("nothing of the attempt", |status| check(status, "join:c").is_none())?;
    }
    Ok(())
}

#[test]
fn a_schema_whose_restoration_outlives_the_joiner_is_not_left_behind() -> Outcome {
    let mut trio = Trio::start()?;
    let load = trio.load()?;
    let sql = "begin; lock table pg_catalog.pg_ts_config in share mode";
    let mut hold = Hold::take(trio.cluster("c"), DATABASE, sql)?;
    let adding = trio.adding();
    // It has yet to commit.
    hold.waited_for_by(1)?;
    kill(&mut trio.c)?;
    assert!(answer(adding).is_err());
    trio.c.run()?;
    trio.is_undone()?;
    drop(hold);
    // A database with anything in it is refused.
    assert!(answer(trio.adding())?.done);
    trio.is_joined()?;
    trio.finish(load)
}

#[test]
fn daemons_of_members_that_die_in_the_middle_of_the_copy_only_delay_it() -> Outcome {
    let mut trio = Trio::start()?;
    let load = trio.load()?;
    let (adding, hold) = trio.adding_until_halfway()?;
    kill(&mut trio.a)?;
    assert!(answer(adding).is_err());
    trio.a.run()?;
    kill(&mut trio.b)?;
    drop(hold);
    trio.until_job_of_c("a member that cannot be told", is_unfinished)?;
    trio.b.run()?;
    trio.is_joined()?;
    trio.finish(load)
}

#[test]
fn a_link_to_the_source_that_breaks_in_the_middle_of_the_copy_ends_the_attempt() -> Outcome {
    let trio = Trio::start()?;
    let load = trio.load()?;
    let (adding, hold) = trio.adding_until_halfway()?;
    trio.to_a.cut();
    trio.to_c.cut(Direction::Both);
    drop(hold);
    assert!(answer(adding).is_err());
    trio.until_job_of_c("the failure", |job| job.state == "failed")?;
    // Tried again, and in vain.
    trio.c.logged("unfinished work of the group stays unfinished")?;
    assert_eq!(trio.left("b")?, "");
    assert!(trio.left("a")?.contains("slot steep_repl_c"), "{}", trio.left("a")?);
    assert!(trio.left("c")?.contains("extension"), "the record would be gone");
    trio.to_a.heal();
    trio.to_c.heal(Direction::Both);
    trio.is_undone()?;
    assert!(answer(trio.adding())?.done);
    trio.is_joined()?;
    trio.finish(load)
}

#[test]
fn a_link_to_another_member_that_breaks_in_the_middle_of_the_copy_only_delays_it() -> Outcome {
    let trio = Trio::start()?;
    let load = trio.load()?;
    let (adding, hold) = trio.adding_until_halfway()?;
    trio.to_b.cut();
    drop(hold);
    trio.until_job_of_c("a member that cannot be told", is_unfinished)?;
    let said = answer(adding).expect_err("a hears of it").to_string();
    assert!(said.contains("not everything is finished yet"), "{said}");
    trio.c.logged("unfinished work of the group stays unfinished")?;
    trio.to_b.heal();
    trio.is_joined()?;
    trio.finish(load)
}

#[test]
fn a_link_to_the_source_that_is_silent_for_a_while_only_delays_it() -> Outcome {
    let trio = Trio::start()?;
    let load = trio.load()?;
    let (adding, hold) = trio.adding_until_halfway()?;
    trio.to_a.pause();
    trio.to_c.pause(Direction::Both);
    // The daemon of a misses the signs of life of the other one.
    assert!(answer(adding).is_err());
    drop(hold);
    trio.to_a.resume();
    trio.to_c.resume(Direction::Both);
    trio.is_joined()?;
    trio.finish(load)
}

#[test]
fn a_join_that_is_cancelled_in_the_middle_of_the_copy_is_undone() -> Outcome {
    let trio = Trio::start()?;
    let load = trio.load()?;
    let (adding, hold) = trio.adding_until_halfway()?;
    trio.a.ask(&Request::JobCancel)?;
    let said = answer(adding).expect_err("it is cancelled").to_string();
    assert!(said.contains("cancelled"), "{said}");
    trio.until_job_of_c("the end", |job| job.state == "cancelled")?;
    trio.is_undone()?;
    drop(hold);
    assert!(answer(trio.adding())?.done);
    trio.is_joined()?;
    trio.finish(load)
}
