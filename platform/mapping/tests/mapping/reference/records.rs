//! Random records: most members are there and of the kind that their name promises, the others are
//! missing, null or something else. Numbers have 1 to 40 digits, members change their order, texts are
//! written with and without escapes.

use super::numbers::Random;
use super::value::{Tree, TreeKind};

fn scalar(random: &mut Random, kind: TreeKind, text: String) -> Tree {
    let _ = random;
    Tree { text, kind }
}

fn digits(random: &mut Random, count: usize) -> String {
    let mut text = (1 + random.below(9)).to_string();
    for _ in 1..count {
        text.push_str(&random.below(10).to_string());
    }
    text
}

/// The digits of a number.
pub(super) fn number_text(random: &mut Random) -> String {
    let minus = if random.chance(20) { "-" } else { "" };
    let whole = match random.below(20) {
        0 => "0".to_owned(),
        1 => {
            let count = 15 + random.below(8);
            digits(random, count)
        }
        2 => {
            let count = 1 + random.below(40);
            digits(random, count)
        }
        _ => {
            let count = 1 + random.below(4);
            digits(random, count)
        }
    };
    let fraction = match random.below(12) {
        0..=4 => String::new(),
        5..=9 => {
            let count = 1 + random.below(3);
            format!(".{}", digits(random, count))
        }
        10 => format!(".{}00", random.below(10)),
        _ => {
            let count = 1 + random.below(25);
            format!(".{}", digits(random, count))
        }
    };
    let exponent = match random.below(40) {
        0 => "e2",
        1 => "E-3",
        2 => "e+1",
        _ => "",
    };
    format!("{minus}{whole}{fraction}{exponent}")
}

fn text_value(random: &mut Random) -> String {
    let parts = [
        "A", "B", "x", " ", "  ", "ä", "ß", "Straße", "\"", "\\", "\n", "\t", "€", "東", "👍", "é",
        "0", "|", "-", "RE", "GU", "\u{a0}", "/", "<",
    ];
    let count = random.pick(&[0, 1, 1, 1, 2, 2, 3, 5, 9]);
    (0..count).map(|_| random.pick(&parts)).collect()
}

/// A number as people write it, in most cases in the locale.
pub(super) fn written_number(random: &mut Random, locale: &str) -> String {
    if random.chance(4) {
        return random
            .pick(&[
                "1O", "", " 7 ", "1.2.3", "12,34", "1,234.5", "1.234,5", "-", "+4", "007", ".5",
                "5.", "1e3", "1 234",
            ])
            .to_owned();
    }
    let plain = number_text(random);
    let plain = plain.split(['e', 'E']).next().unwrap();
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let (point, group) = match locale {
        "de-DE" => (",", "."),
        "en-US" => (".", ","),
        _ => (".", ""),
    };
    let mut whole = whole.to_owned();
    if random.chance(40) && !group.is_empty() {
        let mut place = whole.len();
        while place > 3 && whole.as_bytes()[place - 4].is_ascii_digit() {
            place -= 3;
            whole.insert_str(place, group);
        }
    }
    if fraction.is_empty() {
        whole
    } else {
        format!("{whole}{point}{fraction}")
    }
}

fn date_text(random: &mut Random) -> String {
    let (year, month, day) = (
        2020 + random.below(10),
        1 + random.below(13),
        1 + random.below(31),
    );
    match random.below(4) {
        0 => format!("{day:02}.{month:02}.{year}"),
        1 => format!("{month}/{day}/{year}"),
        _ => format!("{year}-{month:02}-{day:02}"),
    }
}

/// A text as JSON: as it is, or with escapes that need not be.
pub(super) fn json_text(random: &mut Random, text: &str) -> String {
    if random.chance(70) {
        return serde_json::to_string(text).unwrap();
    }
    let mut written = "\"".to_owned();
    for sign in text.chars() {
        let mut units = [0; 2];
        if random.chance(50) || sign < ' ' || matches!(sign, '"' | '\\') {
            for unit in sign.encode_utf16(&mut units) {
                written.push_str(&format!("\\u{unit:04x}"));
            }
        } else if sign == '/' {
            written.push_str("\\/");
        } else {
            written.push(sign);
        }
    }
    written.push('"');
    written
}

fn blank(random: &mut Random) -> &'static str {
    random.pick(&["", "", "", "", " ", "\t", "  "])
}

fn list(random: &mut Random, elements: Vec<Tree>) -> Tree {
    let mut text = "[".to_owned();
    for (number, element) in elements.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        text.push_str(&format!(
            "{comma}{}{}{}",
            blank(random),
            element.text,
            blank(random)
        ));
    }
    text.push(']');
    Tree {
        text,
        kind: TreeKind::Array(elements),
    }
}

fn object(random: &mut Random, mut members: Vec<(String, Tree)>) -> Tree {
    if random.chance(40) {
        for place in (1..members.len()).rev() {
            let other = random.below(place + 1);
            members.swap(place, other);
        }
    }
    let mut text = "{".to_owned();
    for (number, (name, member)) in members.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let name = if random.chance(95) {
            serde_json::to_string(name).unwrap()
        } else {
            json_text(random, name)
        };
        text.push_str(&format!(
            "{comma}{}{name}{}:{}{}{}",
            blank(random),
            blank(random),
            blank(random),
            member.text,
            blank(random)
        ));
    }
    text.push('}');
    Tree {
        text,
        kind: TreeKind::Object(members),
    }
}

fn text_tree(random: &mut Random, text: String) -> Tree {
    let written = json_text(random, &text);
    scalar(random, TreeKind::Text(text), written)
}

