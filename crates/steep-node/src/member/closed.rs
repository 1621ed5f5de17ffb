//! The tables of a node that leaves are closed to its own clients while it hands over: what they wrote
//! after the last look, and before the peers' slots go, would reach nobody.

use std::time::Duration;

use steep_pg::{Connection, Server};
use tokio_postgres::error::SqlState;

use crate::error::{NodeError, While, refused};

/// How long clients queue behind an attempt to close tables that others write to: longer than autovacuum
/// takes to give way (`deadlock_timeout`, 1 s).
const LOCK_TIMEOUT: &str = "2s";
/// For which those clients are left alone then.
const PAUSE: Duration = Duration::from_secs(1);
/// How long their transactions may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// While this lives, clients that write wait. A lock, because that ends with its session, whatever
/// becomes of the daemon; the node's apply workers wait as well, and are about to go.
pub(super) struct Closed {
    holder: Connection,
}

impl Closed {
    /// Waits until nobody has written without having committed.
    pub(super) async fn take(server: &Server) -> Result<Self, NodeError> {
        let what = "closing the replicated tables";
        let holder = server.connect().await.while_doing(what)?;
        let tables = holder
            .query_one(
                "select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by c.oid)
                 from steep_repl.replicated_tables t
                 join pg_class c on c.oid = t.relation
                 join pg_namespace n on n.oid = c.relnamespace
                 where t.is_active",
                &[],
            )
            .await
            .while_doing(what)?
            .get::<_, Option<String>>(0);
        let Some(tables) = tables else { return Ok(Self { holder }) };
        let statement = format!(
            "begin; set local lock_timeout = '{LOCK_TIMEOUT}';
             lock table {tables} in share row exclusive mode"
        );
        let taken = crate::join::until(what, PATIENCE, || async {
            match holder.batch_execute(&statement).await {
                Err(error) if is_in_use(&error) => {
                    holder.batch_execute("rollback").await.while_doing(what)?;
                    tokio::time::sleep(PAUSE).await;
                    Ok(Some("transactions that write to them do not end".to_owned()))
                }
                taken => taken.map(|()| None).while_doing(what),
            }
        })
        .await;
        match taken {
            Err(NodeError::Deadline { last, .. }) => refused(
                format!("the replicated tables cannot be closed: {last}"),
                "see pg_stat_activity for them, and say it again; or remove the node with --force: what \
                 is written meanwhile is on this node only then",
            ),
            taken => taken.map(|()| Self { holder }),
        }
    }

    /// Lets the clients write.
    pub(super) async fn open(self) -> Result<(), NodeError> {
        self.holder.batch_execute("rollback").await.while_doing("opening the replicated tables")
    }
}

fn is_in_use(error: &tokio_postgres::Error) -> bool {
    [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED]
        .iter()
        .any(|state| error.code() == Some(state))
}
