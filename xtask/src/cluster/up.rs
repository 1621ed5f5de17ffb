//! `cluster up`: all the nodes, or nothing.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use steep_testkit::{
    GuardedFolder, Major, PgCluster, PgClusterBuilder, PortError, SUPERUSER, server_user_can_enter,
};

use super::description::{Description, FILE, Link, Node};
use super::links::{Links, Proxied, Way};
use super::{Topology, UpOptions};
use crate::daemons::{Daemon, Described, Ports, Programs, Route};
use crate::project::Project;
use crate::{ext, process, say};

/// A command that is interrupted leaves nothing: what it made goes with it, until the very end.
pub(super) fn run(project: &Project, options: &UpOptions) -> Result<()> {
    refuse_what_comes_later(options)?;
    let majors = majors(options)?;
    let folder = check_folder(&options.dir)?;
    let ports = check_ports(options)?;
    ext::provide(project, &crate::command::all_if_none(majors.clone()))?;
    let programs = Programs::build(project)?;

    say::progress(format!("starting {} nodes", options.nodes));
    let guard = GuardedFolder::create(&folder).with_context(|| cannot_make(&folder))?;
    let builders = builders(&majors, guard.path(), &ports);
    let nodes = PgClusterBuilder::start_all(&builders)?;
    for node in &nodes {
        // Nobody tests what these log.
        node.expect_log("");
        make_database(node, &options.database)?;
    }
    let ports = free_ports(&nodes)?;
    // A node alone has none.
    let has_links = options.proxies && nodes.len() > 1;
    let links = has_links.then(|| Links::start(&ways(&nodes, &ports))).transpose()?;
    let proxied = links.as_ref().map_or(&[][..], |links| &links.all);
    let daemons = join_on(&programs, guard.path(), (&nodes, &options.database), &ports, proxied)?;
    leave_running(guard, nodes, daemons, &options.database, links)
}

/// Writes the description down; from here on `cluster down` ends everything.
pub(crate) fn leave_running(
    guard: GuardedFolder,
    nodes: Vec<PgCluster>,
    daemons: Vec<Daemon>,
    database: &str,
    links: Option<Links>,
) -> Result<()> {
    let proxied = links.map(Links::keep).transpose()?.unwrap_or_default();
    let described = daemons.into_iter().map(Daemon::keep).collect::<Vec<_>>();
    describe(&nodes, &described, database, &proxied).write(guard.path())?;
    for (node, daemon) in nodes.into_iter().zip(&described) {
        let name = node.name().to_owned();
        let detached = node.detach()?;
        say::progress(format!(
            "node {name}: port {}, process {}; daemon {}, http://{}",
            detached.port, detached.pid, daemon.pid, daemon.http
        ));
    }
    let path = guard.path().join(FILE);
    let folder = guard.path().to_owned();
    guard.keep().with_context(|| cannot_make(&folder))?;
    say::answer(path.display());
    Ok(())
}

/// The major of each node.
fn majors(options: &UpOptions) -> Result<Vec<Major>> {
    let count = usize::from(options.nodes);
    match options.pg.as_slice() {
        [major] => Ok(vec![*major; count]),
        majors if majors.len() == count => Ok(majors.to_vec()),
        majors => bail!(
            "--pg names {} majors for {count} nodes; give one for all, or one for each",
            majors.len()
        ),
    }
}

/// Starts the daemons, makes the first node out of its database, and lets the others join.
pub(crate) fn join(
    programs: &Programs,
    folder: &Path,
    nodes: &[PgCluster],
    database: &str,
) -> Result<Vec<Daemon>> {
    join_on(programs, folder, (nodes, database), &free_ports(nodes)?, &[])
}

