use crate::commands::plan;
use crate::context::Context;
use crate::error::CliError;
use steep_ipc::{Exit, NodeAdd, Request};

/// Arguments of `node add`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// `host:port` of the joining node's daemon (gRPC, usually port 5433).
    #[arg(value_name = "HOST:PORT", value_parser = address)]
    address: String,
    /// Tables copied at a time; without it, as many as the joining machine has cores, at most 8.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// Check everything, change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// `host:port`, with an IPv6 address in brackets; without a port, the usual one.
fn address(text: &str) -> Result<String, String> {
    let wrong = || "expected host:port, such as db2.example.com:5433 or [::1]:5433".to_owned();
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.split_once(']').ok_or_else(wrong)?;
            inside.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
            (
                format!("[{inside}]"),
                after.strip_prefix(':').or((after.is_empty()).then_some("5433")),
            )
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (text.to_owned(), Some("5433")),
        },
    };
    let port: u16 = port.and_then(|port| port.parse().ok()).ok_or_else(wrong)?;
    let strange = |char: char| char.is_whitespace() || matches!(char, '/' | '@');
    if port == 0 || host.is_empty() || host.contains(strange) {
        return Err(wrong());
    }
    Ok(format!("{host}:{port}"))
}

pub(super) async fn run(args: Args, context: &mut Context) -> Result<Exit, CliError> {
    let Args { address, jobs, dry_run } = args;
    let request = Request::NodeAdd(NodeAdd { address, jobs, dry_run });
    plan::carry_out(&request, dry_run, context).await
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for (text, whole) in [
            ("db2:5500", "db2:5500"),
            ("db2.example.com", "db2.example.com:5433"),
            ("[::1]", "[::1]:5433"),
            ("[fe80::1]:1", "[fe80::1]:1"),
        ] {
            assert_eq!(address(text).as_deref(), Ok(whole));
        }
        for wrong in [
            "",
            ":1",
            "a:",
            "a:0",
            "a:70000",
            "::1",
            "[x]:1",
            "[::1",
            "[::1]1",
            "http://a:1",
            "a b:1",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