/// A value of the kind that the letter promises: `n`umber, `m` number as text, `t`ext, `b`ool, `d`ate,
/// or what must not be there.
fn promised(random: &mut Random, letter: char, locale: &str) -> Option<Tree> {
    let letter = match random.below(70) {
        0 | 1 => return None,
        2 | 3 => '0',
        4 => random.pick(&['n', 'm', 't', 'b', 'd']),
        5 => '[',
        _ => letter,
    };
    Some(match letter {
        'n' => {
            let text = number_text(random);
            scalar(random, TreeKind::Number, text)
        }
        'm' => {
            let text = written_number(random, locale);
            text_tree(random, text)
        }
        't' => {
            let text = text_value(random);
            text_tree(random, text)
        }
        'd' => {
            let text = date_text(random);
            text_tree(random, text)
        }
        'b' => {
            let truth = random.chance(50);
            scalar(random, TreeKind::Bool(truth), truth.to_string())
        }
        '[' => {
            let inner = list(random, Vec::new());
            object(random, vec![("z".to_owned(), inner)])
        }
        _ => scalar(random, TreeKind::Null, "null".to_owned()),
    })
}

fn promised_members(
    random: &mut Random,
    names: &[(&str, char)],
    locale: &str,
) -> Vec<(String, Tree)> {
    let mut members = Vec::new();
    for (name, letter) in names {
        if let Some(tree) = promised(random, *letter, locale) {
            members.push(((*name).to_owned(), tree));
        }
    }
    members
}

fn key(random: &mut Random) -> Tree {
    let text = random
        .pick(&["7", " K-1 ", "a|b", "c\\d", "größe"])
        .to_owned();
    match random.below(50) {
        0 => text_tree(random, " ".to_owned()),
        1..=10 => scalar(random, TreeKind::Number, "4711".to_owned()),
        _ => text_tree(random, text),
    }
}

/// A JSON record. The rows of one group share the key.
pub(super) fn json_rows(random: &mut Random, count: usize, locale: &str) -> Vec<Tree> {
    let key = key(random);
    (0..count)
        .map(|_| {
            let mut members = vec![("k".to_owned(), key.clone())];
            members.extend(promised_members(
                random,
                &[
                    ("n", 'n'),
                    ("i", 'n'),
                    ("m", 'm'),
                    ("t", 't'),
                    ("b", 'b'),
                    ("d", 'd'),
                    ("Order No", 't'),
                    ("größe", 'n'),
                    ("unasked", 't'),
                ],
                locale,
            ));
            let inner = promised_members(random, &[("n", 'n'), ("t", 't'), ("b", 'b')], locale);
            let inner = object(random, inner);
            let mut outer = promised_members(random, &[("t", 't'), ("n", 'n')], locale);
            outer.push(("p".to_owned(), inner));
            members.push(("o".to_owned(), object(random, outer)));
            let lines = random.below(4);
            let mut elements = Vec::new();
            for _ in 0..lines {
                let mut line = promised_members(
                    random,
                    &[("n", 'n'), ("m", 'm'), ("t", 't'), ("d", 'd'), ("b", 'b')],
                    locale,
                );
                let parts = random.below(3);
                let parts = (0..parts)
                    .map(|_| {
                        let part = promised_members(random, &[("n", 'n'), ("t", 't')], locale);
                        object(random, part)
                    })
                    .collect();
                line.push(("l".to_owned(), list(random, parts)));
                elements.push(match random.below(30) {
                    0 => scalar(random, TreeKind::Number, "5".to_owned()),
                    1 => scalar(random, TreeKind::Null, "null".to_owned()),
                    _ => object(random, line),
                });
            }
            let lines = match random.below(25) {
                0 => text_tree(random, "none".to_owned()),
                1 => scalar(random, TreeKind::Null, "null".to_owned()),
                _ => list(random, elements),
            };
            members.push(("l".to_owned(), lines));
            object(random, members)
        })
        .collect()
}

/// The columns of CSV rows.
pub(super) const COLUMNS: [&str; 8] = ["k", "n", "i", "m", "t", "b", "d", "Order No"];

/// A CSV row, and its line.
pub(super) fn csv_rows(random: &mut Random, count: usize, locale: &str) -> Vec<(Tree, String)> {
    let key = random.pick(&["7", " K-1 ", "a|b", "größe", ""]);
    (0..count)
        .map(|_| {
            let values = COLUMNS.map(|column| match column {
                "k" => key.to_owned(),
                _ if random.chance(6) => random.pick(&["", "-", "NULL", " "]).to_owned(),
                "n" | "m" | "i" => written_number(random, locale),
                "b" => random.pick(&["ja", "nein", "Ja ", "true", "0"]).to_owned(),
                "d" => date_text(random),
                _ => text_value(random),
            });
            let mut line = String::new();
            for (number, value) in values.iter().enumerate() {
                if number > 0 {
                    line.push(';');
                }
                let quotes = value.contains([';', '"', '\n', '\r']) || random.chance(15);
                line.push_str(&if quotes {
                    format!("\"{}\"", value.replace('"', "\"\""))
                } else {
                    value.clone()
                });
            }
            let members = COLUMNS
                .iter()
                .zip(values)
                .map(|(name, text)| {
                    (
                        (*name).to_owned(),
                        Tree {
                            text: text.clone(),
                            kind: TreeKind::Text(text),
                        },
                    )
                })
                .collect();
            (
                Tree {
                    text: String::new(),
                    kind: TreeKind::Object(members),
                },
                line,
            )
        })
        .collect()
}
