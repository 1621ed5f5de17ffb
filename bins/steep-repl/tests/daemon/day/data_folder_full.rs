//! The daemon's folder takes no more files: its disk is full, or it is gone.

use nix::sys::signal::Signal;
use steep_ipc::{Level, Request, Response};

use super::Day;
use super::folder::{Disk, take_away};
use crate::seen::{Events, check, is_well, two_intervals};
use crate::support::Outcome;

#[test]
fn a_full_disk_stops_neither_the_daemon_nor_replication() -> Outcome {
    let disk = Disk::new()?;
    let mut day = Day::begin_with(|node, daemon| match node {
        "a" => disk.lend(&daemon.data_dir()),
        _ => Ok(()),
    })?;
    let pid = day.pair.a.pid();
    let mut events = Events::of(&day.pair.a)?;
    let path = day.pair.a.data_dir().display().to_string();
    disk.fill()?;
    let told = format!("cannot write to {path}");
    let took = day.pair.a.until("the full disk", |status| {
        check(status, "disk").is_some_and(|one| {
            let hint = one.hint.as_deref().unwrap_or_default();
            one.message.contains(&told)
                && one.message.contains(disk.why())
                && hint.contains("make room there")
                && hint.contains("replication goes on meanwhile")
        })
    })?;
    assert!(took < two_intervals(), "the full disk was seen after {took:?}");
    // A look while it was nearly full may have told that first.
    day.pair.a.shows("disk", Level::Critical, &path, "replication.data_dir")?;
    events.next("disk", "critical: ")?;
    works(&day)?;
    assert_eq!(day.pair.a.pid(), pid);

    // A daemon that is started meanwhile runs as well, as long as there is a folder to lock.
    if disk.is_there() {
        day.pair.a.signal(Signal::SIGKILL)?;
        day.pair.a.ended()?;
        day.pair.a.run()?;
        day.pair.a.until_check("disk", Level::Critical)?;
        works(&day)?;
    }

    let mut events = Events::of(&day.pair.a)?;
    disk.make_room()?;
    let (_, took) = day.pair.a.until_check("disk", Level::Ok)?;
    assert!(took < two_intervals(), "the room was seen after {took:?}");
    events.next("disk", "ok: ")?;
    day.end()
}

#[test]
fn a_folder_that_is_gone_is_told_and_missed_by_nobody() -> Outcome {
    let day = Day::begin()?;
    let (a, path) = (&day.pair.a, day.pair.a.data_dir());
    let gone = take_away(&path)?;
    let (_, took) = a.until_check("disk", Level::Critical)?;
    assert!(took < two_intervals(), "the missing folder was missed after {took:?}");
    let told = format!("cannot write to {}", path.display());
    a.shows("disk", Level::Critical, &told, "give the folder back to the daemon's user")?;
    works(&day)?;
    gone.bring_back()?;
    a.until_check("disk", Level::Ok)?;
    day.end()
}

/// Node a answers and replicates, and b misses nothing.
fn works(day: &Day) -> Outcome {
    day.goes_on()?;
    day.pair.b.until("all is well", is_well)?;
    // Answered by PostgreSQL, through the daemon.
    let Response::Tables(tables) = day.pair.a.ask(&Request::TableList)? else {
        return Err("no list".into());
    };
    assert_eq!(tables.len(), 3);
    Ok(())
}
