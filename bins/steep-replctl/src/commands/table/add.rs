use crate::commands::plan;
use crate::context::Context;
use crate::error::CliError;
use clap::builder::PossibleValuesParser;
use steep_conflict::{Detection, Strategy};
use steep_ipc::{Exit, Request, TableAdd};
use steep_types::NodeId;

/// Arguments of `table add`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tables as `schema.table`, or patterns with `*` and `?`.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<String>,
    /// Which of two concurrent writes of a row stays; without it, what the configuration says.
    #[arg(long, value_parser = PossibleValuesParser::new(Strategy::ALL.map(Strategy::name)))]
    strategy: Option<String>,
    /// How concurrent writes are told from others; without it, what the strategy needs.
    #[arg(long, value_parser = PossibleValuesParser::new(
        [Detection::Default, Detection::Exact].map(Detection::name)
    ))]
    detection: Option<String>,
    /// For the strategy node_priority: nodes, separated by commas, first wins.
    #[arg(long, value_name = "NODES", value_delimiter = ',')]
    node_order: Option<Vec<NodeId>>,
    /// Check on every node, change nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { tables, strategy, detection, node_order, dry_run } = args;
    let node_order =
        node_order.map(|nodes| nodes.iter().map(ToString::to_string).collect::<Vec<_>>());
    if node_order.is_some() && strategy.as_deref() != Some(Strategy::NodePriority.name()) {
        return Err(CliError::Usage {
            message: "--node-order belongs to the strategy node_priority".into(),
            hint: Some("give --strategy node_priority as well"),
        });
    }
    let request = Request::TableAdd(TableAdd { tables, strategy, detection, node_order, dry_run });
    plan::carry_out(&request, dry_run, context).await
}
