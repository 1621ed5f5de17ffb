//! Links that can be cut: `cluster up --proxies` puts two proxies on each way from one node to another, one
//! before the PostgreSQL and one before the daemon. They live in a process of their own, which outlives
//! the command as the nodes do, and each link takes commands on a port of its own: a line in, a line out.

mod child;
mod control;
mod order;

pub(crate) use self::child::serve;
pub(super) use self::control::{end, say};
pub(super) use self::order::Order;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::platform;

/// The way by which `to` reaches `from`, and where it leads.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Way {
    pub(super) from: String,
    pub(super) to: String,
    /// Port of the PostgreSQL of `from`.
    pub(super) postgres: u16,
    /// Port of the daemon of `from`.
    pub(super) grpc: u16,
}

/// The same way through proxies.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Proxied {
    pub(super) from: String,
    pub(super) to: String,
    /// Where `to` reaches the PostgreSQL of `from`.
    pub(super) postgres: u16,
    /// Where `to` reaches the daemon of `from`.
    pub(super) grpc: u16,
    /// Where the link takes commands.
    pub(super) control: String,
}

/// The process of the proxies. It ends with this, unless it is kept.
#[derive(Debug)]
pub(crate) struct Links {
    child: Child,
    /// As long as it is open the process waits for a word.
    stdin: ChildStdin,
    pub(super) all: Vec<Proxied>,
}

/// The subcommand that is the process.
pub(super) const COMMAND: &str = "links";

/// What it is told when it is to outlive whoever started it.
const KEEP: &str = "keep";

impl Links {
    pub(super) fn start(ways: &[Way]) -> Result<Self> {
        let program = std::env::current_exe().context("this program does not know its own path")?;
        let mut command = Command::new(program);
        command.args(["cluster", COMMAND]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // A Ctrl-C in the terminal is for the command, which ends its proxies itself.
        platform::own_group(&mut command);
        let mut child = command.spawn().context("the proxies cannot be started")?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let started = (|| {
            let (mut stdin, stdout) =
                stdin.zip(stdout).context("the proxies cannot be talked to")?;
            writeln!(stdin, "{}", serde_json::to_string(ways)?)?;
            let mut answer = String::new();
            BufReader::new(stdout).read_line(&mut answer)?;
            let all = serde_json::from_str(&answer).context("the proxies did not start")?;
            Ok::<_, anyhow::Error>((stdin, all))
        })();
        match started {
            Ok((stdin, all)) => Ok(Self { child, stdin, all }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// They outlive this.
    pub(super) fn keep(mut self) -> Result<Vec<Proxied>> {
        writeln!(self.stdin, "{KEEP}").context("the proxies have ended")?;
        Ok(std::mem::take(&mut self.all))
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        // Kept: there is nothing in the list.
        if !self.all.is_empty() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
