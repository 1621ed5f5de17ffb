//! Telling a link what to do: a line in, a line out.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use steep_testkit::Proxy;

use super::Order;

/// The proxies of one link.
pub(super) struct Link(pub(super) [Proxy; 2]);

/// How long either side may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// No order is longer.
const LONGEST: u64 = 64;

const DONE: &str = "ok";

/// Ends the whole process, by whichever link it comes.
const END: &str = "end";

/// Takes orders until the process ends.
pub(super) fn serve(listener: &TcpListener, link: &Arc<Link>) {
    for stream in listener.incoming().flatten() {
        let link = Arc::clone(link);
        // Whoever says nothing holds up nobody.
        let _ = std::thread::Builder::new().spawn(move || take(stream, &link));
    }
}

fn take(mut stream: TcpStream, link: &Link) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new((&stream).take(LONGEST)).read_line(&mut line)?;
    if line.trim() == END {
        writeln!(stream, "{DONE}")?;
        std::process::exit(0);
    }
    match line.parse::<Order>() {
        Ok(order) => {
            link.0.iter().for_each(|proxy| order.carry_out(proxy));
            writeln!(stream, "{DONE}")
        }
        Err(why) => writeln!(stream, "error: {why}"),
    }
}

/// Gives an order to the link at this address.
pub(crate) fn say(control: &str, order: Order) -> Result<()> {
    let stream = TcpStream::connect(control)
        .with_context(|| format!("the proxies are gone: nobody answers at {control}"))?;
    ask(stream, &order.to_string())
}

/// Ends the process of the proxies, if it is still there.
pub(crate) fn end(control: &str) -> Result<()> {
    match TcpStream::connect(control) {
        Ok(stream) => ask(stream, END),
        Err(_) => Ok(()),
    }
}

fn ask(mut stream: TcpStream, line: &str) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    writeln!(stream, "{line}")?;
    let mut answer = String::new();
    BufReader::new(stream.take(4 * LONGEST)).read_line(&mut answer)?;
    match answer.trim_end() {
        DONE => Ok(()),
        other => bail!("the link does not do \"{line}\": {other:?}"),
    }
}
