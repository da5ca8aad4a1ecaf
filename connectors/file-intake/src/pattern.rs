//! Shell patterns for file names: `*` any text, `?` one character, `[a-z]`, `[!a]` one of a set.
//! Case counts. A set that is not closed is text. Iterative, so no name makes it slow.
//!
//! A pattern with a slash is for the whole path below the folder: `*` ends at a slash, and `**` is
//! any number of folders. One without is for the file's name, wherever it lies.
//!
//! A name that begins with a point is hidden, as in a shell: it fits only a pattern whose name begins
//! with a point too. Senders write under such names until a file is complete, and what broke on the
//! way stays there.

/// Whether the path below the folder fits.
pub fn fits(pattern: &str, path: &str) -> bool {
    let hidden = |path: &str| path.rsplit('/').next().is_some_and(|n| n.starts_with('.'));
    if hidden(path) && !hidden(pattern) {
        return false;
    }
    if !pattern.contains('/') {
        return matches(pattern, path.rsplit('/').next().unwrap_or_default());
    }
    let steps: Vec<&str> = path.split('/').collect();
    // reachable[i]: the pattern so far fits the first i steps
    let mut reachable = vec![false; steps.len() + 1];
    if let Some(start) = reachable.first_mut() {
        *start = true;
    }
    for part in pattern.split('/') {
        let mut next = vec![false; steps.len() + 1];
        let mut open = false;
        for (at, slot) in next.iter_mut().enumerate() {
            let here = reachable.get(at).copied().unwrap_or_default();
            if part == "**" {
                open |= here;
                *slot = open;
            } else {
                let before = at.checked_sub(1);
                *slot = before.is_some_and(|before| {
                    let from = reachable.get(before).copied().unwrap_or_default();
                    from && steps.get(before).is_some_and(|step| matches(part, step))
                });
            }
        }
        reachable = next;
    }
    reachable.last().copied().unwrap_or_default()
}

/// Whether the whole `name` matches.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // where to go on if the text behind the last star does not fit
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
        } else if let Some(next) = one(&pattern, p, name.get(n).copied()) {
            p = next;
            n += 1;
        } else if let Some((at, from)) = star {
            p = at + 1;
            n = from + 1;
            star = Some((at, from + 1));
        } else {
            return false;
        }
    }
    pattern
        .get(p..)
        .unwrap_or_default()
        .iter()
        .all(|c| *c == '*')
}

/// Where the pattern goes on if its element at `at` fits `character`.
fn one(pattern: &[char], at: usize, character: Option<char>) -> Option<usize> {
    let character = character?;
    match pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => match set(pattern, at, character) {
            Some((true, next)) => Some(next),
            Some((false, _)) => None,
            None => (character == '[').then_some(at + 1),
        },
        plain => (*plain == character).then_some(at + 1),
    }
}

/// Whether the set that opens at `at` has `character`, and what follows it.
fn set(pattern: &[char], at: usize, character: char) -> Option<(bool, usize)> {
    let mut position = at + 1;
    let negated = pattern.get(position) == Some(&'!');
    position += usize::from(negated);
    let first = position;
    let mut found = false;
    loop {
        let low = *pattern.get(position)?;
        if low == ']' && position > first {
            return Some((found != negated, position + 1));
        }
        let high = pattern
            .get(position + 2)
            .copied()
            .filter(|high| *high != ']');
        match (pattern.get(position + 1), high) {
            (Some('-'), Some(high)) => {
                found |= (low..=high).contains(&character);
                position += 3;
            }
            _ => {
                found |= low == character;
                position += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fits, matches};

    #[test]
    fn paths_fit_by_name_or_as_a_whole() {
        for (pattern, path, expected) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "2026/11/a.csv", true),
            ("2026/*.csv", "2026/a.csv", true),
            ("2026/*.csv", "2026/11/a.csv", false),
            ("2026/*/a.csv", "2026/11/a.csv", true),
            ("**/a.csv", "a.csv", true),
            ("**/a.csv", "2026/11/a.csv", true),
            ("2026/**/a?.csv", "2026/11/02/a1.csv", true),
            ("2026/**/a?.csv", "2025/11/02/a1.csv", false),
            ("**", "a", true),
            ("**/x/**", "a/x/b", true),
            ("**/x/**", "a/y/b", false),
            ("/a.csv", "a.csv", false),
            ("*", ".orders.csv.7f.part", false),
            ("?orders*", ".orders.csv", false),
            ("**", "in/.orders.csv", false),
            ("in/*", "in/.orders.csv", false),
            (".*", ".orders.csv", true),
            ("in/.*", "in/.orders.csv", true),
            (".in/*", ".in/.orders.csv", false),
            (".in/*", ".in/orders.csv", true),
            ("*", "orders.csv", true),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
        let hard = "**/a*/".repeat(20) + "b";
        assert!(!fits(&hard, &"aa/".repeat(60)));
    }

    #[test]
    fn patterns_match_like_a_shell() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.part", false),
            ("orders-*-[AB].csv", "orders-2026-10-A.csv", true),
            ("orders-*-[AB].csv", "orders-2026-10-C.csv", false),
            ("[!.]*", ".hidden", false),
            ("[!.]*", "shown", true),
            ("file?.txt", "file12.txt", false),
            ("[0-9][0-9]", "42", true),
            ("[]]x", "]x", true),
            ("[a", "[a", true),
            ("*a*b*c*", "xxaxxbxxc", true),
            ("ä?ü", "äöü", true),
            ("A.csv", "a.csv", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        let hard = "a*".repeat(40) + "b";
        assert!(!matches(&hard, &"a".repeat(200)));
    }
}
