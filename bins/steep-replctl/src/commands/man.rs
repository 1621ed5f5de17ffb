use crate::context::Context;
use crate::error::CliError;
use std::fs;
use std::path::PathBuf;
use steep_ipc::Exit;

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder to write them into, one page for each command.
    dir: PathBuf,
}

pub(crate) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let written = |source| CliError::Write { path: args.dir.clone(), source };
    fs::create_dir_all(&args.dir).map_err(written)?;
    // Long lines of help are the reader's to wrap.
    clap_mangen::generate_to(crate::command(), &args.dir).map_err(written)?;
    let folder = args.dir.display().to_string();
    context.printer.answer(&super::Message { message: folder }, |answer, printer| {
        printer.line(format_args!("manual pages are in {}", answer.message))
    })?;
    Ok(Exit::Done)
}
