use std::time::SystemTime;

/// Which conflicts a command is about.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Filter {
    /// Only of this table, `schema.table`.
    #[arg(long)]
    pub(super) table: Option<String>,
    /// Only of this transaction of the other node.
    #[arg(long, value_name = "XID")]
    pub(super) xid: Option<i64>,
    /// Only those found at or after this time: RFC 3339, or a length of time back from now (2h).
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) since: Option<String>,
    /// Only those found before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) until: Option<String>,
}

/// A time, or how long ago it was.
fn time(text: &str) -> Result<String, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        let then =
            SystemTime::now().checked_sub(ago).filter(|then| *then >= SystemTime::UNIX_EPOCH);
        return match then {
            Some(then) => Ok(humantime::format_rfc3339_seconds(then).to_string()),
            None => Err("too long ago".into()),
        };
    }
    if is_rfc3339(text) {
        return Ok(text.into());
    }
    Err("expected a time such as 2026-01-31T14:00:00Z, or a length of time back from now, such as 2h"
        .into())
}

/// `YYYY-MM-DDTHH:MM:SS`, a fraction or none, and `Z` or an offset. Whether there is such a day is
/// the server's to say.
fn is_rfc3339(text: &str) -> bool {
    let shape = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't' | b' '),
                other => byte == other,
            })
    };
    let Some((moment, rest)) = text.split_at_checked(19) else { return false };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|char: char| char.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    shape(moment, "0000-00-00T00:00:00")
        && (matches!(zone, "Z" | "z") || shape(zone, "+00:00") || shape(zone, "-00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_points_or_lengths_back_from_now() {
        for right in ["2026-01-31T14:00:00Z", "2026-01-31 14:00:00.123+02:00"] {
            assert_eq!(time(right).as_deref(), Ok(right));
        }
        let then = humantime::parse_rfc3339(&time("2h").unwrap()).unwrap();
        let ago = SystemTime::now().duration_since(then).unwrap().as_secs();
        assert!((7200..7260).contains(&ago), "{ago}");
        for wrong in [
            "",
            "now",
            "2026-01-31",
            "2026-01-31T14:00:00",
            "2026-01-31T14:00:00.Z",
            "ä",
            "9999999y",
        ] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
