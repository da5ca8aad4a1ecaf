//! Random functions and constants that fit a field's type, most of the time.

use serde_json::{Value as Json, json};

use super::documents::Author;
use super::numbers::Random;
use super::records::{number_text, written_number};

impl Author {
    pub(super) fn is_text(&mut self, path: &str) -> bool {
        path == "$.m" || path == "$.d"
    }

    pub(super) fn chain(&mut self, kind: &str, texts: bool) -> Vec<Json> {
        let mut steps = Vec::new();
        let random = &mut self.random;
        match kind {
            "int" | "decimal" | "decimal(9,2)" | "decimal(20,4)" => {
                if random.chance(20) {
                    steps.push(json!({ "fn": "default", "value": if texts { json!("7") } else { json!(7) } }));
                }
                if texts || random.chance(40) {
                    steps.push(json!({ "fn": if kind == "int" && random.chance(70) { "to_int" } else { "to_decimal" } }));
                }
                if random.chance(40) {
                    let scale = if kind == "int" { 0 } else { 2 };
                    steps.push(json!({ "fn": "round", "scale": scale, "mode": random.pick(&["half_up", "half_even", "half_down", "up", "down", "ceiling", "floor"]) }));
                }
                if random.chance(15) {
                    steps.push(json!({ "fn": "abs" }));
                }
                if random.chance(15) {
                    steps.push(json!({ "fn": "range", "min": "0.5", "max": 5000 }));
                }
            }
            "bool" => {
                if self.csv || random.chance(20) {
                    steps.push(random.pick(&[
                        json!({ "fn": "to_bool", "true": ["ja", "true"], "false": ["nein", "0"] }),
                        json!({ "fn": "equals", "value": "ja" }),
                        json!({ "fn": "is_empty" }),
                    ]));
                }
            }
            "date" => steps.push(json!({ "fn": "date_parse", "formats": random.pick(&[json!(["yyyy-MM-dd"]), json!(["dd.MM.yyyy", "M/d/yyyy", "yyyy-MM-dd"])]) })),
            "json" => {}
            _ => {
                for _ in 0..random.below(4) {
                    steps.push(text_step(random));
                }
            }
        }
        steps
    }

    pub(super) fn constant(&mut self, kind: &str) -> Json {
        let random = &mut self.random;
        match kind {
            "int" => json!(random.below(1000)),
            "decimal" | "decimal(9,2)" | "decimal(20,4)" => {
                random.pick(&[json!("12.50"), json!(3), json!("-0.5")])
            }
            "bool" => json!(random.chance(50)),
            "date" => json!("2026-02-28"),
            "enum" => json!(random.pick(&["A", "B"])),
            "json" => random.pick(&[json!("x \"y\""), json!(7), json!(true)]),
            _ => json!(random.pick(&["", "A", "\"ä\n", "x"])),
        }
    }

    /// A number as a formula writes it, without a sign.
    pub(super) fn literal(&mut self) -> String {
        if self.random.chance(70) {
            return self
                .random
                .pick(&["0", "1", "2", "100", "0.01", "1.5", "12.50", "3"])
                .to_owned();
        }
        let text = number_text(&mut self.random);
        let text = text
            .trim_start_matches('-')
            .split(['e', 'E'])
            .next()
            .unwrap()
            .to_owned();
        if text.len() > 30 {
            "7".to_owned()
        } else {
            text
        }
    }

    pub(super) fn written_literal(&mut self) -> String {
        written_number(&mut self.random, self.locale)
    }
}

/// A function from text to text.
pub(super) fn text_step(random: &mut Random) -> Json {
    random.pick(&[
        json!({ "fn": "trim" }),
        json!({ "fn": "upper" }),
        json!({ "fn": "lower" }),
        json!({ "fn": "collapse_spaces" }),
        json!({ "fn": "pad_left", "length": 5, "with": "0" }),
        json!({ "fn": "truncate", "length": 2 }),
        json!({ "fn": "left", "length": 2 }),
        json!({ "fn": "right", "length": 3 }),
        json!({ "fn": "substring", "start": 1, "length": 2 }),
        json!({ "fn": "substring", "start": 2 }),
        json!({ "fn": "replace", "search": "A", "with": "xx" }),
        json!({ "fn": "remove_chars", "chars": " -." }),
        json!({ "fn": "before", "marker": "/" }),
        json!({ "fn": "after", "marker": "-" }),
        json!({ "fn": "ensure_prefix", "text": "A" }),
        json!({ "fn": "remove_prefix", "text": "A" }),
        json!({ "fn": "default", "value": "none" }),
        json!({ "fn": "lookup", "table": "code", "on_miss": "default", "default": "?" }),
        json!({ "fn": "lookup", "table": "code", "on_miss": "null" }),
        json!({ "fn": "lookup", "table": "code" }),
        json!({ "fn": "to_string" }),
    ])
}
