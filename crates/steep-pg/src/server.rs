//! A server that can be connected to.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::connection::{self, Connection, Wire};
use crate::rotation::{self, Rotation};
use crate::{PgError, ReadSecret, Secret, Settings, TlsMode, tls};

/// Between two signs of life on a connection that is silent, and after how many the other side is
/// given up: a server that vanished is noticed within half a minute.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(15), Duration::from_secs(5), 3);
/// How long what was sent may stay unanswered by the other side's kernel.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// The server's limits are for its applications. A job's transaction may be open, and idle, for as long
/// as the job takes: that of a join holds the snapshot that all rows are copied from.
const PATIENT: &str = "-c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0";
/// PostgreSQL 17 has one more, which 16 would refuse to start a session with.
const PATIENT_SINCE_17: &str = "select set_config('transaction_timeout', '0', false)
    where current_setting('transaction_timeout', true) is not null";

/// A server that can be connected to: the settings, checked, and the TLS that goes with them.
///
/// Cheap to clone. It holds no connection.
#[derive(Clone)]
pub struct Server {
    settings: Settings,
    config: tokio_postgres::Config,
    tls: MakeRustlsConnect,
    rotation: Option<Rotation>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Server {
    /// Checks the settings; connects to nothing.
    ///
    /// # Errors
    /// When a certificate or key cannot be used.
    pub fn new(settings: Settings) -> Result<Self, PgError> {
        let tls = MakeRustlsConnect::new(tls::client_config(&settings.tls)?);
        let config = config(&settings);
        Ok(Self { settings, config, tls, rotation: None })
    }

    /// The same server; where it refuses the password, `read` may have a new one. All servers made of
    /// this one share what was read.
    #[must_use]
    pub fn with_secret_from(self, read: Arc<ReadSecret>) -> Self {
        let rotation = Some(Rotation::new(self.settings.secret.clone(), read));
        Self { rotation, ..self }
    }

    /// What it was made of.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What it was made of, with the password that worked last.
    pub async fn current_settings(&self) -> Settings {
        let mut settings = self.settings.clone();
        if let Some(rotation) = &self.rotation {
            settings.secret = rotation.secret().await;
        }
        settings
    }

    /// The same server, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        self.changed(|settings| settings.database = database.to_owned())
    }

    /// The same server with another limit for a statement; zero: none. For jobs that take long.
    #[must_use]
    pub fn with_statement_timeout(&self, timeout: Duration) -> Self {
        self.changed(|settings| settings.statement_timeout = timeout)
    }

    /// The same server; sessions say what they are for, and for whom, in their application name.
    #[must_use]
    pub fn with_application_name(&self, name: &str) -> Self {
        self.changed(|settings| settings.application_name = name.to_owned())
    }

    /// Opens a connection of its own.
    ///
    /// # Errors
    /// When the server cannot be reached in time, or refuses the login.
    pub async fn connect(&self) -> Result<Connection, PgError> {
        let (client, wire) = self.wire().await?;
        let connection = connection::drive(client, wire);
        connection.batch_execute(PATIENT_SINCE_17).await.map_err(|error| {
            PgError::connecting(&error, self.settings.place(), self.settings.peer.clone())
        })?;
        Ok(connection)
    }

    /// A client and the connection behind it, which its caller has to drive.
    pub(crate) async fn wire(&self) -> Result<(tokio_postgres::Client, Wire), PgError> {
        let (place, peer) = (self.settings.place(), self.settings.peer.clone());
        let timeout = self.settings.connect_timeout;
        match tokio::time::timeout(timeout, self.open()).await {
            Ok(Ok(connected)) => Ok(connected),
            Ok(Err(error)) => Err(PgError::connecting(&error, place, peer)),
            Err(_) => Err(PgError::ConnectTimeout { place, timeout, peer }),
        }
    }

    /// Opens a connection, for as long as that takes.
    pub(crate) async fn open(
        &self,
    ) -> Result<(tokio_postgres::Client, Wire), tokio_postgres::Error> {
        let Some(rotation) = &self.rotation else {
            return self.config.connect(self.tls.clone()).await;
        };
        let secret = rotation.secret().await;
        match self.open_with(secret.as_ref()).await {
            Err(error) if rotation::is_about_password(&error) => {
                match rotation.other_than(secret.as_ref()).await {
                    Some(other) => self.open_with(Some(&other)).await,
                    None => Err(error),
                }
            }
            opened => opened,
        }
    }

    async fn open_with(
        &self,
        secret: Option<&Secret>,
    ) -> Result<(tokio_postgres::Client, Wire), tokio_postgres::Error> {
        let mut config = self.config.clone();
        if let Some(secret) = secret {
            config.password(secret.expose());
        }
        config.connect(self.tls.clone()).await
    }

    /// For the pool, which opens connections in the same way.
    pub(crate) fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    fn changed(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.settings.clone();
        change(&mut settings);
        let config = config(&settings);
        Self { settings, config, tls: self.tls.clone(), rotation: self.rotation.clone() }
    }
}

fn config(settings: &Settings) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    let (idle, interval, retries) = KEEPALIVE;
    config
        .host(&settings.host)
        .port(settings.port)
        .dbname(&settings.database)
        .user(&settings.user)
        .application_name(&settings.application_name)
        .connect_timeout(settings.connect_timeout)
        .keepalives_idle(idle)
        .keepalives_interval(interval)
        .keepalives_retries(retries)
        .tcp_user_timeout(UNACKNOWLEDGED)
        .options(format!(
            "-c search_path= -c statement_timeout={} {PATIENT} -c timezone=UTC -c datestyle=ISO \
             -c intervalstyle=postgres -c extra_float_digits=1",
            settings.statement_timeout.as_millis()
        ));
    if let Some(secret) = &settings.secret {
        config.password(secret.expose());
    }
    config.ssl_mode(match settings.tls.mode {
        // A socket is not encrypted, whatever is asked; libpq says so too.
        _ if settings.is_socket() => SslMode::Disable,
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    });
    config
}
