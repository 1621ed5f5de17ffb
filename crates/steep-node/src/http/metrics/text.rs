//! Writing samples.

use std::fmt::Write as _;

use super::catalog::{Kind, Metric};

/// Writes samples, the head of each metric before its first one. All samples of a metric come
/// together.
#[derive(Default)]
pub(super) struct Text {
    text: String,
    last: Option<&'static str>,
}

impl Text {
    pub(super) fn finish(self) -> String {
        self.text
    }

    /// A sample; `labels` are the values of the metric's labels, in its order.
    pub(super) fn sample(&mut self, metric: &Metric, labels: &[&str], value: f64) {
        debug_assert_eq!(metric.labels.len(), labels.len(), "labels of {}", metric.name);
        if self.last != Some(metric.name) {
            let kind = match metric.kind {
                Kind::Gauge => "gauge",
                Kind::Counter => "counter",
            };
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(self.text, "# HELP {} {}", metric.name, metric.help);
            let _ = writeln!(self.text, "# TYPE {} {kind}", metric.name);
            self.last = Some(metric.name);
        }
        self.text.push_str(metric.name);
        let mut open = '{';
        for (name, value) in metric.labels.iter().zip(labels) {
            let _ = write!(self.text, "{open}{name}=\"{}\"", escaped(value));
            open = ',';
        }
        if !metric.labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    /// A sample that is a count.
    pub(super) fn count(&mut self, metric: &Metric, labels: &[&str], value: u64) {
        // Prometheus has nothing but f64; above 2^53 the last digits do not matter.
        #[allow(clippy::cast_precision_loss)]
        self.sample(metric, labels, value as f64);
    }

    /// A sample that is yes or no.
    pub(super) fn flag(&mut self, metric: &Metric, labels: &[&str], value: bool) {
        self.sample(metric, labels, f64::from(u8::from(value)));
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::catalog;
    use super::*;

    #[test]
    fn heads_come_once_and_labels_are_escaped() {
        let mut text = Text::default();
        text.count(&catalog::LAG_BYTES, &["a\"b\\\n"], 7);
        text.count(&catalog::LAG_BYTES, &["c"], 8);
        text.flag(&catalog::POSTGRES_UP, &[], true);
        let expected = "\
# HELP steep_repl_link_lag_bytes WAL of this node that the peer has not confirmed yet.
# TYPE steep_repl_link_lag_bytes gauge
steep_repl_link_lag_bytes{peer=\"a\\\"b\\\\\\n\"} 7
steep_repl_link_lag_bytes{peer=\"c\"} 8
# HELP steep_repl_postgres_up 1 if the last look reached PostgreSQL.
# TYPE steep_repl_postgres_up gauge
steep_repl_postgres_up 1
";
        assert_eq!(text.finish(), expected);
    }
}
