//! How a header differs from the columns that are expected, as data: for reports, and for asking a
//! person whether `qty` is now `quantity`.
//!
//! Pure and total. Guesses (a renaming) are marked as such by how alike the names are; deciding is
//! the caller's. Deliberately absent: comparing types and values.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Names at least this much alike may be the same column; 0 to 100.
const ALIKE_PERCENT: u8 = 60;

/// Pairs of names that are compared; with more only equal spellings are renamings.
const MAX_PAIRS: usize = 40_000;

/// Names longer than this are not compared, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// A column at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnAt {
    pub name: String,
    /// from 1
    pub position: usize,
}

/// A column that has left its place among the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub name: String,
    /// where it is expected, from 1
    pub from: usize,
    /// where it is, from 1
    pub to: usize,
}

/// A column that is probably there under another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// the expected name
    pub from: String,
    /// the name that is there
    pub to: String,
    /// where it is, from 1
    pub position: usize,
    /// how alike the names are, 0 to 100; 100 when only case, spaces and punctuation differ
    pub alike_percent: u8,
}

/// The difference. Empty lists: the columns are as expected.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Drift {
    /// there, but not expected; in the order of the header
    pub added: Vec<ColumnAt>,
    /// expected, but not there; positions are the expected ones
    pub removed: Vec<ColumnAt>,
    /// the fewest columns that must move to give the expected order
    pub moved: Vec<Moved>,
    /// neither in `added` nor in `removed`
    pub renamed: Vec<Renamed>,
}

impl Drift {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares `found`, a header, with `expected`. Of a name that stands twice the first counts.
#[must_use]
pub fn compare(expected: &[String], found: &[String]) -> Drift {
    let expected_at = positions(expected);
    let found_at = positions(found);
    let mut removed = missing_from(expected, &found_at);
    let mut added = missing_from(found, &expected_at);
    let renamed = renamings(&mut removed, &mut added);
    let common: Vec<Moved> = expected
        .iter()
        .enumerate()
        .filter(|(at, name)| expected_at.get(name.as_str()) == Some(at))
        .filter_map(|(at, name)| {
            let to = found_at.get(name.as_str())?;
            Some(Moved {
                name: name.clone(),
                from: at + 1,
                to: to + 1,
            })
        })
        .collect();
    Drift {
        added,
        removed,
        moved: out_of_order(common),
        renamed,
    }
}

fn positions(names: &[String]) -> HashMap<&str, usize> {
    let mut at = HashMap::new();
    for (position, name) in names.iter().enumerate() {
        at.entry(name.as_str()).or_insert(position);
    }
    at
}

fn missing_from(names: &[String], there: &HashMap<&str, usize>) -> Vec<ColumnAt> {
    let missing = (1..)
        .zip(names)
        .filter(|(_, name)| !there.contains_key(name.as_str()));
    missing
        .map(|(position, name)| ColumnAt {
            name: name.clone(),
            position,
        })
        .collect()
}

/// Takes the most alike pairs out of `removed` and `added`, the best first; among equals those
/// whose places are nearest.
fn renamings(removed: &mut Vec<ColumnAt>, added: &mut Vec<ColumnAt>) -> Vec<Renamed> {
    let few = removed.len().saturating_mul(added.len()) <= MAX_PAIRS;
    let mut pairs: Vec<(u8, usize, ColumnAt, ColumnAt)> = Vec::new();
    let mut by_plain: HashMap<String, Vec<&ColumnAt>> = HashMap::new();
    for to in added.iter() {
        by_plain.entry(plain(&to.name)).or_default().push(to);
    }
    let all: Vec<&ColumnAt> = added.iter().collect();
    for from in removed.iter() {
        let same = by_plain.get(&plain(&from.name));
        let candidates = if few { Some(&all) } else { same };
        for to in candidates.into_iter().flatten() {
            let percent = alike(&from.name, &to.name);
            if percent >= ALIKE_PERCENT {
                let distance = from.position.abs_diff(to.position);
                pairs.push((percent, distance, from.clone(), (*to).clone()));
            }
        }
    }
    pairs.sort_by_key(|(percent, distance, from, _)| (100 - percent, *distance, from.position));
    let mut renamed: Vec<Renamed> = Vec::new();
    for (alike_percent, _, from, to) in pairs {
        if removed.contains(&from) && added.contains(&to) {
            removed.retain(|column| *column != from);
            added.retain(|column| *column != to);
            renamed.push(Renamed {
                from: from.name,
                to: to.name,
                position: to.position,
                alike_percent,
            });
        }
    }
    renamed.sort_by_key(|renamed| renamed.position);
    renamed
}

/// A name without case, spaces and punctuation.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn alike(from: &str, to: &str) -> u8 {
    if from.len() > MAX_NAME_BYTES || to.len() > MAX_NAME_BYTES {
        return 0;
    }
    let (from, to) = (plain(from), plain(to));
    if from == to {
        return 100;
    }
    // A word that is part of the other (`order` and `order_no`) says more than its edit distance.
    let share = if !from.is_empty() && (to.starts_with(&from) || to.ends_with(&from))
        || !to.is_empty() && (from.starts_with(&to) || from.ends_with(&to))
    {
        0.7
    } else {
        0.0
    };
    let alike = strsim::normalized_damerau_levenshtein(&from, &to).max(share);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 99"
    )]
    let percent = (alike * 100.0).clamp(0.0, 99.0) as u8;
    percent
}

