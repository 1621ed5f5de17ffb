//! Servers that let nobody in without TLS, and nodes only with a certificate.

use steep_pg::{Class, PgError};
use steep_testkit::{Major, on_each_major, wait};

use crate::all_equal;
use crate::certificates::Certificates;
use crate::group::{DATABASE, Group, Outcome};
use crate::load::SCHEMA;

/// How a configuration says to connect to node `a`.
struct Way<'a> {
    group: &'a Group,
    host: &'a str,
    user: &'a str,
    mode: &'a str,
    /// Authority of the first, certificate and key of the second.
    files: (Option<&'a Certificates>, Option<(&'a Certificates, &'a str)>),
}

impl Way<'_> {
    /// Connects; returns the version of TLS.
    fn take(&self) -> Result<String, PgError> {
        let port = self.group.cluster("a").port().to_string();
        let mut settings = vec![
            ("host", self.host.to_owned()),
            ("port", port),
            ("user", self.user.to_owned()),
            ("tls.mode", self.mode.to_owned()),
        ];
        let file = |of: &Certificates, name: &str| of.file(name).display().to_string();
        if let Some(authority) = self.files.0 {
            settings.push(("tls.ca_file", file(authority, "ca.crt")));
        }
        if let Some((of, name)) = self.files.1 {
            settings.push(("tls.cert_file", file(of, &format!("{name}.crt"))));
            settings.push(("tls.key_file", file(of, &format!("{name}.key"))));
        }
        let sources = settings.into_iter().fold(steep_config::Sources::none(), |sources, one| {
            sources.flag("--set", &format!("replication.postgres.{}", one.0), one.1)
        });
        let config = steep_config::load(&sources).expect("a configuration").config;
        self.group.block_on(async {
            let server = steep_node::database::server(&config.postgres, None)?;
            let client = server.connect().await?;
            let sql = "select coalesce(version, 'none') from pg_catalog.pg_stat_ssl
                       where pid = pg_catalog.pg_backend_pid()";
            Ok(client.query_one(sql, &[]).await?.get(0))
        })
    }

    #[track_caller]
    fn is_taken(&self) {
        assert_eq!(self.take().expect("a connection"), "TLSv1.3");
    }

    /// It is the operator who has to do something, and reads this.
    #[track_caller]
    fn is_refused(&self, words: &[&str]) {
        let error = self.take().expect_err("a way that is closed");
        let said = format!("{error} | {}", error.hint().unwrap_or_default());
        assert_eq!(error.class(), Class::Operator, "{said}");
        for word in words {
            assert!(said.contains(word), "no \"{word}\" in: {said}");
        }
    }
}

/// Whom the daemon takes for its server, and whom the server takes for its daemon.
fn trust(group: &Group, own: &Certificates) -> Outcome {
    let others = Certificates::new(&["daemon"])?;
    let cluster = group.cluster("a");
    cluster.execute("postgres", "create role anybody login; create role daemon login")?;
    for refusal in ["pg_hba.conf", "client certificate", "certificate authentication failed", "SSL"]
    {
        cluster.expect_log(refusal);
    }
    let way = |mode, files| Way { group, host: "127.0.0.1", user: "anybody", mode, files };
    way("require", (None, None)).is_taken();
    way("disable", (None, None)).is_refused(&["pg_hba.conf"]);
    for mode in ["require", "verify-ca", "verify-full"] {
        way(mode, (Some(own), None)).is_taken();
        let hint = "replication.postgres.tls";
        way(mode, (Some(&others), None)).is_refused(&[
            "no TLS with postgres on 127.0.0.1",
            "invalid peer certificate",
            hint,
        ]);
    }
    let elsewhere = |mode| Way { host: "localhost", ..way(mode, (Some(own), None)) };
    elsewhere("verify-ca").is_taken();
    elsewhere("verify-full").is_refused(&["not valid for name", "localhost"]);

    let daemon =
        |certificate| Way { user: "daemon", ..way("verify-full", (Some(own), certificate)) };
    daemon(Some((own, "daemon"))).is_taken();
    daemon(None).is_refused(&["requires a valid client certificate"]);
    daemon(Some((own, "server")))
        .is_refused(&["certificate authentication failed for user \"daemon\""]);
    daemon(Some((&others, "daemon"))).is_refused(&["refused the client's certificate", "key_file"]);
    Ok(())
}

on_each_major! {
    fn who_is_who_is_asked_on_every_way_to_a_server(major: Major) -> Outcome {
        let certificates = Certificates::new(&["steep_repl_a", "steep_repl_b", "daemon"])?;
        let mut group = Group::start_with(&[major; 2], |builder| {
            builder
                .tls(certificates.of_server())
                .access("hostssl all /^steep_repl_ all scram-sha-256 clientcert=verify-full")
                .access("hostssl all daemon all cert")
                .access("hostssl all anybody all trust")
                .access("host all /^(steep_repl_.*|daemon|anybody)$ all reject")
        })?;
        trust(&group, &certificates)?;
        for node in ["a", "b"] {
            // The role by which the other one knows it.
            let client = format!("steep_repl_{node}");
            let tls = certificates.of_peer(group.cluster(node), &client)?;
            group.peer_tls.insert(node.to_owned(), tls);
        }
        group.execute("a", SCHEMA)?;
        assert!(group.init("a")?.done);
        assert!(group.join("b", "a")?.done);
        all_equal(&group, &["a", "b"])?;
        for (node, peer) in [("a", "b"), ("b", "a")] {
            let shown = group.value(node, "select subconninfo from pg_subscription")?;
            let key = format!("/steep_repl_{node}.key'");
            for part in ["sslmode='verify-full'", "sslrootcert='/", "sslcert='/", "sslkey='/", &key] {
                assert!(shown.contains(part), "no {part} in the subscription of {node}");
            }
            // What runs is what was asked for.
            let sql = format!(
                "select count(*) > 0 from pg_stat_replication r join pg_stat_ssl s using (pid)
                 where s.ssl and s.client_dn = '/CN=steep_repl_{peer}'"
            );
            wait::query_returns(group.cluster(node), DATABASE, &sql, "t", wait::DEADLINE)?;
        }
        group.execute("b", "insert into history values ('of b', 1, 1)")?;
        all_equal(&group, &["a", "b"])?;
        group.finish();
        Ok(())
    }
}
