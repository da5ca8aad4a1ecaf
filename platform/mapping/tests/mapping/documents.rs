//! Random mapping documents that keep the published schema, for properties. They need not pass the
//! check: paths and formulas lead nowhere.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tributary_mapping::document::{
    Case, Document, Exact, ExpectedIssue, External, Field, Group, GroupInput, Limits, LocaleName,
    Lookup, OnError, OnNull, Param, ParamKind, Paths, QualityRule, RowStep, RuleAction, RuleScope,
    RuleSeverity, Sort, SortKind, SortOrder, Source, SourceFormat, Step, Target, TestCase,
};
use tributary_model::external::ValueType;
use tributary_model::id::Slug;

/// Any document.
pub(crate) fn documents() -> impl Strategy<Value = Document> {
    let head = (
        of(text()),
        slug(),
        text(),
        text(),
        (sources(), of(targets())),
        btree_map(name(), params(), 0..3),
        btree_map(name(), lookups(), 0..3),
        btree_map(name(), external(), 0..2),
        vec(row_steps(), 0..3),
    );
    let tail = (
        vec(fields(), 1..5),
        vec(rules(), 0..3),
        (vec(pointer(), 0..2), vec(pointer(), 0..2)),
        vec(pointer(), 0..2),
        limits(),
        vec(tests(), 0..3),
    );
    (head, tail).prop_map(|(head, tail)| {
        let (schema, name, title, description, (source, target), params, lookups, external, rows) =
            head;
        let (fields, quality, pointers, mut exclude_from_hash, limits, tests) = tail;
        let (mut amounts, mut dates) = pointers;
        amounts.dedup();
        dates.dedup();
        exclude_from_hash.dedup();
        Document {
            schema,
            version: 1,
            name,
            title,
            description,
            source,
            target,
            params,
            lookups,
            external,
            rows,
            fields,
            quality,
            amounts,
            dates,
            exclude_from_hash,
            limits,
            tests,
        }
    })
}

/// Short and long, with signs that JSON escapes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z ]{0,12}",
        1 => "[ -~äöü€\"\\\\\n\t]{0,30}",
        1 => "[a-z]{100,160}",
    ]
}

fn slug() -> impl Strategy<Value = Slug> {
    "[a-z][a-z0-9-]{0,20}".prop_map(|text| Slug::parse(&text).unwrap())
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z_][A-Za-z0-9_]{0,15}"
}

fn id() -> impl Strategy<Value = String> {
    "[A-Za-z_][A-Za-z0-9_.-]{0,15}"
}

fn path() -> impl Strategy<Value = String> {
    "\\$(\\.[a-z]{1,8}){0,3}"
}

fn pointer() -> impl Strategy<Value = String> {
    "(/[a-z*]{1,8}){1,3}"
}

fn formula() -> impl Strategy<Value = String> {
    "[a-z+ ']{1,20}"
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(values: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(values.to_vec())
}

fn constant() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e6..1.0e6).prop_map(Value::from),
        text().prop_map(Value::from),
    ]
}

/// Any JSON but null.
fn free() -> impl Strategy<Value = Value> {
    constant()
        .prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..5).prop_map(Value::from),
                vec((name(), inner), 0..4).prop_map(|members| {
                    Value::Object(members.into_iter().collect::<Map<_, _>>())
                }),
            ]
        })
        .prop_filter("null means that the member is not there", |value| {
            !value.is_null()
        })
}

fn sources() -> impl Strategy<Value = Source> {
    let locales = [
        LocaleName::Plain,
        LocaleName::GermanGermany,
        LocaleName::EnglishUnitedStates,
        LocaleName::FrenchFrance,
    ];
    (
        one_of(&[SourceFormat::Csv, SourceFormat::Json]),
        one_of(&locales),
        of(Just("Europe/Berlin".to_owned())),
        of(vec(text(), 0..4)),
        vec(path(), 0..3),
        of(text().prop_filter("a name", |name| !name.is_empty())),
    )
        .prop_map(
            |(format, locale, time_zone, null_tokens, key, schema)| Source {
                format,
                schema,
                locale,
                time_zone,
                null_tokens,
                key,
            },
        )
}

fn targets() -> impl Strategy<Value = Target> {
    of("[a-z/]{1,12}").prop_map(|schema| Target { schema })
}

fn params() -> impl Strategy<Value = Param> {
    let kinds = [ParamKind::String, ParamKind::Int, ParamKind::Date];
    let default = of(constant().prop_filter("null is none", |value| !value.is_null()));
    (one_of(&kinds), any::<bool>(), default, text()).prop_map(
        |(kind, required, default, description)| Param {
            kind,
            required,
            default,
            description,
        },
    )
}

