//! One file for each command: its arguments, what it asks, how the answer looks.

mod completions;
pub(crate) mod config;
pub(crate) mod conflict;
mod health;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod node;
mod plan;
pub(crate) mod range;
pub(crate) mod slot;
mod status;
pub(crate) mod sub;
pub(crate) mod table;
pub(crate) mod tls;
pub(crate) mod watch;

use crate::cli::Command;
use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::clean;
use serde::Serialize;
use steep_ipc::{Exit, Request, Response};

/// Does what the command says.
pub(crate) async fn run(command: Command, context: &mut Context) -> Result<Exit, CliError> {
    match command {
        Command::Init(args) => init::run(args, context).await,
        Command::Status => status::run(context).await,
        Command::Health => health::run(context).await,
        Command::Watch(args) => watch::run(args, context).await,
        Command::Node(command) => node::run(command, context).await,
        Command::Table(command) => table::run(command, context).await,
        Command::Range(command) => range::run(command, context).await,
        Command::Conflict(command) => conflict::run(command, context).await,
        Command::Sub(command) => sub::run(command, context).await,
        Command::Slot(command) => slot::run(command, context).await,
        Command::Tls(command) => tls::run(command, context),
        Command::Config(command) => config::run(command, context),
        Command::Completions { shell } => completions::run(shell, context),
        Command::Man(args) => man::run(&args, context),
    }
}

/// What a command that only succeeds answers.
#[derive(Debug, Serialize)]
struct Message {
    message: String,
}

/// Sends a command that only succeeds, and says what was done.
async fn tell(request: &Request, context: &mut Context) -> Result<Exit, CliError> {
    let answer = context.ask(request).await?;
    let message = answer_of!(answer, "command", Response::Message { message } => message)?;
    context
        .printer
        .answer(&Message { message }, |answer, printer| printer.line(clean(&answer.message)))?;
    Ok(Exit::Done)
}