/// Of columns in the expected order those outside of a longest run that is in order in the header.
fn out_of_order(columns: Vec<Moved>) -> Vec<Moved> {
    // Patience sorting: `ends` holds, for each length, the run of that length with the lowest end.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::new();
    let to = |at: usize| columns.get(at).map_or(0, |column| column.to);
    for (at, column) in columns.iter().enumerate() {
        let length = ends.partition_point(|end| to(*end) < column.to);
        before.push(
            length
                .checked_sub(1)
                .and_then(|length| ends.get(length).copied()),
        );
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut stays = vec![false; columns.len()];
    let mut next = ends.last().copied();
    while let Some(at) = next {
        if let Some(stays) = stays.get_mut(at) {
            *stays = true;
        }
        next = before.get(at).copied().flatten();
    }
    let moved = columns.into_iter().zip(stays).filter(|(_, stays)| !stays);
    moved.map(|(column, _)| column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// `+x` added, `-x` removed, `x>y` renamed, `~x` moved.
    fn told(expected: &str, found: &str) -> String {
        let drift = compare(&names(expected), &names(found));
        let mut words: Vec<String> = Vec::new();
        words.extend(
            drift
                .added
                .iter()
                .map(|c| format!("+{}@{}", c.name, c.position)),
        );
        words.extend(
            drift
                .removed
                .iter()
                .map(|c| format!("-{}@{}", c.name, c.position)),
        );
        words.extend(drift.renamed.iter().map(|r| format!("{}>{}", r.from, r.to)));
        words.extend(
            drift
                .moved
                .iter()
                .map(|m| format!("~{}:{}-{}", m.name, m.from, m.to)),
        );
        assert_eq!(words.is_empty(), drift.is_empty());
        words.join(" ")
    }

    #[test]
    fn headers_are_compared() {
        for (expected, found, difference) in [
            ("a b c", "a b c", ""),
            ("", "", ""),
            ("alpha beta", "alpha beta gamma", "+gamma@3"),
            ("alpha beta gamma", "alpha gamma", "-beta@2"),
            ("a b c d", "d a b c", "~d:4-1"),
            ("a b c d", "b c d a", "~a:1-4"),
            ("order_no qty", "Order-No qty", "order_no>Order-No"),
            (
                "order_no quantity",
                "order_no quantitiy",
                "quantity>quantitiy",
            ),
            (
                "order line",
                "order_no line_no",
                "order>order_no line>line_no",
            ),
            ("name1 name2", "name_1 name_2", "name1>name_1 name2>name_2"),
            ("price", "customer", "+customer@1 -price@1"),
            ("a b", "b x a", "+x@2 ~a:1-3"),
        ] {
            assert_eq!(told(expected, found), difference, "{expected} | {found}");
        }
    }

    #[test]
    fn many_columns_are_no_trouble() {
        let expected: Vec<String> = (0..5000).map(|number| format!("column_{number}")).collect();
        let found: Vec<String> = (0..5000)
            .rev()
            .map(|number| format!("COLUMN {number}"))
            .collect();
        let drift = compare(&expected, &found);
        assert_eq!(drift.renamed.len(), 5000);
        assert!(drift.added.is_empty() && drift.removed.is_empty());
    }
}