fn external() -> impl Strategy<Value = External> {
    let types = [
        ValueType::Text,
        ValueType::Number,
        ValueType::Bool,
        ValueType::Date,
        ValueType::Datetime,
        ValueType::List,
        ValueType::Json,
        ValueType::Any,
    ];
    let parts = (
        slug(),
        "[a-z][a-z0-9_]{0,10}",
        one_of(&types),
        one_of(&types),
        any::<bool>(),
        text(),
    );
    parts.prop_map(
        |(name, function, takes, gives, sensitive, description)| External {
            component: format!("{name}@1.0.0"),
            function,
            takes,
            gives,
            sensitive,
            description,
        },
    )
}

fn lookups() -> impl Strategy<Value = Lookup> {
    let inline =
        (btree_map(text(), text(), 0..4), text()).prop_map(|(inline, description)| Lookup {
            inline: Some(inline),
            table: None,
            key: Vec::new(),
            value: None,
            description,
        });
    let table = (slug(), vec(text(), 0..3), text()).prop_map(|(table, key, value)| Lookup {
        inline: None,
        table: Some(table.as_str().to_owned()),
        key,
        value: Some(value),
        description: String::new(),
    });
    prop_oneof![inline, table]
}

fn row_steps() -> impl Strategy<Value = RowStep> {
    let filter =
        (id(), text(), formula()).prop_map(|(id, note, keep)| RowStep::Filter { id, note, keep });
    prop_oneof![filter, groups().prop_map(RowStep::Group)]
}

fn groups() -> impl Strategy<Value = Group> {
    let sort = (
        path(),
        one_of(&[SortKind::Text, SortKind::Int, SortKind::Decimal]),
        one_of(&[SortOrder::Ascending, SortOrder::Descending]),
    )
        .prop_map(|(by, kind, order)| Sort { by, kind, order });
    (
        id(),
        text(),
        (name(), name()),
        vec(path(), 1..3),
        one_of(&[GroupInput::Any, GroupInput::Adjacent]),
        vec(path(), 0..3),
        vec(sort, 0..2),
        one_of(&[10_000_u32, 500]),
    )
        .prop_map(
            |(id, note, (scope, members), by, input, agree, sort, max_members)| Group {
                id,
                note,
                scope,
                by,
                input,
                members,
                agree,
                sort,
                max_members,
            },
        )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let arguments = [
        ("trim", json!({})),
        ("range", json!({ "max": 10, "min": "0.001" })),
        (
            "date_parse",
            json!({ "zone": "UTC", "formats": ["dd.MM.yyyy", "yyyy-MM-dd"] }),
        ),
        (
            "lookup",
            json!({ "on_miss": "null", "with": ["$.a"], "table": "t" }),
        ),
        ("unknown", json!({ "z": 1, "a": { "y": [], "b": null } })),
    ];
    let step = one_of(&arguments).prop_map(|(function, arguments)| Step {
        function: function.to_owned(),
        arguments: arguments.as_object().cloned().unwrap(),
    });
    vec(step, 0..4)
}

fn paths() -> impl Strategy<Value = Paths> {
    prop_oneof![
        path().prop_map(Paths::One),
        vec(path(), 1..3).prop_map(Paths::FirstOf)
    ]
}

fn cases() -> impl Strategy<Value = Case> {
    let value = prop_oneof![
        paths().prop_map(|from| Case {
            from: Some(from),
            ..Case::default()
        }),
        constant().prop_map(|value| Case {
            constant: Some(value),
            ..Case::default()
        }),
        name().prop_map(|param| Case {
            param: Some(param),
            ..Case::default()
        }),
        formula().prop_map(|formula| Case {
            formula: Some(formula),
            ..Case::default()
        }),
    ];
    (of(formula()), value, steps()).prop_map(|(when, value, steps)| Case {
        otherwise: when.is_none(),
        when,
        steps,
        ..value
    })
}

fn fields() -> impl Strategy<Value = Field> {
    leaves().prop_recursive(3, 12, 3, |inner| {
        let nested = (
            id(),
            "[a-zA-Z_ /-]{1,12}",
            text(),
            vec(inner, 1..4),
            of(name()),
        );
        (nested, any::<bool>(), of(0_u32..3), of(1_u32..9)).prop_map(
            |((id, to, note, fields, alias), each, min_items, max_items)| {
                let field = Field {
                    id,
                    to: Some(to),
                    note,
                    ..Field::default()
                };
                if each {
                    let each = Some("$.items".to_owned());
                    Field {
                        each,
                        fields,
                        alias,
                        min_items,
                        max_items,
                        keep: Some("x".to_owned()),
                        ..field
                    }
                } else {
                    Field {
                        object: Some(fields),
                        on_null: OnNull::Omit,
                        ..field
                    }
                }
            },
        )
    })
}

