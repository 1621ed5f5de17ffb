use crate::context::Context;
use crate::error::CliError;
use clap_complete::Shell;
use steep_ipc::Exit;

pub(crate) fn run(shell: Shell, context: &mut Context) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::command(), "steep-replctl", &mut script);
    context.printer.raw(&script)?;
    Ok(Exit::Done)
}
