//! The process of the proxies.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use steep_testkit::Proxy;

use super::control::{self, Link};
use super::{KEEP, Proxied, Way};

/// Reads the ways from standard input, answers with the proxies, and goes on until it is told to end. If
/// whoever started it ends without saying that they are to be kept, it ends, too.
pub(crate) fn serve() -> Result<()> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    let ways: Vec<Way> = serde_json::from_str(&line).context("no list of links")?;
    let mut all = Vec::new();
    for way in ways {
        let to = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let proxies = [Proxy::start(to(way.postgres))?, Proxy::start(to(way.grpc))?];
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
        all.push(Proxied {
            from: way.from,
            to: way.to,
            postgres: proxies[0].port(),
            grpc: proxies[1].port(),
            control: listener.local_addr()?.to_string(),
        });
        let link = Arc::new(Link(proxies));
        std::thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || control::serve(&listener, &link))?;
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "{}", serde_json::to_string(&all)?)?;
    stdout.flush()?;
    line.clear();
    io::stdin().read_line(&mut line)?;
    if line.trim_end() == KEEP {
        loop {
            std::thread::park();
        }
    }
    Ok(())
}