/// As [`join`], with daemons on these ports, which reach each other through these proxies.
fn join_on(
    programs: &Programs,
    folder: &Path,
    (nodes, database): (&[PgCluster], &str),
    ports: &[Ports],
    proxied: &[Proxied],
) -> Result<Vec<Daemon>> {
    let certificates = folder.join("tls");
    let mut init = programs.bare_ctl();
    init.args(["tls", "init", "--dir"]).arg(&certificates);
    process::last_line(init.args(nodes.iter().map(PgCluster::name)))?;
    let mut daemons = Vec::new();
    for (node, ports) in nodes.iter().zip(ports) {
        say::progress(format!("node {}: starting its daemon", node.name()));
        let own = proxied.iter().filter(|way| way.to == node.name());
        let route = |way: &Proxied| {
            let Proxied { postgres, grpc, .. } = *way;
            Route { node: way.from.clone(), postgres, grpc }
        };
        let routes: Vec<_> = own.map(route).collect();
        let on = (node, database);
        daemons.push(Daemon::start_on(programs, folder, &certificates, on, *ports, &routes)?);
    }
    if let Some((first, others)) = daemons.split_first() {
        first.must(&["init", "--yes"])?;
        for (daemon, node) in others.iter().zip(&nodes[1..]) {
            say::progress(format!("node {}: joining", node.name()));
            first.must(&["node", "add", &daemon.grpc])?;
        }
    }
    Ok(daemons)
}

fn free_ports(nodes: &[PgCluster]) -> Result<Vec<Ports>> {
    nodes.iter().map(|_| Ports::free()).collect()
}

/// From every node to every other one: by their places.
fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    let all = (0..count).flat_map(move |from| (0..count).map(move |to| (from, to)));
    all.filter(|(from, to)| from != to)
}

fn ways(nodes: &[PgCluster], ports: &[Ports]) -> Vec<Way> {
    let way = |(from, to): (usize, usize)| Way {
        from: nodes[from].name().to_owned(),
        to: nodes[to].name().to_owned(),
        postgres: nodes[from].port(),
        grpc: ports[from].grpc,
    };
    pairs(nodes.len()).map(way).collect()
}

fn refuse_what_comes_later(options: &UpOptions) -> Result<()> {
    if options.topology == Topology::Star {
        bail!("--topology star: a node that passes on what another wrote is not there yet");
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

fn builders(majors: &[Major], folder: &Path, ports: &[Option<u16>]) -> Vec<PgClusterBuilder> {
    let builder = |((name, major), port): ((char, &Major), &Option<u16>)| {
        let name = name.to_string();
        let builder = PgCluster::builder(*major).with_extension().folder(folder.join(&name));
        let builder = builder.name(name);
        port.map_or(builder.clone(), |port| builder.port(port))
    };
    ('a'..='z').zip(majors).zip(ports).map(builder).collect()
}

pub(crate) fn make_database(node: &PgCluster, database: &str) -> Result<()> {
    let exists = node
        .query(SUPERUSER, "select datname from pg_catalog.pg_database")?
        .into_iter()
        .flatten()
        .flatten()
        .any(|present| present == database);
    if !exists {
        node.create_database(database)?;
    }
    Ok(())
}

fn describe(
    nodes: &[PgCluster],
    daemons: &[Described],
    database: &str,
    proxied: &[Proxied],
) -> Description {
    let describe_node = |(node, daemon): (&PgCluster, &Described)| Node {
        name: node.name().to_owned(),
        // There is no other role yet.
        dsn: node.dsn(database),
        superuser_dsn: node.dsn(database),
        data_dir: node.data_dir(),
        bin_dir: node.server().prefix.join("bin"),
        pg_pid_file: node.data_dir().join("postmaster.pid"),
        daemon_pid: Some(daemon.pid),
        grpc: Some(daemon.grpc.clone()),
        http: Some(daemon.http.clone()),
        ipc: Some(daemon.ipc.to_string_lossy().into_owned()),
        config: Some(daemon.config.clone()),
    };
    let describe_link = |(from, to): (usize, usize)| {
        let (from, to) = (nodes[from].name().to_owned(), nodes[to].name().to_owned());
        let proxied = proxied.iter().find(|way| way.from == from && way.to == to);
        let proxy_control = proxied.map(|way| way.control.clone());
        Link { from, to, proxy_control }
    };
    Description {
        nodes: nodes.iter().zip(daemons).map(describe_node).collect(),
        links: pairs(nodes.len()).map(describe_link).collect(),
    }
}
