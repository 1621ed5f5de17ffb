use crate::context::Context;
use crate::error::CliError;
use crate::printer::{Cell, Printer, Table};
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use steep_ipc::Exit;
use steep_node::tls::{Lifetime, NodeCertificate, init};
use steep_types::NodeId;

/// Arguments of `tls init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder of the authority, and of the new files. Its ca.key signs nodes: keep it off the
    /// nodes.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Nodes to make a certificate for, each with the host names and addresses it shall also carry:
    /// `hq` or `hq=hq.example.com,10.0.0.1`.
    #[arg(required = true, value_name = "NODE[=HOST,…]", value_parser = node)]
    nodes: Vec<NodeCertificate>,
    /// How long the nodes' certificates are valid, in days.
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
}

fn node(text: &str) -> Result<NodeCertificate, String> {
    let (name, hosts) = text.split_once('=').unwrap_or((text, ""));
    let node = NodeId::new(name).map_err(|error| error.to_string())?;
    let hosts = hosts.split(',').filter(|host| !host.is_empty()).map(Into::into).collect();
    Ok(NodeCertificate { node, hosts })
}

#[derive(Debug, Serialize)]
struct Made {
    ca_file: PathBuf,
    ca_key_file: PathBuf,
    is_new_authority: bool,
    nodes: Vec<MadeNode>,
}

#[derive(Debug, Serialize)]
struct MadeNode {
    node: String,
    cert_file: PathBuf,
    key_file: PathBuf,
    not_after: String,
}

pub(super) fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let issued = init(&args.dir, &args.nodes, Lifetime::days(args.days))?;
    let nodes = issued.nodes.into_iter().map(|node| MadeNode {
        node: node.node.to_string(),
        cert_file: node.certificate,
        key_file: node.key,
        not_after: humantime::format_rfc3339_seconds(node.not_after).to_string(),
    });
    let made = Made {
        ca_file: issued.authority,
        ca_key_file: issued.authority_key,
        is_new_authority: issued.is_new_authority,
        nodes: nodes.collect(),
    };
    context.printer.answer(&made, print)?;
    Ok(Exit::Done)
}

fn print(made: &Made, printer: &mut Printer) -> io::Result<()> {
    let mut table = Table::new(["NODE", "CERTIFICATE", "KEY", "VALID UNTIL"]);
    for node in &made.nodes {
        table.row([
            Cell::new(&node.node),
            Cell::new(node.cert_file.display().to_string()),
            Cell::new(node.key_file.display().to_string()),
            Cell::new(&node.not_after),
        ]);
    }
    let what = if made.is_new_authority { "new authority" } else { "authority" };
    printer.line(format_args!("{what}: {}\n", made.ca_file.display()))?;
    printer.table(&table, "")?;
    printer.line("")?;
    printer.line("Each node needs these three, named in its configuration:")?;
    printer.line("  replication.grpc.tls.ca_file    the authority")?;
    printer.line("  replication.grpc.tls.cert_file  its certificate")?;
    printer.line("  replication.grpc.tls.key_file   its key, readable by its daemon only")?;
    let key = made.ca_key_file.display();
    printer.line(format_args!("Keep {key} off the nodes: whoever has it can make nodes."))
}
