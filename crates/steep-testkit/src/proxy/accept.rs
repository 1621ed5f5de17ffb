//! Who comes to a proxy, and the threads that serve them.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::direction::{TO_CLIENT, TO_SERVER};
use super::pipe::Pipe;
use super::rules::{Rules, reset};

/// On one machine a connection is made or refused at once; more is a full queue of the target.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves until the proxy is closed, and then waits for every connection's threads.
pub(super) fn accept(listener: &TcpListener, target: SocketAddr, rules: &Arc<Rules>) {
    let mut served: Vec<JoinHandle<()>> = Vec::new();
    for client in listener.incoming() {
        if rules.is_closed() {
            break;
        }
        // Whoever has gone again before being accepted needs nothing.
        let Ok(client) = client else { continue };
        let rules = Arc::clone(rules);
        served.retain(|thread| !thread.is_finished());
        served.push(thread::spawn(move || serve(&client, target, &rules)));
    }
    for thread in served {
        // A panic of that thread has been printed.
        let _ = thread.join();
    }
}

fn serve(client: &TcpStream, target: SocketAddr, rules: &Rules) {
    if connect(client, target, rules).is_err() {
        reset(client);
    }
}

fn connect(client: &TcpStream, target: SocketAddr, rules: &Rules) -> io::Result<()> {
    let server = &TcpStream::connect_timeout(&target, CONNECT_TIMEOUT)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let streams = [client.try_clone()?, server.try_clone()?];
    let Some(id) = rules.admit(streams) else { return Ok(()) };
    thread::scope(|scope| {
        let to_server = Pipe { rules, id, way: TO_SERVER, from: client, to: server };
        let to_client = Pipe { rules, id, way: TO_CLIENT, from: server, to: client };
        scope.spawn(move || to_server.run());
        to_client.run();
    });
    rules.forget(id);
    Ok(())
}
