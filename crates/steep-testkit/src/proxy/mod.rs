//! A TCP proxy that a test can pause, cut and delay.

mod accept;
mod direction;
mod pipe;
mod rules;

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

pub use self::direction::Direction;
use self::rules::Rules;

/// Why there is no proxy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The operating system gave no port to listen on, or no thread.
    #[error("cannot start a proxy to {target}")]
    Start {
        /// Where the proxy was to lead.
        target: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
}

/// A link to one server, which works until the test says otherwise.
///
/// What is said holds for the connections there are and for those to come. Dropping the proxy
/// resets its connections and ends its threads.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    target: SocketAddr,
    rules: Arc<Rules>,
    acceptor: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens on a port of 127.0.0.1 and connects whoever comes with `target`.
    ///
    /// # Errors
    /// When the operating system gives no port or no thread.
    pub fn start(target: SocketAddr) -> Result<Self, ProxyError> {
        let rules = Arc::new(Rules::default());
        let shared = Arc::clone(&rules);
        let start = || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let address = listener.local_addr()?;
            let acceptor = std::thread::Builder::new()
                .name("proxy".to_owned())
                .spawn(move || accept::accept(&listener, target, &shared))?;
            Ok((address, Some(acceptor)))
        };
        let (address, acceptor) = start().map_err(|source| ProxyError::Start { target, source })?;
        Ok(Self { address, target, rules, acceptor })
    }

    /// The port to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address to connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the proxy leads.
    #[must_use]
    pub fn target(&self) -> SocketAddr {
        self.target
    }

    /// Holds what flows in this direction back; the connections stay, and senders feel it when
    /// the buffers on the way are full.
    pub fn pause(&self, direction: Direction) {
        self.rules.change(direction, |way| way.is_paused = true);
    }

    /// Lets go what [`pause`](Self::pause) held back.
    pub fn resume(&self, direction: Direction) {
        self.rules.change(direction, |way| way.is_paused = false);
    }

    /// Lets nothing through in this direction until [`heal`](Self::heal), and resets every new
    /// connection.
    ///
    /// Both directions: existing connections are reset too. One direction: they stay open, and
    /// what they carry in it is lost, as when packets get lost one way; those that lost something
    /// are reset by `heal`.
    pub fn cut(&self, direction: Direction) {
        self.rules.change(direction, |way| way.is_cut = true);
    }

    /// Ends [`cut`](Self::cut).
    pub fn heal(&self, direction: Direction) {
        self.rules.change(direction, |way| way.is_cut = false);
    }

    /// Lets every byte in this direction arrive this much later; zero ends it.
    ///
    /// A pipe of one mebibyte per connection holds what is under way, which bounds the throughput
    /// of a delayed link.
    pub fn delay(&self, direction: Direction, delay: Duration) {
        self.rules.change(direction, |way| way.delay = delay);
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.rules.connections()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.rules.close();
        // Wakes the acceptor, which waits for somebody to come.
        if let Ok(stream) = TcpStream::connect(self.address) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(acceptor) = self.acceptor.take() {
            // A panic of that thread has been printed; nothing is left to do about it.
            let _ = acceptor.join();
        }
    }
}
