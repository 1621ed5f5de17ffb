//! What a link can be told.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use steep_testkit::{Direction, Proxy};

/// What a link can be told. It holds for the connections there are and for those to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub(crate) enum Order {
    /// Reset all connections, and every new one
    Cut,
    /// End `cut`
    Heal,
    /// Let nothing through and keep the connections: a line that has gone silent
    Pause,
    /// End `pause`
    Resume,
    /// Let everything arrive later, both ways
    Delay {
        /// By so many milliseconds; 0 ends it
        milliseconds: u32,
    },
}

impl Order {
    pub(super) fn carry_out(self, proxy: &Proxy) {
        let both = Direction::Both;
        match self {
            Self::Cut => proxy.cut(both),
            Self::Heal => proxy.heal(both),
            Self::Pause => proxy.pause(both),
            Self::Resume => proxy.resume(both),
            Self::Delay { milliseconds } => {
                proxy.delay(both, Duration::from_millis(milliseconds.into()));
            }
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("cut"),
            Self::Heal => f.write_str("heal"),
            Self::Pause => f.write_str("pause"),
            Self::Resume => f.write_str("resume"),
            Self::Delay { milliseconds } => write!(f, "delay {milliseconds}"),
        }
    }
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let order = match words.next() {
            Some("cut") => Self::Cut,
            Some("heal") => Self::Heal,
            Some("pause") => Self::Pause,
            Some("resume") => Self::Resume,
            Some("delay") => {
                let number = words.next().and_then(|word| word.parse().ok());
                let milliseconds = number.ok_or("delay wants milliseconds, as in: delay 50")?;
                Self::Delay { milliseconds }
            }
            _ => return Err("a link knows: cut, heal, pause, resume, delay MILLISECONDS".into()),
        };
        match words.next() {
            None => Ok(order),
            Some(word) => Err(format!("\"{word}\" is too much after \"{order}\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let delay = Order::Delay { milliseconds: 50 };
        for order in [Order::Cut, Order::Heal, Order::Pause, Order::Resume, delay] {
            assert_eq!(order.to_string().parse(), Ok(order));
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in ["", "Cut", "cut now", "delay", "delay -1", "delay 1s", "delay 1 2"] {
            assert!(text.parse::<Order>().is_err(), "{text}");
        }
    }
}
