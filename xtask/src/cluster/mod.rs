//! `cargo xtask cluster`: nodes to try things on, which outlive the command.

mod description;
mod down;
mod link;
pub(crate) mod links;
mod status;
mod up;

pub(crate) use self::up::{join, leave_running, make_database};

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use steep_testkit::Major;

use crate::command::major;
use crate::project::Project;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start joined nodes with daemons, and describe them in DIR/cluster.json
    Up(UpOptions),
    /// Stop the nodes and remove the folder; does nothing when there are none
    Down(Folder),
    /// Say which nodes run; exit code 1 when one does not
    Status(StatusOptions),
    /// Cut, heal, silence or delay a link; the nodes were started with --proxies
    Link(LinkOptions),
    /// The process of the proxies, which `up` starts
    #[command(hide = true)]
    Links,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UpOptions {
    /// How many nodes
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=26))]
    nodes: u16,
    /// Their PostgreSQL major; or one for each node, as 16,17,18
    #[arg(long, default_value = "18", value_delimiter = ',', value_parser = major)]
    pg: Vec<Major>,
    /// A folder for everything, which must be empty or not there
    #[arg(long)]
    dir: PathBuf,
    /// Which nodes replicate from which
    #[arg(long, value_enum, default_value_t = Topology::Mesh)]
    topology: Topology,
    /// Put a proxy on every link, which can cut and delay it
    #[arg(long)]
    proxies: bool,
    /// The database that has the extension
    #[arg(long, default_value = "postgres")]
    database: String,
    /// The first node's port; the others have the ports after it. By default any free ones
    #[arg(long)]
    port_base: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Topology {
    /// Every node from every other
    Mesh,
    /// Every node from the first, and the first from every other
    Star,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Folder {
    /// The folder that `cluster up` was given
    #[arg(long)]
    dir: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StatusOptions {
    #[command(flatten)]
    folder: Folder,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LinkOptions {
    #[command(flatten)]
    folder: Folder,
    /// The node whose writes and answers travel on the link
    #[arg(long)]
    from: String,
    /// The node that they travel to, which connects to the other one
    #[arg(long)]
    to: String,
    #[command(subcommand)]
    order: links::Order,
}

pub(crate) fn run(project: &Project, command: Command) -> Result<ExitCode> {
    match command {
        Command::Up(options) => up::run(project, &options)?,
        Command::Down(folder) => down::run(&folder.dir)?,
        Command::Status(options) => return status::run(&options.folder.dir, options.json),
        Command::Link(options) => link::run(&options)?,
        Command::Links => links::serve()?,
    }
    Ok(ExitCode::SUCCESS)
}
