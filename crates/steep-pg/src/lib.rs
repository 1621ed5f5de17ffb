//! What steep-repl asks of a PostgreSQL server, one module for each catalog or feature.
//!
//! The crate connects ([`Server`], [`Pool`], [`Listener`]) and asks; it decides nothing. What a
//! function returns is plain data, the same on PostgreSQL 16, 17 and 18.
//!
//! # Contract
//!
//! * Every session has the application name `steep-repl`, an empty `search_path`, a
//!   `statement_timeout` and times in UTC; every query names the schema of what it asks for.
//! * A secret is never shown: not by `Debug`, not by an error.
//! * An error says who has to do something about it: [`PgError::class`].
//! * Points in time are text as RFC 3339 has it, in UTC.
//!
//! # Example
//!
//! ```no_run
//! # async fn example() -> Result<(), steep_pg::PgError> {
//! let settings = steep_pg::Settings::new("localhost", 5432, "postgres", "postgres");
//! let server = steep_pg::Server::new(settings)?;
//! let connection = server.connect().await?;
//! for slot in steep_pg::slots::list(&connection).await? {
//!     println!("{} keeps {} bytes", slot.name, slot.retained_bytes);
//! }
//! # Ok(())
//! # }
//! ```

mod backoff;
pub mod conflicts;
mod connection;
mod conninfo;
mod error;
pub mod extension;
pub mod heartbeats;
mod listen;
pub mod nodes;
mod pool;
pub mod publication;
pub mod ranges;
mod rotation;
mod secret;
mod server;
pub mod server_facts;
mod settings;
pub mod slots;
pub mod subscriptions;
pub mod tables;
mod time;
mod tls;

pub use self::backoff::Backoff;
pub use self::connection::Connection;
pub use self::conninfo::Conninfo;
pub use self::error::{Class, PgError, ServerError};
pub use self::listen::{Listener, Notice};
pub use self::pool::{Pool, PoolStatus, Pooled};
pub use self::rotation::ReadSecret;
pub use self::secret::Secret;
pub use self::server::Server;
pub use self::settings::{APPLICATION_NAME, Settings, Tls, TlsMode, TlsModeError};
pub use self::tls::TlsError;
pub use tokio_postgres;
