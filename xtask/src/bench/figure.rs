//! What comes out of a bench, for machines and for people.

use anyhow::Result;
use serde::Serialize;

use super::sample::{Sample, Samples};

/// What a ratio is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    AtLeast(f64),
    AtMost(f64),
    None,
}

/// One comparison; the ratio is the measured value divided by its baseline.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    bench: &'static str,
    case: String,
    metric: &'static str,
    unit: &'static str,
    measured: Vec<f64>,
    baseline: Vec<f64>,
    target: Target,
}

/// The interface: these fields and no others.
#[derive(Debug, Serialize)]
struct Line<'a> {
    bench: &'a str,
    case: &'a str,
    metric: &'a str,
    value: f64,
    unit: &'a str,
    baseline: f64,
    ratio: f64,
    runs: usize,
}

impl Figure {
    pub(super) fn new(
        (bench, case): (&'static str, impl Into<String>),
        (metric, unit): (&'static str, &'static str),
        measured: Vec<f64>,
        baseline: Vec<f64>,
        target: Target,
    ) -> Self {
        Self { bench, case: case.into(), metric, unit, measured, baseline, target }
    }

    /// How fast, in rows a second of the wall: a ratio of 1 is the same rate, less is slower. And
    /// the measured process' processor time.
    pub(super) fn rates(
        bench: &'static str,
        case: &str,
        rows: u32,
        samples: &Samples,
        target: Target,
    ) -> Vec<Self> {
        let rate = |sample: &Sample| f64::from(rows) / sample.wall;
        let measured = samples.measured.iter().map(rate).collect();
        let baseline = samples.baseline.iter().map(rate).collect();
        let rate = Self::new((bench, case), ("rate", "rows/s"), measured, baseline, target);
        std::iter::once(rate).chain(Self::cpu(bench, case, samples)).collect()
    }

    /// How long: a ratio of 1 is the same time, more is slower.
    pub(super) fn times(
        bench: &'static str,
        case: &str,
        samples: &Samples,
        target: Target,
    ) -> Vec<Self> {
        let wall = |samples: &[Sample]| samples.iter().map(|sample| sample.wall).collect();
        let (measured, baseline) = (wall(&samples.measured), wall(&samples.baseline));
        let time = Self::new((bench, case), ("time", "s"), measured, baseline, target);
        std::iter::once(time).chain(Self::cpu(bench, case, samples)).collect()
    }

    /// Nothing where the system does not tell. The targets are about time; this says, on a machine
    /// with other things to do, whether a time is to be believed.
    fn cpu(bench: &'static str, case: &str, samples: &Samples) -> Option<Self> {
        let cpu = |samples: &[Sample]| samples.iter().map(|sample| sample.cpu).collect();
        let measured: Option<Vec<f64>> = cpu(&samples.measured);
        let baseline: Option<Vec<f64>> = cpu(&samples.baseline);
        Some(Self::new((bench, case), ("cpu", "s"), measured?, baseline?, Target::None))
    }

    fn value(&self) -> f64 {
        median(&self.measured)
    }

    fn baseline(&self) -> f64 {
        median(&self.baseline)
    }

    fn ratio(&self) -> f64 {
        self.value() / self.baseline()
    }

    /// The lowest and the highest ratio of a round.
    fn range(&self) -> (f64, f64) {
        let rounds = self.measured.iter().zip(&self.baseline).map(|(one, other)| one / other);
        rounds.fold((f64::INFINITY, 0.0), |(low, high), ratio| (low.min(ratio), high.max(ratio)))
    }

    /// One object on one line.
    pub(super) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string(&Line {
            bench: self.bench,
            case: &self.case,
            metric: self.metric,
            value: rounded(self.value()),
            unit: self.unit,
            baseline: rounded(self.baseline()),
            ratio: rounded(self.ratio()),
            runs: self.measured.len(),
        })?)
    }

    fn row(&self) -> [String; 8] {
        let (low, high) = self.range();
        let ratio = self.ratio();
        let (target, is_met) = match self.target {
            Target::AtLeast(least) => (format!(">= {least:.2}"), ratio >= least),
            Target::AtMost(most) => (format!("<= {most:.2}"), ratio <= most),
            Target::None => (String::new(), true),
        };
        [
            format!("{} {}", self.bench, self.case),
            format!("{} ({})", self.metric, self.unit),
            shown(self.value()),
            shown(self.baseline()),
            format!("{ratio:.2}"),
            format!("{low:.2}..{high:.2}"),
            target,
            if is_met { String::new() } else { "missed".to_owned() },
        ]
    }
}

/// All figures, in columns.
pub(super) fn table(figures: &[Figure]) -> String {
    let head = ["bench", "metric", "measured", "baseline", "ratio", "rounds", "target", ""];
    let rows: Vec<_> =
        std::iter::once(head.map(str::to_owned)).chain(figures.iter().map(Figure::row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            // Text to the left, numbers to the right.
            if (2..5).contains(&column) {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A thousandth is less than any run can be told from another by.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

fn shown(number: f64) -> String {
    if number >= 1000.0 { format!("{number:.0}") } else { format!("{number:.2}") }
}

/// Of an even number the mean of the middle two.
pub(super) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(measured: &[f64], baseline: &[f64], target: Target) -> Figure {
        Figure::new(
            ("apply", "inserts"),
            ("rate", "rows/s"),
            measured.into(),
            baseline.into(),
            target,
        )
    }

    #[test]
    fn a_line_has_the_fields_of_the_interface_in_their_order() {
        let figure = figure(&[90.0, 10.0, 95.0], &[100.0, 120.0, 90.0], Target::None);
        let expected = r#"{"bench":"apply","case":"inserts","metric":"rate","value":90.0,"unit":"rows/s","baseline":100.0,"ratio":0.9,"runs":3}"#;
        assert_eq!(figure.json().unwrap(), expected);
    }

    #[test]
    fn a_table_says_what_missed_its_target() {
        let met = table(&[figure(&[9.0], &[10.0], Target::AtLeast(0.9))]);
        assert!(met.ends_with(">= 0.90"), "{met}");
        let missed = table(&[figure(&[16.0, 17.0], &[10.0, 10.0], Target::AtMost(1.5))]);
        assert!(missed.ends_with("1.65  1.60..1.70  <= 1.50  missed"), "{missed}");
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
        assert!(median(&[]).is_nan());
    }
}
