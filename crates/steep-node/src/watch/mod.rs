//! Watching: what this node, its links and its peers are like, looked at every few seconds.
//!
//! [`Watcher::start`] starts a task that gathers [`Facts`] over a connection of its own, lets the
//! pure functions of [`checks`] judge them, and keeps the latest [`Snapshot`] for whoever asks:
//! status, health and metrics are all made of it. What changed from one look to the next becomes an
//! [`steep_ipc::Event`].
//!
//! # States
//!
//! | state of the node | means |
//! |---|---|
//! | `postgres_away` | the last look failed; what is shown of the database is what was last known |
//! | `uninitialized` | no extension, or no identity |
//! | `joining`, `leaving` | what `steep_repl.nodes` says of this node |
//! | `paused` | every subscription is disabled |
//! | `online` | all else |
//!
//! # Contract
//!
//! * A look is never waited for longer than [`Settings::look_timeout`]; while PostgreSQL is away it
//!   is tried again with growing waits that never exceed [`Settings::interval`].
//! * A change is in the snapshot within two intervals. [`Watcher::look_now`] shortens that.
//! * A repair is made only where it cannot lose anything: see [`repair`].

mod certificates;
pub mod checks;
mod daemons;
mod data_folder;
mod driver;
mod error_text;
mod events;
mod facts;
mod gather;
mod memory;
mod peers;
mod rates;
pub mod repair;
mod settings;
mod snapshot;
mod state;
mod status;
mod time;

pub use self::certificates::{AskCertificates, Certificate, CertificateOwner, Certificates};
pub use self::daemons::Daemons;
pub use self::data_folder::DataFolder;
pub use self::driver::{Subscriber, Watcher};
pub use self::facts::Facts;
pub use self::memory::Memory;
pub use self::peers::{AskPeer, BoxFuture, NoAnswer, PeerAddress, PeerAnswer, PeerHealth};
pub use self::settings::Settings;
pub use self::snapshot::{Links, Snapshot};
pub use self::time::now_rfc3339;
