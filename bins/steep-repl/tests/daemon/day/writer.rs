//! Somebody who writes to a node all day, and remembers what the server has acknowledged.

use std::error::Error;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use steep_testkit::PgCluster;
use steep_testkit::postgres::{Client, NoTls};
use steep_testkit::wait::{self, Observed};

/// Between two writes: enough of them that any moment of a trouble has some, and few enough to
/// leave the machine to the servers.
const PACE: Duration = Duration::from_millis(20);

/// Writes until it is told to end, over whatever happens to the server.
pub(super) struct Writer {
    written: Arc<Written>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Written {
    state: Mutex<State>,
    ends: Condvar,
}

#[derive(Default)]
struct State {
    acknowledged: Vec<i64>,
    last_error: Option<String>,
    is_over: bool,
}

impl Writer {
    pub(super) fn start(cluster: &PgCluster) -> Result<Self, Box<dyn Error>> {
        let written = Arc::new(Written::default());
        let (node, shared) = (cluster.name().to_owned(), Arc::clone(&written));
        let dsn = format!("{}?connect_timeout=5", cluster.dsn("postgres"));
        let thread = std::thread::Builder::new().name(format!("writer {node}"));
        let thread = thread.spawn(move || write(&node, &dsn, &shared))?;
        Ok(Self { written, thread: Some(thread) })
    }

    /// The newest write that was acknowledged.
    pub(super) fn newest(&self) -> i64 {
        self.written.lock().acknowledged.last().copied().unwrap_or(0)
    }

    /// Waits until a write that begins after the call is acknowledged.
    pub(super) fn next(&self) -> Result<i64, Box<dyn Error>> {
        // One may be under way.
        let wanted = self.newest() + 2;
        Ok(wait::until(wait::DEADLINE, "an acknowledged write", || {
            let state = self.written.lock();
            let newest = state.acknowledged.last().copied().filter(|newest| *newest >= wanted);
            newest.ok_or_else(|| Observed::new(format!("{:?}", state.last_error)))
        })?)
    }

    /// Stops; everything that was acknowledged, in order.
    pub(super) fn end(mut self) -> Result<Vec<i64>, Box<dyn Error>> {
        self.stop();
        let thread = self.thread.take().ok_or("it has ended")?;
        thread.join().map_err(|_| "the writer has panicked")?;
        Ok(std::mem::take(&mut self.written.lock().acknowledged))
    }

    fn stop(&self) {
        self.written.lock().is_over = true;
        self.written.ends.notify_all();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been printed; the test fails for another reason already.
            let _ = thread.join();
        }
    }
}

impl Written {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the time of the next write; whether there is to be one.
    fn goes_on(&self) -> bool {
        let waited = self.ends.wait_timeout_while(self.lock(), PACE, |state| !state.is_over);
        !waited.unwrap_or_else(PoisonError::into_inner).0.is_over
    }
}

/// Every attempt has a number of its own: whether one that failed was committed all the same nobody
/// knows, and both are right.
fn write(node: &str, dsn: &str, written: &Written) {
    let mut client = None;
    let mut n = 0;
    while written.goes_on() {
        n += 1;
        let outcome = match client.take() {
            Some(client) => Ok(client),
            None => Client::connect(dsn, NoTls),
        };
        let outcome = outcome.and_then(|mut client| {
            one(&mut client, node, n)?;
            Ok(client)
        });
        let mut state = written.lock();
        match outcome {
            Ok(connected) => {
                state.acknowledged.push(n);
                client = Some(connected);
            }
            Err(error) => state.last_error = Some(error.to_string()),
        }
    }
}

fn one(client: &mut Client, node: &str, n: i64) -> Result<(), steep_testkit::postgres::Error> {
    let mut transaction = client.transaction()?;
    let insert = "insert into writes values ($1, $2, repeat('x', 500))";
    transaction.execute(insert, &[&node, &n])?;
    transaction.execute("update counts set n = $2 where node = $1", &[&node, &n])?;
    transaction.commit()
}
