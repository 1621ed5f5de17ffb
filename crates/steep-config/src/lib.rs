//! Configuration of steep-repl: defaults, file, environment and flags, checked, with the source of
//! each value.
//!
//! The daemon and the command line read the same configuration. A stronger layer replaces single
//! values of a weaker one:
//!
//! 1. defaults,
//! 2. one YAML file: the one that was asked for, else [`default_file`] if it exists,
//! 3. environment variables `STEEP_REPLICATION__<KEY>__<KEY>`: the path of a key in capitals, its
//!    parts joined by two underscores, such as `STEEP_REPLICATION__POSTGRES__HOST`. Lists are
//!    separated by commas; a value that begins with `[` or `{` is read as YAML. Names of tables,
//!    nodes and roles are taken in lower case,
//! 4. flags of a program, each for one key.
//!
//! Everything is checked before anything is used: [`load`] reports all mistakes at once, each with
//! the place it came from, the key and what is allowed there.
//!
//! # Secrets
//! No secret stands in the configuration, only where it is to be had: a variable
//! (`password_env`), a command (`password_command`), a file (`password_file`), or none of them, and
//! then the password file of PostgreSQL's own clients is asked. A key `password` is refused
//! wherever it stands. A [`Secret`] never shows its text, neither in `Debug` nor in `Display`.
//!
//! # What it does not do
//! It connects to nothing and starts nothing, but for the command of a `password_command`, when
//! [`Postgres::password`] is called.
//!
//! ```
//! use steep_config::{Environment, Sources, load};
//!
//! let environment = Environment::from_iter([("STEEP_REPLICATION__POSTGRES__HOST", "db.lan")]);
//! let loaded = load(&Sources::with_environment(environment))?;
//! assert_eq!(loaded.config.postgres.host, "db.lan");
//! assert_eq!(loaded.config.postgres.port, 5432);
//! # Ok::<(), steep_config::ConfigError>(())
//! ```

mod config;
mod document;
mod effect;
mod environment;
mod error;
mod explain;
mod layer;
mod load;
mod origin;
mod platform;
mod problem;
mod reader;
mod secret;
mod sections;
mod sources;

pub use config::Config;
pub use effect::without_effect;
pub use environment::Environment;
pub use error::ConfigError;
pub use explain::{Setting, explain};
pub use load::{Loaded, load};
pub use origin::Origin;
pub use platform::{default_file, password_file};
pub use problem::{Mistake, Problem};
pub use secret::{PasswordSource, Secret, SecretError};
pub use sections::*;
pub use sources::Sources;
