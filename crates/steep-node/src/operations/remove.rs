//! Taking a node out of the group.

use std::pin::pin;
use std::time::Duration;

use steep_ipc::{Failure, NodeRemove, Plan, Progress};
use steep_pg::Connection;

use super::{GroupOperations, ProgressSink};
use crate::error::{NodeError, While, refused};
use crate::join::Address;
use crate::member::TO_FORGET;
use crate::routes::Routes;

/// How often whoever waits hears that the work goes on. A client gives up after a minute of silence.
const WORD: Duration = Duration::from_secs(10);

/// A member's row in `steep_repl.nodes`.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) node: String,
    pub(crate) address: Option<Address>,
    pub(crate) status: String,
}

impl GroupOperations {
    /// Removes a node: it hands over what only it has, every other node forgets it, and its own
    /// database is left as it was before it joined, rows included.
    ///
    /// Members that cannot be reached are remembered and told later ([`GroupOperations::tend`]).
    ///
    /// # Errors
    /// When the node is not known, or cannot be reached or hand over and `force` is not given.
    pub async fn node_remove(
        &self,
        request: &NodeRemove,
        tell: ProgressSink<'_>,
    ) -> Result<Plan, Failure> {
        Ok(self.remove(request, tell).await?)
    }

    async fn remove(
        &self,
        request: &NodeRemove,
        tell: ProgressSink<'_>,
    ) -> Result<Plan, NodeError> {
        let client = self.member().connect().await?;
        let known = nodes(&client, self.member().routes()).await?;
        let own = self.member().endpoint().node.clone();
        let leaving = request.node.as_str();
        let Some(target) = known.iter().find(|known| known.node == leaving) else {
            return Err(NodeError::Misuse {
                message: format!("node {leaving} is not a member of this group"),
                hint: "see steep-replctl node list".to_owned(),
            });
        };
        let step = |number: u32, what: &str| {
            tell(Progress {
                step: what.to_owned(),
                step_number: number,
                steps: 3,
                ..Progress::default()
            });
        };
        let mut plan = Plan::default();

        if leaving == own && !request.force {
            // Once it has left it has nothing to remember them by.
            for member in known.iter().filter(|member| member.node != own) {
                let Some(address) = &member.address else { continue };
                self.shared.peers.describe_node(&address.to_string(), Some(&member.node)).await?;
            }
        }

        let handing_over = format!("handing over what only node {leaving} has");
        let left = saying(WORD, || step(1, &handing_over), async {
            match &target.address {
                _ if leaving == own => self.member().leave(request.force).await,
                Some(address) => {
                    self.shared.peers.forget(address, leaving, leaving, request.force).await
                }
                None => refused(format!("where the daemon of node {leaving} is, is not known"), ""),
            }
        })
        .await;
        match left {
            Ok(done) => plan.steps.extend(done.iter().map(|done| format!("{leaving}: {done}"))),
            Err(error) if request.force => plan.warnings.push(format!("{leaving}: {error}")),
            Err(error) if matches!(error, NodeError::Peer { .. }) || target.status == "joining" => {
                return refused(
                    error.to_string(),
                    format!(
                        "if the node is gone for good: steep-replctl node remove {leaving} --force; \
                         what it had not sent is lost then"
                    ),
                );
            }
            Err(error) => return Err(error),
        }

        step(2, "telling the other nodes");
        for member in known.iter().filter(|member| member.node != leaving && member.node != own) {
            let told = match &member.address {
                Some(address) => {
                    self.shared.peers.forget(address, &member.node, leaving, false).await
                }
                None => refused("its daemon's address is not known", ""),
            };
            match told {
                Ok(done) => {
                    plan.steps.extend(done.iter().map(|done| format!("{}: {done}", member.node)));
                }
                // It was told already, by whoever has removed this node.
                Err(error) if leaving == own && is_forgotten(&error) => {
                    plan.steps.push(format!("{}: it has forgotten this node before", member.node));
                }
                Err(error) => {
                    if leaving != own {
                        remember(&client, leaving, &member.node).await?;
                    }
                    plan.warnings.push(untold(&member.node, leaving, &own, &error));
                }
            }
        }

        step(3, "forgetting it here");
        if leaving != own {
            let done = self.member().forget(leaving, None).await?;
            plan.steps.extend(done.iter().map(|done| format!("{own}: {done}")));
        }
        plan.done = true;
        Ok(plan)
    }
}

/// What a member says to a node that is none any more.
pub(super) const NO_MEMBER: &str = "is no member of the group of node";

