//! What a person sees of a daemon: its checks, wherever they are shown, and its events.

use std::error::Error;
use std::time::{Duration, Instant};

use steep_ipc::{Check, Event, Health, Level, NodeState, NodeStatus, Request};
use steep_ipc_tokio::Client;
use steep_testkit::wait::{self, Observed};
use tokio::runtime::Runtime;

use super::support::{Daemon, INTERVAL, Outcome, event, runtime};

pub(crate) fn check<'s>(status: &'s NodeStatus, name: &str) -> Option<&'s Check> {
    status.health.checks.iter().find(|one| one.name == name)
}

pub(crate) fn level(status: &NodeStatus, name: &str) -> Option<Level> {
    check(status, name).map(|one| one.level)
}

pub(crate) fn is_well(status: &NodeStatus) -> bool {
    status.state == NodeState::Online
        && status.health.status == Level::Ok
        && status.peers.len() == 1
        && status.peers[0].daemon_reachable
}

/// What the watch promises, that a change is seen within two intervals, and a quarter more for this
/// machine: the question whether it is seen takes a while too, and other tests run beside this one.
/// That is room enough, since a change is seen after one interval and a look as a rule.
pub(crate) fn two_intervals() -> Duration {
    let promised = INTERVAL * 2;
    promised + promised / 4
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Critical => "critical",
    }
}

impl Daemon {
    /// Waits until a check has this level; the check, and how long that took.
    pub(crate) fn until_check(
        &self,
        name: &str,
        level: Level,
    ) -> Result<(Check, Duration), Box<dyn Error>> {
        let began = Instant::now();
        let what = format!("check {name} is {}", word(level));
        let found = wait::until(wait::DEADLINE, what, || {
            let status = self.status().map_err(Observed::new)?;
            let found = check(&status, name).filter(|one| one.level == level).cloned();
            found.ok_or_else(|| Observed::new(format!("{:?}", status.health)))
        })?;
        Ok((found, began.elapsed()))
    }

    /// What a command of the program ends with and prints.
    pub(crate) fn told(&self, command: &str) -> Result<(Option<i32>, String), Box<dyn Error>> {
        let output = self.command(&[command]).output()?;
        Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// A sample of `/metrics`, by its name and labels.
    pub(crate) fn metric(&self, sample: &str) -> Result<f64, Box<dyn Error>> {
        let text = self.get("/metrics")?.1;
        let value = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        Ok(value.ok_or_else(|| format!("no sample {sample} in:\n{text}"))?.parse()?)
    }

    /// A check that is not well is shown, with its text and the way out, by both commands, by HTTP
    /// and in the log, and is counted.
    pub(crate) fn shows(&self, name: &str, level: Level, text: &str, way_out: &str) -> Outcome {
        let (word, is_critical) = (word(level), level == Level::Critical);
        // Each answer is judged by itself: the next look may find more.
        let holds = |health: &Health| {
            let mut checks = health.checks.iter().filter(|one| one.name == name);
            let found = checks.next().ok_or(format!("no check {name}"))?;
            let hint = found.hint.as_deref().unwrap_or_default();
            let is_told =
                found.level == level && found.message.contains(text) && hint.contains(way_out);
            if is_told { Ok(()) } else { Err(format!("{found:?} is not {word} with \"{text}\"")) }
        };
        holds(&self.status()?.health)?;

        let (code, said) = self.told("status")?;
        let line = said.lines().position(|line| {
            line.starts_with(&format!("{word}:")) && line.contains(name) && line.contains(text)
        });
        let line = line.ok_or_else(|| format!("no line about {name} in:\n{said}"))?;
        let next = said.lines().nth(line + 1).unwrap_or_default();
        assert!(next.starts_with("hint:") && next.contains(way_out), "{said}");
        let has_critical = said.lines().any(|line| line.starts_with("critical:"));
        assert_eq!(code, Some(i32::from(has_critical)), "{said}");
        let (code, said) = self.told("health")?;
        let health: Health = serde_json::from_str(&said)?;
        holds(&health)?;
        assert_eq!(code, Some(i32::from(health.status == Level::Critical)), "{said}");

        let (code, body) = self.get("/health")?;
        let health: Health = serde_json::from_str(&body)?;
        holds(&health)?;
        assert_eq!(code, if health.status == Level::Critical { 503 } else { 200 }, "{body}");
        let counted = self.metric(&format!("steep_repl_check{{check=\"{name}\"}}"))?;
        assert!((counted - if is_critical { 2.0 } else { 1.0 }).abs() < 0.1, "{counted}");
        self.has_logged(name, word, text, way_out)
    }

    fn has_logged(&self, name: &str, word: &str, text: &str, way_out: &str) -> Outcome {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
        let is_it = |line: &serde_json::Value| {
            let has = |key: &str, text: &str| {
                line[key].as_str().is_some_and(|value| value.contains(text))
            };
            line["level"] == "WARN"
                && line["check"] == name
                && has("message", &format!("{word}: "))
                && has("message", text)
                && has("hint", way_out)
        };
        let is_there = lines.into_iter().any(|line: serde_json::Value| is_it(&line));
        let missing = || format!("no line of the log about {name} with \"{text}\":\n{log}").into();
        if is_there { Ok(()) } else { Err(missing()) }
    }
}

/// Events of a daemon from now on.
pub(crate) struct Events {
    runtime: Runtime,
    client: Client,
}

impl Events {
    pub(crate) fn of(daemon: &Daemon) -> Result<Self, Box<dyn Error>> {
        let runtime = runtime()?;
        let client = runtime.block_on(async {
            let mut client = Client::connect(&daemon.endpoint(), "test").await?;
            client.send(&Request::Subscribe).await?;
            Ok::<_, Box<dyn Error>>(client)
        })?;
        Ok(Self { runtime, client })
    }

    /// Waits for the next one of this subject that says so.
    pub(crate) fn next(&mut self, subject: &str, text: &str) -> Result<Event, Box<dyn Error>> {
        let Self { runtime, client } = self;
        let wanted =
            event(client, |event| event.subject == subject && event.message.contains(text));
        let limited = async { tokio::time::timeout(wait::DEADLINE, wanted).await };
        let event = runtime.block_on(limited);
        Ok(event.map_err(|_| format!("no event of {subject} with \"{text}\""))??)
    }
}
