use crate::reader::Section;
use std::time::Duration;

/// Comparisons of the nodes' data.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Validation {
    /// Whether there are any.
    pub enabled: bool,
    /// Of the numbers of rows.
    pub row_count: RowCount,
    /// Of the rows.
    pub checksum: Checksum,
}

/// Comparison of the numbers of rows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RowCount {
    /// Time from one to the next.
    pub interval: Duration,
    /// Difference that raises an alarm, in percent.
    pub alert_threshold_percent: f64,
}

/// Comparison of the rows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Checksum {
    /// When, as five fields of cron.
    pub schedule: String,
    /// How many of the rows, in percent.
    pub sample_percent: f64,
}

impl Validation {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let enabled = section.value("enabled", false);
        let (seconds, rows) = (Duration::from_secs, section.section("row_count"));
        let row_count = RowCount {
            interval: rows.within("interval", seconds(300), seconds(10)..=seconds(30 * 86_400)),
            alert_threshold_percent: rows.within("alert_threshold_percent", 0.1, 0.0..=100.0),
        };
        let checksums = section.section("checksum");
        let checksum = Checksum {
            schedule: checksums.value("schedule", "0 3 * * *".into()),
            sample_percent: checksums.within("sample_percent", 10.0, 0.0..=100.0),
        };
        if !is_schedule(&checksum.schedule) {
            let hint = "such as \"0 3 * * *\": minute, hour, day of the month, month, weekday";
            checksums.reject("schedule", "not five fields of cron", Some(hint));
        }
        Self { enabled, row_count, checksum }
    }
}

/// Whether a text has the form of a schedule, with numbers in their bounds.
fn is_schedule(text: &str) -> bool {
    const BOUNDS: [(u32, u32); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
    let fields: Vec<_> = text.split_ascii_whitespace().collect();
    fields.len() == BOUNDS.len()
        && fields
            .iter()
            .zip(BOUNDS)
            .all(|(field, bounds)| field.split(',').all(|part| is_part(part, bounds)))
}

/// `*`, `5`, `5-9`, and each of them with `/2` at its end.
fn is_part(part: &str, (low, high): (u32, u32)) -> bool {
    let number = |text: &str| text.parse().ok().filter(|number| (low..=high).contains(number));
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, step.parse().ok().filter(|step: &u32| *step > 0)),
        None => (part, Some(1)),
    };
    let range_fits = match range.split_once('-') {
        _ if range == "*" => true,
        Some((from, to)) => number(from).is_some() && number(from) <= number(to),
        None => number(range).is_some(),
    };
    range_fits && step.is_some()
}

#[cfg(test)]
mod tests {
    use super::is_schedule;

    #[test]
    fn schedules_have_five_fields_in_bounds() {
        for right in ["0 3 * * *", "*/15 0-6 1,15 * 1-5", "59 23 31 12 7"] {
            assert!(is_schedule(right), "{right}");
        }
        for wrong in ["", "0 3 * *", "0 24 * * *", "*/0 * * * *", "9-5 * * * *", "a b c d e"] {
            assert!(!is_schedule(wrong), "{wrong}");
        }
    }
}
