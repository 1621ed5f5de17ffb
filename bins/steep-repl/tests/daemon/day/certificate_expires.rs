//! A daemon's certificate runs out, and is renewed.

use std::time::Duration;

use nix::sys::signal::Signal;
use steep_ipc::Level;
use steep_node::tls::Lifetime;

use super::Day;
use super::tls::ending_in;
use crate::seen::level;
use crate::support::Outcome;

/// Time enough to start a daemon and to let it connect.
const LIFE: Duration = Duration::from_secs(20);

#[test]
fn a_certificate_that_expires_is_told_everywhere_and_is_renewed_without_a_restart() -> Outcome {
    let mut day = Day::begin()?;
    // The connections that there are have been made with the certificate of before.
    let short = day.tls.renewed("a", ending_in(LIFE))?;
    short.put_key()?;
    short.put_certificate()?;
    day.pair.a.signal(Signal::SIGTERM)?;
    assert!(day.pair.a.ended()?.success());
    day.pair.a.run()?;
    let (a, b) = (&day.pair.a, &day.pair.b);
    let (pid, file) = (a.pid(), day.tls.certificate("a").display().to_string());
    a.until("both daemons to reach each other", |status| {
        status.peers.first().is_some_and(|peer| peer.daemon_reachable)
    })?;
    b.until("both daemons to reach each other", |status| status.peers[0].daemon_reachable)?;
    let soon = format!("the certificate of this node, {file}, expires in ");
    a.shows("certificate", Level::Warning, &soon, "steep-replctl tls init")?;

    a.until_check("certificate", Level::Critical)?;
    let over = format!("the certificate of this node, {file}, expired at 20");
    a.shows(
        "certificate",
        Level::Critical,
        &over,
        "put its .crt and .key in the place of the old",
    )?;
    // Each side says whose certificate is refused.
    b.until_check("peer:a", Level::Warning)?;
    let way_out = "certificates of the same authority that are valid now";
    b.shows("peer:a", Level::Warning, "certificate expired", way_out)?;
    a.until_check("peer:b", Level::Warning)?;
    a.shows("peer:b", Level::Warning, "does not accept this node's certificate", way_out)?;
    a.shows("peer:b", Level::Warning, "CertificateExpired", "replication goes on without it")?;
    assert_eq!(level(&b.status()?, "certificate"), Some(Level::Ok));
    // PostgreSQL has its own connections.
    for (daemon, link) in [(a, "subscription:b"), (b, "subscription:a")] {
        assert_eq!(level(&daemon.status()?, link), Some(Level::Ok));
    }
    day.goes_on()?;

    // Half a renewal is told, and is not used.
    let new = day.tls.renewed("a", Lifetime::default())?;
    new.put_certificate()?;
    a.until("the half renewal", |status| {
        crate::seen::check(status, "certificate").is_some_and(|check| {
            check.message.contains("were changed and are not used")
                && check.message.contains(&over)
                && check.hint.as_deref().is_some_and(|hint| hint.contains("the key that was made"))
        })
    })?;
    new.put_key()?;
    a.until_check("certificate", Level::Ok)?;
    a.logged("certificates were renewed")?;
    day.is_well()?;
    assert_eq!(day.pair.a.pid(), pid, "it was not restarted");
    day.end()
}
