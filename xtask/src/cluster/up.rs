//! `cluster up`: all the nodes, or nothing.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use steep_testkit::{
    GuardedFolder, PgCluster, PgClusterBuilder, PortError, SUPERUSER, postgres,
    server_user_can_enter,
};

use super::description::{Description, FILE, Link, Node};
use super::{Topology, UpOptions};
use crate::ext;
use crate::project::Project;
use crate::say;

/// A command that is interrupted leaves nothing: what it made goes with it, until the very end.
pub(super) fn run(project: &Project, options: &UpOptions) -> Result<()> {
    refuse_what_comes_later(options)?;
    let folder = check_folder(&options.dir)?;
    let ports = check_ports(options)?;
    ext::provide(project, &[options.pg])?;

    say::progress(format!("starting {} nodes of PostgreSQL {}", options.nodes, options.pg));
    let guard = GuardedFolder::create(&folder).with_context(|| cannot_make(&folder))?;
    let nodes = PgClusterBuilder::start_all(&builders(options, guard.path(), &ports))?;
    for node in &nodes {
        // Nobody tests what these log.
        node.expect_log("");
    }
    for node in &nodes {
        prepare(node, &nodes, &options.database)?;
    }
    describe(&nodes, &options.database).write(guard.path())?;
    for node in nodes {
        let name = node.name().to_owned();
        let detached = node.detach()?;
        say::progress(format!("node {name}: port {}, process {}", detached.port, detached.pid));
    }
    let path = guard.path().join(FILE);
    guard.keep().with_context(|| cannot_make(&folder))?;
    say::answer(path.display());
    Ok(())
}

fn refuse_what_comes_later(options: &UpOptions) -> Result<()> {
    if options.topology == Topology::Star {
        bail!("--topology star comes with joined replication; so far nodes are not joined at all");
    }
    if options.proxies {
        bail!("--proxies comes with joined replication; so far no node connects to another");
    }
    Ok(())
}

/// The absolute path of the folder, whose parent the servers can reach.
fn check_folder(dir: &Path) -> Result<PathBuf> {
    let folder = std::path::absolute(dir).with_context(|| format!("{dir:?} is no folder"))?;
    let parent = folder.parent().with_context(|| format!("{dir:?} is the root folder"))?;
    if !parent.is_dir() {
        bail!("there is no folder {}; make it first", parent.display());
    }
    if folder.join(FILE).exists() {
        bail!(
            "{} has clusters already; run `cargo xtask cluster down --dir {}`, or choose another",
            folder.display(),
            dir.display()
        );
    }
    if !server_user_can_enter(parent)? {
        bail!(
            "the OS user that runs the servers cannot enter {}; choose another --dir (below \
             /var/tmp, for example), or open the folders above it (chmod a+x)",
            parent.display()
        );
    }
    Ok(folder)
}

fn cannot_make(folder: &Path) -> String {
    format!("cannot use {}; choose a --dir that is empty or not there yet", folder.display())
}

/// The wanted port of each node, all free at this moment.
fn check_ports(options: &UpOptions) -> Result<Vec<Option<u16>>> {
    let Some(base) = options.port_base else {
        return Ok(vec![None; usize::from(options.nodes)]);
    };
    let mut ports = Vec::new();
    for step in 0..options.nodes {
        let port = base.checked_add(step).with_context(|| {
            format!("--port-base {base} is too high: ports end at {}", u16::MAX)
        })?;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => ports.push(Some(port)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(PortError::Busy { port }.into());
            }
            Err(error) => {
                return Err(error).with_context(|| {
                    format!("port {port} of 127.0.0.1 cannot be used; choose another --port-base")
                });
            }
        }
    }
    Ok(ports)
}

fn builders(options: &UpOptions, folder: &Path, ports: &[Option<u16>]) -> Vec<PgClusterBuilder> {
    let builder = |(name, port): (char, &Option<u16>)| {
        let name = name.to_string();
        let builder = PgCluster::builder(options.pg).with_extension().folder(folder.join(&name));
        let builder = builder.name(name);
        port.map_or(builder.clone(), |port| builder.port(port))
    };
    ('a'..='z').zip(ports).map(builder).collect()
}

/// Creates the extension and tells the node who it is and who the others are.
fn prepare(node: &PgCluster, nodes: &[PgCluster], database: &str) -> Result<()> {
    let exists = node
        .query(SUPERUSER, "select datname from pg_catalog.pg_database")?
        .into_iter()
        .flatten()
        .flatten()
        .any(|present| present == database);
    if !exists {
        node.create_database(database)?;
    }
    let mut client = node.try_client(database)?;
    let mut prepare = || -> Result<(), postgres::Error> {
        client.batch_execute("create extension steep_repl")?;
        for other in nodes {
            let port = i32::from(other.port());
            client.execute(
                "select steep_repl.register_node($1, $1, '127.0.0.1', $2)",
                &[&other.name(), &port],
            )?;
        }
        client.execute("select steep_repl.set_node_id($1)", &[&node.name()]).map(drop)
    };
    prepare().with_context(|| {
        format!("node {}: cannot create the extension in database {database:?}", node.name())
    })
}

fn describe(nodes: &[PgCluster], database: &str) -> Description {
    let describe_node = |node: &PgCluster| Node {
        name: node.name().to_owned(),
        // There is no other role yet.
        dsn: node.dsn(database),
        superuser_dsn: node.dsn(database),
        data_dir: node.data_dir(),
        bin_dir: node.server().prefix.join("bin"),
        pg_pid_file: node.data_dir().join("postmaster.pid"),
        daemon_pid: None,
        grpc: None,
        http: None,
        ipc: None,
        config: None,
    };
    let mut links = Vec::new();
    for from in nodes {
        for to in nodes.iter().filter(|to| to.name() != from.name()) {
            let (from, to) = (from.name().to_owned(), to.name().to_owned());
            links.push(Link { from, to, proxy_control: None });
        }
    }
    Description { nodes: nodes.iter().map(describe_node).collect(), links }
}
