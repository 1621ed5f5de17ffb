//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use steep_ipc_tokio::Level;

/// Replicates a PostgreSQL database with its peers.
#[derive(Debug, Parser)]
#[command(name = "steep-repl", version, propagate_version = true)]
pub(crate) struct Cli {
    /// Configuration file, instead of the one at the usual place.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Install the daemon as a service of this machine or this user.
    Install(Install),
    /// Remove the service; configuration and data stay.
    Uninstall(Whose),
    /// Start the installed service.
    Start(Whose),
    /// Stop the service, after it has finished what is in flight.
    Stop(Whose),
    /// Say how the service and the daemon are.
    Status(Status),
    /// Run the daemon in this process until it is told to stop.
    Run(Run),
    /// Print the version.
    Version(Form),
    /// Print the health of the running daemon as JSON; exits with 1 while it is critical.
    Health,
    /// The configuration.
    #[command(subcommand)]
    Config(Config),
    /// Write the manual pages.
    Man {
        /// The folder to write them into, one page for each command.
        dir: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, Args)]
#[group(multiple = false)]
pub(crate) struct Whose {
    /// A service of the machine, which is the default.
    #[arg(long)]
    pub(crate) system: bool,
    /// A service of this user.
    #[arg(long)]
    pub(crate) user: bool,
}

impl Whose {
    pub(crate) fn level(self) -> Level {
        if self.user { Level::User } else { Level::System }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// OS user that a service of the machine runs as.
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    pub(crate) run_as: Option<String>,
    /// Print what would be installed, and install nothing.
    #[arg(long)]
    pub(crate) print: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) whose: Whose,
    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// The service manager of Windows has started it.
    #[arg(long, hide = true)]
    pub(crate) as_service: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Form {
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print every value and where it comes from.
    Explain(Form),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    /// Every command with the words that lead to it.
    fn commands(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
        found.push((path.to_owned(), command.clone()));
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            commands(inner, &format!("{path}-{}", inner.get_name()), found);
        }
    }

    fn all() -> Vec<(String, clap::Command)> {
        let mut command = Cli::command();
        command.build();
        let mut found = Vec::new();
        commands(&command, "steep-repl", &mut found);
        found
    }

    #[test]
    fn every_command_has_help() {
        let all = all();
        assert!(all.len() > 10, "{all:?}");
        for (name, mut command) in all {
            insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(
                    format!("help-{name}"),
                    command.render_long_help().to_string().replace(".exe", "")
                );
            });
        }
    }

    #[test]
    fn every_command_has_a_manual_page() {
        let folder = tempfile::tempdir().unwrap();
        crate::commands::man::write(&folder.path().join("man1")).unwrap();
        for (name, _) in all() {
            let page = folder.path().join("man1").join(format!("{name}.1"));
            let text = std::fs::read_to_string(&page).unwrap();
            assert!(text.contains("steep"), "{}", page.display());
        }
    }

    #[test]
    fn a_service_is_the_machine_s_or_the_user_s() {
        assert!(Cli::try_parse_from(["steep-repl", "start", "--user", "--system"]).is_err());
        assert!(Cli::try_parse_from(["steep-repl", "run", "--config", "x.yaml"]).is_ok());
    }
}
