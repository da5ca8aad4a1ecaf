//! Figures that connectors report during a run, added up until they are told.
//!
//! Invariants: a run has at most [`MAX_SERIES`] series, whatever a guest does; names are plain words and
//! labels short, so that a series costs some hundred bytes; what breaks a rule is dropped and counted, not
//! cut to something else. Deliberately absent: series of the platform itself; those are the operator's.

use std::collections::BTreeMap;

use serde::Serialize;

/// Series of one run in one process: a name with its labels.
const MAX_SERIES: usize = 100;
const MAX_LABELS: usize = 5;
/// Longest name, and longest value of a label, bytes.
const MAX_WORD_BYTES: usize = 64;

/// What a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    connector: String,
    name: String,
    kind: MetricKind,
    labels: Vec<(String, String)>,
}

/// Of one series since the last time.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    count: u64,
    sum: f64,
    least: f64,
    greatest: f64,
    last: f64,
}

/// A series as it is told.
#[derive(Debug, Serialize)]
pub(crate) struct Told<'a> {
    pub(crate) name: &'a str,
    kind: MetricKind,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<&'a str, &'a str>,
    /// of a counter the sum, of a gauge the last, of a histogram the mean
    value: f64,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    least: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    greatest: Option<f64>,
}

/// The figures of one run in one process.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    series: BTreeMap<Series, Figures>,
    dropped: u64,
}

impl Metrics {
    /// Adds one observation; `false` if it breaks a rule and was dropped.
    pub(crate) fn add(
        &mut self,
        connector: &str,
        (name, kind): (&str, MetricKind),
        value: f64,
        mut labels: Vec<(String, String)>,
    ) -> bool {
        let fits = value.is_finite() && (kind != MetricKind::Counter || value >= 0.0);
        if !fits || !well_named(name, &labels) {
            self.dropped += 1;
            return false;
        }
        labels.sort();
        let series = Series {
            connector: connector.to_owned(),
            name: name.to_owned(),
            kind,
            labels,
        };
        if !self.series.contains_key(&series) && self.series.len() >= MAX_SERIES {
            self.dropped += 1;
            return false;
        }
        let figures = self.series.entry(series).or_default();
        if figures.count == 0 {
            (figures.least, figures.greatest) = (value, value);
        }
        figures.count += 1;
        figures.sum += value;
        figures.least = figures.least.min(value);
        figures.greatest = figures.greatest.max(value);
        figures.last = value;
        true
    }

    /// Tells what came since the last time, by connector, and how many observations were dropped.
    pub(crate) fn take(&mut self, mut tell: impl FnMut(&str, &Told<'_>)) -> u64 {
        for (series, figures) in &mut self.series {
            let Figures {
                count,
                sum,
                least,
                greatest,
                last,
            } = std::mem::take(figures);
            if count == 0 {
                continue;
            }
            let histogram = series.kind == MetricKind::Histogram;
            let labels = series.labels.iter();
            let told = Told {
                name: &series.name,
                kind: series.kind,
                labels: labels
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect(),
                value: match series.kind {
                    MetricKind::Counter => sum,
                    MetricKind::Gauge => last,
                    MetricKind::Histogram => sum / count as f64,
                },
                count,
                least: histogram.then_some(least),
                greatest: histogram.then_some(greatest),
            };
            tell(&series.connector, &told);
        }
        std::mem::take(&mut self.dropped)
    }
}

fn well_named(name: &str, labels: &[(String, String)]) -> bool {
    let mut names: Vec<&str> = labels.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let distinct = names.windows(2).all(|pair| pair.first() != pair.last());
    distinct
        && labels.len() <= MAX_LABELS
        && is_word(name)
        && labels.iter().all(|(name, value)| {
            is_word(name) && value.len() <= MAX_WORD_BYTES && !value.chars().any(char::is_control)
        })
}

/// 1 to 64 of a-z, 0-9 and `_`, first a letter.
fn is_word(text: &str) -> bool {
    let plain = |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'_';
    text.len() <= MAX_WORD_BYTES
        && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(metrics: &mut Metrics) -> (Vec<String>, u64) {
        let mut lines = Vec::new();
        let dropped = metrics.take(|connector, told| {
            let text = serde_json::to_string(told).unwrap();
            lines.push(format!("{connector} {text}"));
        });
        (lines, dropped)
    }

    fn label(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn figures_are_added_up_until_they_are_told() {
        use MetricKind::{Counter, Gauge, Histogram};
        let mut metrics = Metrics::default();
        for value in [1.0, 2.5] {
            assert!(metrics.add("c 1", ("pages", Counter), value, label("stream", "orders")));
            assert!(metrics.add("c 1", ("left", Gauge), value, Vec::new()));
            assert!(metrics.add("c 1", ("size", Histogram), value, Vec::new()));
        }
        let (lines, dropped) = told(&mut metrics);
        assert_eq!(
            lines,
            [
                r#"c 1 {"name":"left","kind":"gauge","value":2.5,"count":2}"#,
                r#"c 1 {"name":"pages","kind":"counter","labels":{"stream":"orders"},"value":3.5,"count":2}"#,
                r#"c 1 {"name":"size","kind":"histogram","value":1.75,"count":2,"least":1.0,"greatest":2.5}"#,
            ]
        );
        assert_eq!(dropped, 0);
        assert!(told(&mut metrics).0.is_empty(), "told once");
    }

    #[test]
    fn what_breaks_a_rule_is_dropped_and_counted() {
        use MetricKind::{Counter, Gauge};
        let mut metrics = Metrics::default();
        let long = "x".repeat(65);
        for (name, kind, value, labels) in [
            ("", Gauge, 1.0, Vec::new()),
            ("Pages", Gauge, 1.0, Vec::new()),
            ("pages.done", Gauge, 1.0, Vec::new()),
            (long.as_str(), Gauge, 1.0, Vec::new()),
            ("pages", Gauge, f64::NAN, Vec::new()),
            ("pages", Counter, -1.0, Vec::new()),
            ("pages", Gauge, 1.0, label("a", &long)),
            ("pages", Gauge, 1.0, label("a b", "x")),
            ("pages", Gauge, 1.0, label("a", "x\ny")),
            (
                "pages",
                Gauge,
                1.0,
                [label("a", "x"), label("a", "y")].concat(),
            ),
            (
                "pages",
                Gauge,
                1.0,
                (0..6).flat_map(|n| label(&format!("l{n}"), "")).collect(),
            ),
        ] {
            assert!(!metrics.add("c", (name, kind), value, labels), "{name}");
        }
        for number in 0..500 {
            metrics.add(
                "c",
                ("pages", Counter),
                1.0,
                label("page", &number.to_string()),
            );
        }
        let (lines, dropped) = told(&mut metrics);
        assert_eq!((lines.len(), dropped), (100, 11 + 400));
        // the series that are there go on
        assert!(metrics.add("c", ("pages", Counter), 1.0, label("page", "7")));
    }
}
