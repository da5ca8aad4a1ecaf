//! What functions make of what is known about a value.

use serde_json::{Map, Value as Json};

use super::Flow;
use super::facts::{Facts, Nulls};
use crate::decimal::Decimal;
use crate::diagnostic::{Diagnostic, code};
use crate::document::{SourceFormat, Step};
use crate::functions;
use crate::functions::signature::Output;
use crate::value::{Constant, Kind};

/// Functions that cannot fail on a text.
const TOTAL_ON_TEXT: [&str; 9] = [
    "trim",
    "trim_start",
    "trim_end",
    "upper",
    "lower",
    "collapse_spaces",
    "remove_chars",
    "keep_chars",
    "to_string",
];

/// Most answers of a lookup that are kept as the texts that it can give.
const MAX_ANSWERS: usize = 1_000;

impl Flow<'_> {
    /// The value at the end of a chain of functions.
    pub(super) fn steps(&mut self, steps: &[Step], start: Facts, pointer: &str) -> Facts {
        let mut facts = start;
        for (place, step) in steps.iter().enumerate() {
            let pointer = format!("{pointer}/{place}");
            self.argument_uses(&step.arguments);
            let default = match step.function.as_str() {
                "default" => Some(self.default_argument(&step.arguments)),
                _ => None,
            };
            facts = self.call(&step.function, facts, &step.arguments, default, &pointer);
        }
        facts
    }

    /// What the step `default` puts in place of null.
    fn default_argument(&self, arguments: &Map<String, Json>) -> Facts {
        match (arguments.get("value"), arguments.get("param")) {
            (Some(Json::Object(computed)), _) => match computed.get("param") {
                Some(Json::String(name)) => self.param(name),
                _ => Facts::unknown(),
            },
            (Some(value), _) => {
                Constant::from_json(value).map_or_else(Facts::unknown, Facts::of_constant)
            }
            (None, Some(Json::String(name))) => self.param(name),
            _ => Facts::unknown(),
        }
    }

    /// What one function makes of a value.
    pub(super) fn call(
        &mut self,
        name: &str,
        input: Facts,
        arguments: &Map<String, Json>,
        default: Option<Facts>,
        pointer: &str,
    ) -> Facts {
        let Some(function) = functions::find(name) else {
            return Facts::unknown();
        };
        let signature = function.signature;
        if !input.kind.may_be(signature.input) {
            self.mismatch(
                pointer,
                format!(
                    "{name} takes a {}, and by the source schema the value is a {}",
                    signature.input.word(),
                    input.kind.word()
                ),
                crate::compile::conversion(input.kind, signature.input),
            );
        }
        if let Some(default) = default {
            if input.null == Nulls::Never {
                self.found.push(Diagnostic::warning(
                    code::DEAD_DEFAULT,
                    pointer,
                    "the value before this default is never null",
                    "remove it",
                ));
            }
            return input.or_default(default);
        }
        let sure = input.sure
            && (signature.fails_with.is_empty()
                || (input.kind == Kind::Text && TOTAL_ON_TEXT.contains(&name)));
        let kind = match signature.output {
            Output::Is(kind) => kind,
            Output::Same | Output::SameOr => input.kind,
        };
        let mut output = self
            .known(name, input.clone(), arguments)
            .unwrap_or_else(|| {
                let null = match input.null {
                    _ if signature.takes_null && kind == Kind::Bool => Nulls::Never,
                    _ if signature.takes_null => Nulls::Unknown,
                    Nulls::Never => Nulls::Unknown,
                    other => other,
                };
                Facts::of(kind, null)
            });
        output.kind = kind;
        output.sure = sure;
        output.constant = None;
        output
    }

    /// What the functions do of which more is known than their signature says.
    fn known(&self, name: &str, input: Facts, arguments: &Map<String, Json>) -> Option<Facts> {
        let number = |name: &str| arguments.get(name).and_then(Json::as_u64);
        let mut facts = input;
        let texts = facts.texts.take();
        match name {
            "trim" | "upper" | "lower" => {
                let change = |text: String| match name {
                    "trim" => text.trim().to_owned(),
                    "upper" => text.to_uppercase(),
                    _ => text.to_lowercase(),
                };
                if let Some(texts) = texts {
                    facts.limit_texts(texts.into_iter().map(change).collect());
                }
            }
            "trim_start" | "trim_end" | "collapse_spaces" | "remove_chars" | "keep_chars" => {}
            "matches" => facts.texts = texts,
            "to_string" if facts.kind == Kind::Text => facts.texts = texts,
            "truncate" | "left" | "right" => {
                let limit = number("length")?;
                facts.max_length = Some(facts.max_length.map_or(limit, |known| known.min(limit)));
            }
            "pad_left" | "pad_right" => {
                let least = number("length")?;
                facts.max_length = facts.max_length.map(|known| known.max(least));
            }
            "enum" => {
                let values = arguments.get("values")?.as_array()?;
                let values = values.iter().filter_map(Json::as_str).map(str::to_owned);
                facts.limit_texts(values.collect());
            }
            "lookup" => facts = self.answers(facts.null, arguments),
            "round" => {
                let scale = number("scale").and_then(|scale| u8::try_from(scale).ok());
                facts.scale = scale.or(facts.scale);
                facts.minimum = None;
                facts.maximum = None;
            }
            "range" => {
                let bound = |name: &str| match arguments.get(name)? {
                    Json::String(text) => Decimal::parse(text).ok(),
                    other => Decimal::parse(&other.to_string()).ok(),
                };
                facts.minimum = bound("min").or(facts.minimum);
                facts.maximum = bound("max").or(facts.maximum);
            }
            "to_int" => {
                facts = Facts::of(Kind::Number, facts.null);
                facts.scale = Some(0);
            }
            "to_decimal" if facts.kind == Kind::Number => {}
            "to_decimal" | "date_parse" | "date_format" => {
                facts = Facts::of(Kind::Any, facts.null);
            }
            _ => return None,
        }
        Some(facts)
    }

    /// What a lookup can answer.
    fn answers(&self, null: Nulls, arguments: &Map<String, Json>) -> Facts {
        let text = |name: &str| arguments.get(name).and_then(Json::as_str);
        let on_miss = text("on_miss").unwrap_or("error");
        let null = match on_miss {
            "null" => Nulls::Possible,
            _ => null,
        };
        let mut facts = Facts::of(Kind::Text, null);
        let lookup = text("table").and_then(|table| self.document.lookups.get(table));
        let Some(lookup) = lookup else { return facts };
        let mut answers = std::collections::BTreeSet::new();
        if on_miss == "default" {
            answers.extend(text("default").map(str::to_owned));
        }
        if let Some(rows) = &lookup.inline {
            answers.extend(rows.values().take(MAX_ANSWERS + 1).cloned());
        } else {
            let table = lookup.table.as_deref().unwrap_or_default();
            let Some(table) = self.environment.lookups.get(table) else {
                return facts;
            };
            let column = lookup.value.as_deref().unwrap_or_default();
            let rows = table.rows.iter().take(MAX_ANSWERS + 1);
            answers.extend(rows.filter_map(|row| row.get(column)).cloned());
        }
        if answers.len() <= MAX_ANSWERS {
            facts.limit_texts(answers);
        }
        facts
    }

    /// What is known about a parameter: its value may be another one tomorrow.
    pub(super) fn param(&self, name: &str) -> Facts {
        use crate::document::ParamKind;
        let Some(param) = self.document.params.get(name) else {
            return Facts::unknown();
        };
        let kind = match param.kind {
            ParamKind::String => Kind::Text,
            ParamKind::Int | ParamKind::Decimal => Kind::Number,
            ParamKind::Bool => Kind::Bool,
            ParamKind::Date => Kind::Date,
        };
        let null = match (param.required, &param.default) {
            (false, None) => Nulls::Possible,
            _ => Nulls::Never,
        };
        let mut facts = Facts::of(kind, null);
        facts.sure = true;
        if param.kind == ParamKind::Int {
            facts.scale = Some(0);
        }
        facts
    }

    /// Whether the rows are those of a CSV.
    pub(super) fn is_csv(&self) -> bool {
        self.document.source.format == SourceFormat::Csv
    }
}
