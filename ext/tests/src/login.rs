//! Sessions of users that are not superuser.

use std::time::Duration;

use postgres::{Client, Config, NoTls};
use steep_testkit::PgCluster;

use crate::DATABASE;

/// Creates a user that is a member of `groups`, and opens its session in [`DATABASE`].
///
/// # Panics
/// When the user exists already or the server cannot be reached.
#[must_use]
#[track_caller]
pub fn login(cluster: &PgCluster, user: &str, groups: &[&str]) -> Client {
    let member =
        if groups.is_empty() { String::new() } else { format!("in role {}", groups.join(", ")) };
    // Loopback only, and gone with the cluster.
    let create = format!("create role {user} login password 'of a test' {member}");
    cluster.execute(DATABASE, &create).unwrap_or_else(|error| panic!("{error}"));
    session(cluster, user)
}

/// Opens another session of a user that [`login`] created.
///
/// # Panics
/// When the server cannot be reached.
#[must_use]
#[track_caller]
pub fn session(cluster: &PgCluster, user: &str) -> Client {
    let mut config = Config::new();
    config.host("127.0.0.1").port(cluster.port()).dbname(DATABASE);
    config.user(user).password("of a test").connect_timeout(Duration::from_secs(20));
    config.connect(NoTls).unwrap_or_else(|error| panic!("session of {user}: {error}"))
}
