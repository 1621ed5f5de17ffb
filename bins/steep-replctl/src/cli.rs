use crate::commands::{config, conflict, init, man, node, range, slot, sub, table, tls, watch};
use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

/// Bidirectional replication of PostgreSQL: what nodes, tables and conflicts do, and what they shall
/// do.
#[derive(Debug, Parser)]
#[command(
    name = "steep-replctl",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    subcommand_required = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 the answer is no, 2 usage, 3 unreachable, 4 refused by state \
                  or permission, 70 a bug."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Print JSON.
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// Read this configuration file instead of the usual one.
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) config: Option<PathBuf>,
    /// Talk to the daemon at this socket or pipe instead of the configured or usual one.
    #[arg(long, global = true, value_name = "PATH", help_heading = "Global options")]
    pub(crate) socket: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make this database the first node of a group.
    Init(init::Args),
    /// Show this node, its links and what needs a look.
    Status,
    /// Show every check of this node; ends with 1 if one is critical.
    Health,
    /// Show the status and draw it anew until Ctrl-C.
    Watch(watch::Args),
    /// Nodes of the group: let join, take out, list, pause.
    #[command(subcommand)]
    Node(node::Command),
    /// Tables: replicate, leave out, list.
    #[command(subcommand)]
    Table(table::Command),
    /// Identity ranges: where the keys that this node generates come from.
    #[command(subcommand)]
    Range(range::Command),
    /// Conflicting writes: list, show, resolve, take back.
    #[command(subcommand)]
    Conflict(conflict::Command),
    /// Subscriptions of this node to its peers.
    #[command(subcommand)]
    Sub(sub::Command),
    /// Replication slots that peers hold on this node.
    #[command(subcommand)]
    Slot(slot::Command),
    /// Certificates for the daemons.
    #[command(subcommand)]
    Tls(tls::Command),
    /// The configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the manual pages.
    Man(man::Args),
}

/// The whole command line, as clap describes it.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}
