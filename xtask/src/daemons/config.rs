//! The configuration file of a daemon.

use std::path::Path;

/// How a daemon reaches another node, if not directly.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) node: String,
    pub(crate) postgres: u16,
    pub(crate) grpc: u16,
}

/// What goes into it.
pub(super) struct Config<'a> {
    pub(super) node: &'a str,
    pub(super) postgres_port: u16,
    pub(super) database: &'a str,
    pub(super) password_file: &'a Path,
    pub(super) bin_dir: &'a Path,
    pub(super) grpc_port: u16,
    pub(super) http_port: u16,
    pub(super) folder: &'a Path,
    pub(super) certificates: &'a Path,
    pub(super) routes: &'a [Route],
}

impl Config<'_> {
    /// As YAML; paths and names as JSON writes texts, which YAML reads.
    pub(super) fn text(&self) -> String {
        let path = |path: &Path| serde_json::Value::from(path.to_string_lossy()).to_string();
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let of_node =
            |suffix: &str| path(&self.certificates.join(format!("{}.{suffix}", self.node)));
        let route = |route: &Route| {
            let Route { node, postgres, grpc } = route;
            format!(
                "{{name: {}, host: 127.0.0.1, port: {postgres}, grpc_port: {grpc}}}",
                text(node)
            )
        };
        format!(
            "replication:
  postgres:
    host: 127.0.0.1
    port: {postgres_port}
    database: {database}
    user: postgres
    password_file: {password}
    bin_dir: {bin}
    tls: {{mode: disable}}
  topology:
    this_node: {{name: {node}, host: 127.0.0.1}}
    nodes: [{routes}]
  grpc:
    listen: 127.0.0.1:{grpc_port}
    tls: {{ca_file: {ca}, cert_file: {cert}, key_file: {key}}}
  http: {{listen: 127.0.0.1:{http_port}}}
  ipc: {{path: {ipc}}}
  data_dir: {data}
",
            postgres_port = self.postgres_port,
            database = text(self.database),
            password = path(self.password_file),
            bin = path(self.bin_dir),
            node = text(self.node),
            routes = self.routes.iter().map(route).collect::<Vec<_>>().join(", "),
            grpc_port = self.grpc_port,
            ca = path(&self.certificates.join("ca.crt")),
            cert = of_node("crt"),
            key = of_node("key"),
            http_port = self.http_port,
            ipc = path(&super::daemon::ipc(self.folder)),
            data = path(&self.folder.join("data")),
        )
    }
}
