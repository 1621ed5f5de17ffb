//! What deploy/ shows of metrics exists.

use std::collections::BTreeSet;
use std::path::Path;

use steep_node::http::metrics::CATALOG;

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every word of a text that is the name of a metric.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_word(c)).filter(|word| word.starts_with("steep_repl_")).collect()
}

#[test]
fn the_dashboard_and_the_alerts_name_metrics_that_exist() {
    let known: BTreeSet<_> = CATALOG.iter().map(|metric| metric.name).collect();
    for file in ["grafana/steep-repl.json", "prometheus/alerts.yml"] {
        let text = read(file);
        let named = metrics_in(&text);
        assert!(named.len() > 5, "{file} names only {named:?}");
        let unknown: Vec<_> = named.difference(&known).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
}

#[test]
fn the_dashboard_is_json_with_a_query_in_every_panel() {
    let dashboard: serde_json::Value =
        serde_json::from_str(&read("grafana/steep-repl.json")).expect("the dashboard is JSON");
    let panels = dashboard["panels"].as_array().expect("the dashboard has panels");
    assert!(panels.len() > 10);
    for panel in panels {
        let query = panel["targets"][0]["expr"].as_str().unwrap_or_default();
        assert!(!metrics_in(query).is_empty(), "{}", panel["title"]);
    }
}

#[test]
fn every_alert_has_what_prometheus_needs() {
    let text = read("prometheus/alerts.yml");
    let alerts: Vec<_> = text.split("- alert: ").skip(1).collect();
    assert!(alerts.len() > 5);
    for alert in alerts {
        for needed in ["expr: ", "labels: {severity: ", "summary: "] {
            assert!(alert.contains(needed), "{needed} is missing in {alert}");
        }
    }
}