fn is_forgotten(error: &NodeError) -> bool {
    matches!(error, NodeError::Peer { failure, .. } if failure.message.contains(NO_MEMBER))
}

/// A member that could not be told, and what follows.
fn untold(member: &str, leaving: &str, own: &str, error: &NodeError) -> String {
    let then = if leaving == own {
        format!(
            "this node will not tell it any more: when it is back, say on node {member}: steep-replctl \
             node remove {leaving} --force"
        )
    } else {
        "it will be told when it is back".to_owned()
    };
    format!("{member}: {error}; {then}")
}

/// The nodes that are not removed, and where they are reached from here.
pub(crate) async fn nodes(client: &Connection, routes: &Routes) -> Result<Vec<Known>, NodeError> {
    let rows = client
        .query(
            "select node_id, coalesce(grpc_host, host), grpc_port, status from steep_repl.nodes
             where status <> 'removed' order by node_id",
            &[],
        )
        .await
        .while_doing("listing the nodes")?;
    Ok(rows
        .iter()
        .map(|row| Known {
            node: row.get(0),
            address: row
                .get::<_, Option<i32>>(2)
                .and_then(|port| u16::try_from(port).ok())
                .map(|port| Address { host: row.get(1), port })
                .map(|said| routes.daemon(row.get(0), said)),
            status: row.get(3),
        })
        .collect())
}

/// Waits for `work`, and says what is done: at once, and `every` so often.
async fn saying<T>(every: Duration, say: impl Fn(), work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        say();
        if let Ok(done) = tokio::time::timeout(every, &mut work).await {
            return done;
        }
    }
}

/// A member is to be told later.
async fn remember(client: &Connection, leaving: &str, member: &str) -> Result<(), NodeError> {
    client
        .execute(
            "insert into steep_repl.coordinator_state (key, value)
             values ($1, jsonb_build_object('node', $2::text, 'member', $3::text))
             on conflict (key) do nothing",
            &[&format!("{TO_FORGET}{leaving}:{member}"), &leaving, &member],
        )
        .await
        .while_doing("remembering whom to tell")?;
    Ok(())
}

impl GroupOperations {
    /// Tells members that could not be reached which nodes to forget. Returns whether any is left.
    pub(super) async fn tell_the_late(&self, client: &Connection) -> Result<bool, NodeError> {
        let what = "telling members that were away";
        let rows = client
            .query(
                "select key, value ->> 'node', value ->> 'member' from steep_repl.coordinator_state
                 where starts_with(key, $1) order by key",
                &[&TO_FORGET],
            )
            .await
            .while_doing(what)?;
        let known = nodes(client, self.member().routes()).await?;
        let mut is_any_left = false;
        for row in rows {
            let (key, leaving, member) =
                (row.get::<_, String>(0), row.get::<_, String>(1), row.get::<_, String>(2));
            // Removed, and on its way to be a member again: what is left to forget would be the new one.
            if known.iter().any(|known| known.node == leaving) {
                is_any_left = true;
                continue;
            }
            let address = known.iter().find(|known| known.node == member);
            let told = match address.and_then(|known| known.address.as_ref()) {
                Some(address) => {
                    self.shared.peers.forget(address, &member, &leaving, false).await.map(drop)
                }
                // It has left as well.
                None => Ok(()),
            };
            match told {
                Ok(()) => {
                    client
                        .execute("delete from steep_repl.coordinator_state where key = $1", &[&key])
                        .await
                        .while_doing(what)?;
                }
                Err(error) => {
                    tracing::debug!(peer = %member, error = error.for_log(), "it is still to forget node {leaving}");
                    is_any_left = true;
                }
            }
        }
        Ok(is_any_left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn where_a_member_is_to_be_told_is_said() {
        let away = NodeError::Busy { reason: "away".to_owned() };
        let told = untold("b", "c", "c", &away);
        assert!(told.contains("say on node b: steep-replctl node remove c --force"), "{told}");
        assert_eq!(untold("b", "c", "a", &away), "b: away; it will be told when it is back");
    }

    #[tokio::test]
    async fn whoever_waits_hears_that_it_goes_on() {
        let said = AtomicU32::new(0);
        let work = async {
            while said.load(Ordering::Relaxed) < 3 {
                tokio::task::yield_now().await;
            }
            "done"
        };
        let say = || {
            said.fetch_add(1, Ordering::Relaxed);
        };
        assert_eq!(saying(Duration::from_millis(1), say, work).await, "done");
        assert_eq!(said.load(Ordering::Relaxed), 3);
    }
}
