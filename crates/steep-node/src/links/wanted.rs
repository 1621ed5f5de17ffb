//! How a subscription should connect, from how it does and what the configuration says.

use steep_pg::{Conninfo, Tls};

use crate::names;
use crate::peer_tls::PeerTls;
use crate::routes::Route;

/// The keywords that the daemon writes ([`crate::member`]), those of TLS last.
const OWN: [&str; 9] =
    ["host", "port", "dbname", "user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey"];
/// Those that follow from the configuration.
const CONFIGURED: [&str; 6] = ["host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey"];

/// What is known of a link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    /// This node.
    pub(super) own: &'a str,
    /// How the subscription connects.
    pub(super) present: &'a Conninfo,
    /// `replication.topology.nodes` of the peer.
    pub(super) route: Option<&'a Route>,
    /// Where the peer is by `steep_repl.nodes`.
    pub(super) said: (&'a str, u16),
    /// Whether nothing comes by the present way.
    pub(super) is_down: bool,
    /// `replication.postgres.peer_tls`.
    pub(super) tls: &'a PeerTls,
}

/// How a subscription should connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// As it does.
    AsItIs,
    /// Otherwise, in these keywords; `is_configured`: somebody has asked for it.
    Otherwise { conninfo: Conninfo, differs: Vec<&'static str>, is_configured: bool },
    /// Otherwise, in these keywords, if somebody had not written it by hand.
    ByHand(Vec<&'static str>),
}

pub(super) fn of(facts: &Facts<'_>) -> Wanted {
    let mut wanted = facts.present.clone();
    let is_ours = is_ours(facts.present, facts.own);
    if let Some(route) = facts.route {
        set_address(&mut wanted, &route.host, route.postgres_port);
    } else if facts.is_down && is_ours {
        set_address(&mut wanted, facts.said.0, facts.said.1);
    }
    // Without a word of the configuration what is there stays: it may be stricter.
    if *facts.tls != PeerTls::default() {
        set_tls(&mut wanted, facts.tls);
    }
    let is_other = |keyword: &&str| wanted.get(keyword) != facts.present.get(keyword);
    let differs: Vec<_> = CONFIGURED.into_iter().filter(is_other).collect();
    if differs.is_empty() {
        return Wanted::AsItIs;
    }
    if !is_ours {
        return Wanted::ByHand(differs);
    }
    let is_address = |keyword: &&str| ["host", "port"].contains(keyword);
    let is_configured = facts.route.is_some() || !differs.iter().all(is_address);
    Wanted::Otherwise { conninfo: wanted, differs, is_configured }
}

/// Whether the daemon wrote it: nothing but its own keywords, and the role that was made for it.
fn is_ours(present: &Conninfo, own: &str) -> bool {
    present.keywords().all(|keyword| OWN.contains(&keyword))
        && present.get("user") == Some(names::of_node(own).as_str())
        && ["host", "port", "dbname", "password"].iter().all(|one| present.get(one).is_some())
}

fn set_address(wanted: &mut Conninfo, host: &str, port: u16) {
    wanted.set("host", Some(host));
    wanted.set("port", Some(&port.to_string()));
}

fn set_tls(wanted: &mut Conninfo, asked: &PeerTls) {
    let present = wanted.get("sslmode").and_then(|mode| mode.parse().ok()).unwrap_or_default();
    let tls = Tls {
        mode: asked.mode.unwrap_or(present),
        ca_file: asked.ca_file.clone(),
        cert_file: asked.cert_file.clone(),
        key_file: asked.key_file.clone(),
    };
    for keyword in ["sslrootcert", "sslcert", "sslkey"] {
        wanted.set(keyword, None);
    }
    for (keyword, value) in tls.parameters() {
        wanted.set(keyword, Some(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use steep_pg::TlsMode;

    const PRESENT: &str =
        "host=b.example port=5432 dbname=app user=steep_repl_a password=p sslmode=prefer";

    #[derive(Default)]
    struct Case<'a> {
        more: &'a str,
        route: Option<(&'a str, u16)>,
        is_down: bool,
        mode: Option<TlsMode>,
        ca_file: Option<&'a str>,
    }

    impl Case<'_> {
        fn wanted(&self) -> Wanted {
            let present = Conninfo::parse(&format!("{PRESENT} {}", self.more)).expect("it is one");
            let route = self.route.map(|(host, postgres_port)| Route {
                host: host.to_owned(),
                postgres_port,
                grpc_port: 5433,
            });
            let ca_file = self.ca_file.map(Into::into);
            of(&Facts {
                own: "a",
                present: &present,
                route: route.as_ref(),
                said: ("moved.example", 5432),
                is_down: self.is_down,
                tls: &PeerTls { mode: self.mode, ca_file, ..PeerTls::default() },
            })
        }

        /// The keywords that differ, and the values that they should have.
        fn differs(&self) -> Vec<(&'static str, Option<String>)> {
            match self.wanted() {
                Wanted::Otherwise { conninfo, differs, .. } => {
                    let value = |keyword| conninfo.get(keyword).map(str::to_owned);
                    differs.into_iter().map(|keyword| (keyword, value(keyword))).collect()
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn to(keyword: &'static str, value: &str) -> (&'static str, Option<String>) {
        (keyword, Some(value.to_owned()))
    }

    #[test]
    fn a_change_of_peer_tls_is_wanted_and_nothing_else_with_it() {
        let strict =
            Case { mode: Some(TlsMode::VerifyFull), ca_file: Some("/ca.crt"), ..Case::default() };
        assert_eq!(strict.differs(), [to("sslmode", "verify-full"), to("sslrootcert", "/ca.crt")]);
        let back = Case {
            more: "sslmode=verify-full sslrootcert=/ca.crt",
            mode: Some(TlsMode::Require),
            ..Case::default()
        };
        assert_eq!(back.differs(), [to("sslmode", "require"), ("sslrootcert", None)]);
        let there = Case { more: "sslmode='verify-full' sslrootcert='/ca.crt'", ..strict };
        assert_eq!(there.wanted(), Wanted::AsItIs);
    }

    #[test]
    fn without_a_word_of_the_configuration_what_is_there_stays() {
        let more = "sslmode=verify-full sslrootcert=/ca.crt";
        assert_eq!(Case { more, ..Case::default() }.wanted(), Wanted::AsItIs);
    }

    #[test]
    fn the_address_is_that_of_the_configuration_or_where_nothing_comes_the_one_that_is_told() {
        let route = Some(("tunnel", 6432));
        let differs = Case { route, is_down: true, ..Case::default() }.differs();
        assert_eq!(differs, [to("host", "tunnel"), to("port", "6432")]);
        assert_eq!(Case::default().wanted(), Wanted::AsItIs);
        let told = Case { is_down: true, ..Case::default() };
        assert_eq!(told.differs(), [to("host", "moved.example")]);
        assert!(matches!(told.wanted(), Wanted::Otherwise { is_configured: false, .. }));
    }

    #[test]
    fn what_was_written_by_hand_is_left_to_whoever_wrote_it() {
        for more in ["user=postgres", "keepalives=1", "hostaddr=192.0.2.1"] {
            let by_hand = Case { more, is_down: true, ..Case::default() };
            assert_eq!(by_hand.wanted(), Wanted::AsItIs, "nobody has asked for anything");
            let asked = Case { mode: Some(TlsMode::Require), ..by_hand };
            assert_eq!(asked.wanted(), Wanted::ByHand(vec!["sslmode"]));
        }
    }
}
