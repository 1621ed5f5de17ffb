use crate::commands::tell;
use crate::confirm::confirm;
use crate::context::Context;
use crate::error::CliError;
use std::time::Duration;
use steep_ipc::{Exit, RangeBypass, Request};

/// Arguments of `range bypass`.
///
/// It is a setting that sessions begin with: those that run keep what they have. To let one session write
/// any id: `set steep_repl.bypass_range_check = on` in it.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["enable", "disable"]))]
pub(crate) struct Args {
    /// Let sessions that begin from now on write any id, until they end.
    #[arg(long)]
    enable: bool,
    /// Check sessions that begin from now on.
    #[arg(long)]
    disable: bool,
    /// Only sessions of this role; without it, all of the database.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// With --enable: only sessions that begin within this time.
    #[arg(long, value_name = "TIME", conflicts_with = "disable", value_parser = duration)]
    duration: Option<Duration>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// Longer than anybody imports.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let allowed = Duration::from_secs(1)..=LONGEST;
    if allowed.contains(&duration) { Ok(duration) } else { Err("expected 1s to 30d".into()) }
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { enable, role, duration, yes, .. } = args;
    if enable {
        let whose = role.as_ref().map_or("every session of the database".to_owned(), |role| {
            format!("every session of role {role}")
        });
        let question = format!("Let {whose} that begins from now on write any id?");
        confirm(yes, "range bypass --enable", &question)?;
    }
    let seconds = duration.map(|duration| duration.as_secs());
    tell(&Request::RangeBypass(RangeBypass { enable, role, seconds }), context).await
}
