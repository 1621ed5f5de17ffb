//! Subscriptions that do not connect as the configuration says.

use std::collections::BTreeMap;

use steep_ipc::{Check, Level};

use super::{check, with_hint};
use crate::links::{Finding, Stale, Why};

pub(super) fn all(links: &BTreeMap<String, Finding>) -> impl Iterator<Item = Check> + use<'_> {
    links.iter().filter_map(|(peer, found)| Some(judge(peer, found.stale.as_ref()?)))
}

fn judge(peer: &str, stale: &Stale) -> Check {
    let (name, differs) = (&stale.subscription, stale.differs.join(", "));
    let keys = match stale.differs.iter().any(|one| ["host", "port"].contains(one)) {
        true => "replication.postgres.peer_tls or replication.topology.nodes",
        false => "replication.postgres.peer_tls",
    };
    let (why, way_out) = match &stale.why {
        Why::Refused(reason) => (
            format!("this server cannot connect in that way: {reason}"),
            format!(
                "mend {keys}, or what the other server accepts; the link stays as it was until then"
            ),
        ),
        Why::ByHand => (
            "somebody has written it by hand".to_owned(),
            format!(
                "alter subscription \"{name}\" connection '…' by hand as well, or change {keys} to \
                 what is there"
            ),
        ),
        Why::SetBack => (
            "it was altered, and somebody has set it back".to_owned(),
            format!("find out who does, or change {keys}; a restart of steep-repl alters it again"),
        ),
    };
    let message = format!(
        "subscription {name} does not connect as the configuration says ({differs}): {why}"
    );
    with_hint(check(format!("connection:{peer}"), Level::Warning, message), way_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_connection_stays_as_it_is_is_told_with_the_way_out_of_that() {
        let told = |differs, why| {
            let subscription = "steep_repl_b".to_owned();
            let stale = Some(Stale { subscription, differs, why });
            let found = Finding { stale, ..Finding::default() };
            let links = BTreeMap::from([("b".to_owned(), found)]);
            let told = all(&links).next().expect("it is told");
            assert_eq!((told.name.as_str(), told.level), ("connection:b", Level::Warning));
            (told.message, told.hint.unwrap_or_default())
        };
        let (message, hint) = told(vec!["sslmode"], Why::Refused("no SSL".to_owned()));
        assert!(message.ends_with("(sslmode): this server cannot connect in that way: no SSL"));
        assert!(hint.starts_with("mend replication.postgres.peer_tls, or"), "{hint}");
        let (_, hint) = told(vec!["host"], Why::ByHand);
        assert!(hint.contains("topology.nodes"), "{hint}");
        let (message, _) = told(vec!["sslmode"], Why::SetBack);
        assert!(message.contains("set it back"), "{message}");
    }
}