fn leaves() -> impl Strategy<Value = Field> {
    let value = prop_oneof![
        3 => paths().prop_map(|from| Field { from: Some(from), ..Field::default() }),
        1 => constant().prop_map(|value| Field { constant: Some(value), ..Field::default() }),
        1 => name().prop_map(|param| Field { param: Some(param), ..Field::default() }),
        1 => formula().prop_map(|formula| Field { formula: Some(formula), ..Field::default() }),
        1 => vec(cases(), 1..3).prop_map(|cases| Field { switch: Some(cases), ..Field::default() }),
    ];
    let kinds = [
        "string",
        "string(50)",
        "enum",
        "int",
        "decimal(18,2)",
        "bool",
        "date",
        "json",
    ];
    let errors = [
        OnError::Reject,
        OnError::Null,
        OnError::Default,
        OnError::DropLine,
    ];
    let names = (
        id(),
        of("[a-zA-Z_ /-]{1,12}"),
        of(name()),
        text(),
        of(name()),
    );
    let rules = (
        one_of(&kinds),
        vec(text(), 0..3),
        of(formula()),
        one_of(&[OnNull::Emit, OnNull::Omit]),
        one_of(&errors),
        of(constant()),
    );
    (names, value, rules, steps(), any::<bool>(), any::<bool>()).prop_map(
        |(names, value, rules, steps, required, sensitive)| {
            let (id, to, alias, note, scope) = names;
            let (kind, values, when, on_null, on_error, on_error_value) = rules;
            Field {
                id,
                to,
                alias,
                note,
                scope,
                kind: Some(kind.to_owned()),
                values,
                when,
                on_null,
                on_error,
                on_error_value,
                steps,
                required,
                sensitive,
                ..value
            }
        },
    )
}

fn rules() -> impl Strategy<Value = QualityRule> {
    let severities = [RuleSeverity::Error, RuleSeverity::Warn, RuleSeverity::Fail];
    let actions = [RuleAction::Reject, RuleAction::Flag];
    let scopes = [RuleScope::Record, RuleScope::Run];
    let what = prop_oneof![
        formula().prop_map(|check| (Some(check), Vec::new(), None, None)),
        pointer().prop_map(|unique| (None, vec![unique], None, None)),
        Just((None, Vec::new(), Some(json!({ "type": "object" })), None)),
        name().prop_map(|table| (None, Vec::new(), None, Some(table))),
    ];
    let how = (one_of(&severities), of(one_of(&actions)), one_of(&scopes));
    (id(), text(), of(id()), what, how, text()).prop_map(|(id, note, on, what, how, message)| {
        let (check, unique, schema, reference) = what;
        let (severity, action, scope) = how;
        QualityRule {
            id,
            note,
            on,
            scope,
            check,
            unique,
            schema,
            reference,
            severity,
            action,
            message,
        }
    })
}

fn limits() -> impl Strategy<Value = Limits> {
    (any::<bool>(), any::<bool>()).prop_map(|(rows, issues)| {
        let mut limits = Limits::default();
        if rows {
            limits.max_row_bytes = 1000;
        }
        if issues {
            limits.max_issues = 7;
        }
        limits
    })
}

fn tests() -> impl Strategy<Value = TestCase> {
    let issue = (text(), of(text()), of(1_u64..99)).prop_map(|(code, rule, line)| ExpectedIssue {
        code,
        rule,
        line,
        ..ExpectedIssue::default()
    });
    (
        text(),
        btree_map(name(), constant(), 0..3),
        vec(text(), 0..12),
        of(one_of(&[',', '\t', '|'])),
        vec(free(), 0..3),
        of(free()),
        (of(text()), any::<bool>(), vec(issue, 0..3)),
    )
        .prop_map(|(name, params, columns, delimiter, rows, expect, rest)| {
            let params: BTreeMap<String, Value> = params;
            let (expect_text, expect_skipped, expect_issues) = rest;
            TestCase {
                name,
                params: params.into_iter().collect(),
                columns,
                delimiter,
                rows: rows.into_iter().map(Exact::from).collect(),
                expect: expect.map(Exact::from),
                expect_text,
                expect_skipped,
                expect_issues,
            }
        })
}
