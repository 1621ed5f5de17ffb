use crate::commands::sub;
use crate::context::{Context, answer_of};
use crate::error::CliError;
use crate::printer::{Printer, Tone, clean, describe};
use std::io;
use steep_ipc::{Exit, JobStatus, NodeStatus, PeerStatus, Request, Response};
use steep_types::NodeId;

/// Arguments of `node status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only the link to this peer; ends with 1 if there is none.
    node: Option<NodeId>,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let answer = context.ask(&Request::Status).await?;
    let status = answer_of!(answer, "status", Response::Status(status) => status)?;
    let Some(node) = args.node else {
        context.printer.answer(&status, print)?;
        return Ok(Exit::Done);
    };
    let peer = status.peers.into_iter().find(|peer| peer.node == node.as_str());
    context.printer.answer(&peer, |peer, printer| match peer {
        Some(peer) => print_links(std::slice::from_ref(peer), printer),
        None => printer.line(format_args!("this node has no peer {node}")),
    })?;
    Ok(if peer.is_some() { Exit::Done } else { Exit::No })
}

fn print(status: &NodeStatus, printer: &mut Printer) -> io::Result<()> {
    print_links(&status.peers, printer)?;
    match &status.job {
        Some(job) => {
            printer.heading("Job")?;
            print_job(job, printer)
        }
        None => Ok(()),
    }
}

fn print_links(peers: &[PeerStatus], printer: &mut Printer) -> io::Result<()> {
    printer.table(&sub::links(peers), "no peers")?;
    sub::print_errors(peers.iter().filter_map(|peer| peer.incoming.as_ref()), printer)
}

/// Kind, state and progress of a job, and why it failed.
pub(in crate::commands) fn print_job(job: &JobStatus, printer: &mut Printer) -> io::Result<()> {
    let tone = match job.state.as_str() {
        "done" => Tone::Good,
        "failed" => Tone::Bad,
        _ => Tone::Look,
    };
    let (kind, id, state) = (clean(&job.kind), clean(&job.id), tone.paint(clean(&job.state)));
    printer.line(format_args!("{kind} {id} {state} {}", describe(&job.progress)))?;
    if let Some(failure) = &job.error {
        let message = clean(&failure.message);
        printer.line(format_args!("{} {message}", Tone::Bad.paint("error:")))?;
        if let Some(hint) = &failure.hint {
            printer.line(format_args!("{} {}", Tone::Good.paint("hint:"), clean(hint)))?;
        }
    }
    Ok(())
}
