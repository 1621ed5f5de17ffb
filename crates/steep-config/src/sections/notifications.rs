use crate::reader::{Section, choices};
use crate::secret::Secret;
use std::collections::BTreeMap;

/// Who is told what.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notifications {
    /// The ways to people.
    pub channels: Channels,
    /// By event: who is told.
    pub routing: BTreeMap<String, Route>,
}

/// The ways to people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Channels {
    /// Slack.
    pub slack: Option<Slack>,
    /// Mail.
    pub email: Option<Email>,
    /// PagerDuty.
    pub pagerduty: Option<PagerDuty>,
}

/// A channel of Slack.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slack {
    /// Where messages go. Whoever knows it can write there.
    pub webhook_url: Secret,
}

/// Mail.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Email {
    /// The server that takes it.
    pub smtp_host: String,
    /// Who gets it.
    pub to: Vec<String>,
}

/// A service of PagerDuty.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PagerDuty {
    /// Where events go. Whoever knows it can raise an alarm.
    pub routing_key: Secret,
}

choices! {
    /// A way to people.
    Channel {
        /// Slack.
        Slack = "slack",
        /// Mail.
        Email = "email",
        /// PagerDuty.
        PagerDuty = "pagerduty",
    }
}

/// Who is told of one kind of event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The ways.
    pub channels: Vec<Channel>,
    /// Only for these tables; empty: for all.
    pub tables: Vec<String>,
}

impl Notifications {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let channels = Channels::read(&section.section("channels"));
        let routing = section.named("routing").into_iter().map(|(event, route)| {
            let read =
                Route { channels: route.list("channels", &[]), tables: route.list("tables", &[]) };
            for channel in read.channels.iter().filter(|channel| !channels.has(**channel)) {
                let message = format_args!("there is no channel {channel}");
                route.reject("channels", message, Some("describe it below `channels`"));
            }
            (event, read)
        });
        let routing = routing.collect();
        Self { channels, routing }
    }
}

impl Channels {
    fn read(section: &Section<'_>) -> Self {
        let set = |key| section.is_set(key).then(|| section.section(key));
        let read = Self {
            slack: set("slack").and_then(|slack| {
                secret(&slack, "webhook_url").map(|webhook_url| Slack { webhook_url })
            }),
            email: set("email").and_then(|email| {
                let (smtp_host, to) = (email.required("smtp_host"), email.list("to", &[]));
                Some(Email { smtp_host: smtp_host?, to })
            }),
            pagerduty: set("pagerduty").and_then(|service| {
                secret(&service, "routing_key").map(|routing_key| PagerDuty { routing_key })
            }),
        };
        section.knows(&["slack", "email", "pagerduty"]);
        read
    }

    fn has(&self, channel: Channel) -> bool {
        match channel {
            Channel::Slack => self.slack.is_some(),
            Channel::Email => self.email.is_some(),
            Channel::PagerDuty => self.pagerduty.is_some(),
        }
    }
}

fn secret(section: &Section<'_>, key: &str) -> Option<Secret> {
    if !section.is_set(key) {
        section.required::<String>(key)?;
    }
    section.hidden(key, |_: &String| "(secret)".into()).map(|(text, _)| Secret::new(text))
}
