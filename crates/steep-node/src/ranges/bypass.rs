//! Letting any id be written for a while.
//!
//! `steep_repl.bypass_range_check` is a setting of sessions. What can be changed from outside is what new
//! sessions begin with: all of a database, or those of a role in it. Sessions that run keep what they
//! have, at both ends. So a duration is how long *sessions that begin* get the bypass; the daemon ends it,
//! also one that was down when it was over.

use std::time::Duration;

use steep_pg::Connection;

use crate::error::{NodeError, While};
use crate::names;

/// Begins the keys of what has an end, in `steep_repl.coordinator_state`.
const ENDING: &str = "range-bypass:";

/// For whom the range check is passed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bypass {
    /// A role; none: everybody in the database.
    pub(crate) role: Option<String>,
}

impl Bypass {
    /// For people: whose sessions.
    pub(crate) fn whose(&self) -> String {
        match &self.role {
            Some(role) => format!("sessions of role {role}"),
            None => "all sessions".to_owned(),
        }
    }

    fn key(&self) -> String {
        format!("{ENDING}{}", self.role.as_deref().unwrap_or_default())
    }

    async fn set(&self, client: &Connection, is_on: bool) -> Result<(), tokio_postgres::Error> {
        let database: String =
            client.query_one("select current_database()::text", &[]).await?.get(0);
        let database = names::identifier(&database);
        let whose = match &self.role {
            Some(role) => format!("role {} in database {database}", names::identifier(role)),
            None => format!("database {database}"),
        };
        let what = if is_on { "set" } else { "reset" };
        let value = if is_on { " = on" } else { "" };
        client
            .batch_execute(&format!("alter {whose} {what} steep_repl.bypass_range_check{value}"))
            .await
    }

    /// New sessions write any id, for so long if a duration is given. All or nothing.
    ///
    /// # Errors
    /// When there is no such role, or this daemon's role may not.
    pub(crate) async fn enable(
        &self,
        client: &Connection,
        duration: Option<Duration>,
    ) -> Result<(), NodeError> {
        let what = format!("letting {} write any id", self.whose());
        client.batch_execute("begin").await.while_doing(&what)?;
        let done = async {
            self.set(client, true).await?;
            client
                .execute("delete from steep_repl.coordinator_state where key = $1", &[&self.key()])
                .await?;
            if let Some(duration) = duration {
                client
                    .execute(
                        "insert into steep_repl.coordinator_state (key, value) values ($1,
                           jsonb_build_object('role', $2::text, 'until', now() + make_interval(secs => $3)))",
                        &[&self.key(), &self.role, &duration.as_secs_f64()],
                    )
                    .await?;
            }
            client.batch_execute("commit").await
        }
        .await;
        settled(client, done).await.while_doing(what)
    }

    /// New sessions are checked again.
    ///
    /// # Errors
    /// When there is no such role, or this daemon's role may not.
    pub(crate) async fn disable(&self, client: &Connection) -> Result<(), NodeError> {
        let what = format!("checking the ids of {} again", self.whose());
        client.batch_execute("begin").await.while_doing(&what)?;
        let done = async {
            self.set(client, false).await?;
            client
                .execute("delete from steep_repl.coordinator_state where key = $1", &[&self.key()])
                .await?;
            client.batch_execute("commit").await
        }
        .await;
        settled(client, done).await.while_doing(what)
    }

    /// Those whose time is over.
    ///
    /// # Errors
    /// When the query fails.
    pub(crate) async fn over(client: &Connection) -> Result<Vec<Self>, NodeError> {
        let rows = client
            .query(
                "select s.value ->> 'role' from steep_repl.coordinator_state s
                 where starts_with(s.key, $1) and (s.value ->> 'until')::timestamptz <= now()",
                &[&ENDING],
            )
            .await
            .while_doing("looking for bypasses of the range check that are over")?;
        Ok(rows.iter().map(|row| Self { role: row.get(0) }).collect())
    }

    /// All that new sessions of this database get, and until when, for people.
    ///
    /// # Errors
    /// When the query fails.
    pub(crate) async fn all(client: &Connection) -> Result<Vec<String>, NodeError> {
        let rows = client
            .query(
                "select r.rolname::text, s.value ->> 'until'
                 from pg_db_role_setting g
                 join pg_database d on d.oid = g.setdatabase and d.datname = current_database()
                 left join pg_roles r on r.oid = g.setrole
                 left join steep_repl.coordinator_state s on s.key = $1::text || coalesce(r.rolname::text, '')
                 where exists (select from unnest(g.setconfig) c
                   where c in ('steep_repl.bypass_range_check=on', 'steep_repl.bypass_range_check=true',
                     'steep_repl.bypass_range_check=1', 'steep_repl.bypass_range_check=yes'))
                 order by 1 nulls first",
                &[&ENDING],
            )
            .await
            .while_doing("looking whose new sessions may write any id")?;
        Ok(rows
            .iter()
            .map(|row| {
                let whose = Self { role: row.get(0) }.whose();
                match row.get::<_, Option<&str>>(1) {
                    Some(until) => format!("{whose} that begin until {until}"),
                    None => format!("{whose} that begin from now on"),
                }
            })
            .collect())
    }
}

/// Ends the transaction of what failed.
async fn settled(
    client: &Connection,
    done: Result<(), tokio_postgres::Error>,
) -> Result<(), tokio_postgres::Error> {
    if done.is_err() {
        // If the connection is lost, so is the transaction.
        let _ = client.batch_execute("rollback").await;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_a_key_of_its_own() {
        let of = |role: Option<&str>| Bypass { role: role.map(str::to_owned) };
        assert_eq!(of(None).key(), "range-bypass:");
        assert_eq!(of(Some("loader")).key(), "range-bypass:loader");
        assert_eq!(of(Some("loader")).whose(), "sessions of role loader");
    }
}
