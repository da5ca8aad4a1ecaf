//! Names to tokens: `ShipToCity`, `ship_to_city` and `Lieferort` to concepts of the dictionary.

use super::dictionary::Dictionary;

/// Words of a phrase that is looked up as one.
const PHRASE: usize = 4;

/// Shortest part of a German compound that is looked up.
const SHORTEST_PART: usize = 3;

/// Longest name that is taken apart; what comes after says nothing.
const LONGEST: usize = 120;

/// Letters that German puts between the parts of a compound.
const LINKS: [&str; 5] = ["", "s", "n", "en", "es"];

/// The tokens of a name: concepts where the dictionary knows a word, otherwise the word.
pub(super) fn tokens(name: &str, dictionary: &Dictionary) -> Vec<String> {
    let words = split(name);
    let mut tokens = Vec::new();
    let mut rest = words.as_slice();
    'words: while let Some((first, tail)) = rest.split_first() {
        for length in (2..=PHRASE.min(rest.len())).rev() {
            let phrase = rest.get(..length).unwrap_or_default();
            let known = [phrase.join(" "), phrase.concat()];
            if let Some(concepts) = known.iter().find_map(|text| dictionary.concepts(text)) {
                tokens.extend(concepts.iter().cloned());
                rest = rest.get(length..).unwrap_or_default();
                continue 'words;
            }
        }
        tokens.extend(word(first, dictionary));
        rest = tail;
    }
    let mut seen: Vec<String> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if !seen.contains(&token) {
            seen.push(token);
        }
    }
    seen
}

fn word(word: &str, dictionary: &Dictionary) -> Vec<String> {
    if let Some(concepts) = dictionary.concepts(word) {
        return concepts.to_vec();
    }
    for (ending, instead) in [("ies", "y"), ("es", ""), ("s", "")] {
        if let Some(stem) = word.strip_suffix(ending)
            && let Some(concepts) = dictionary.concepts(&format!("{stem}{instead}"))
            && stem.len() >= SHORTEST_PART
        {
            return concepts.to_vec();
        }
    }
    compound(word, dictionary).unwrap_or_else(|| vec![word.to_owned()])
}

/// The concepts of a compound (`rechnungsdatum`), if all of its parts are known.
fn compound(word: &str, dictionary: &Dictionary) -> Option<Vec<String>> {
    for (cut, _) in word.char_indices().rev() {
        if cut < SHORTEST_PART || word.len() - cut < 2 {
            continue;
        }
        let (head, tail) = word.split_at(cut);
        let known = LINKS.iter().find_map(|link| {
            let stem = head.strip_suffix(link)?;
            (stem.len() >= SHORTEST_PART).then(|| dictionary.concepts(stem))?
        });
        let Some(concepts) = known else { continue };
        let rest = match dictionary.concepts(tail) {
            Some(rest) => Some(rest.to_vec()),
            None => compound(tail, dictionary),
        };
        if let Some(rest) = rest {
            let mut all = concepts.to_vec();
            all.extend(rest);
            return Some(all);
        }
    }
    None
}

/// Words of a name: at signs, at a change from small to large letters, between letters and digits.
fn split(name: &str) -> Vec<String> {
    let signs: Vec<char> = name.chars().take(LONGEST).collect();
    let mut words: Vec<String> = Vec::new();
    let mut open = String::new();
    for (place, sign) in signs.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| signs.get(place));
        let after = signs.get(place + 1);
        let starts = before.is_some_and(|before| {
            (before.is_lowercase() && sign.is_uppercase())
                || (before.is_numeric() != sign.is_numeric())
                || (before.is_uppercase()
                    && sign.is_uppercase()
                    && after.is_some_and(|after| after.is_lowercase()))
        });
        if (starts || !sign.is_alphanumeric()) && !open.is_empty() {
            words.push(folded(&open));
            open.clear();
        }
        if sign.is_alphanumeric() {
            open.push(*sign);
        }
    }
    if !open.is_empty() {
        words.push(folded(&open));
    }
    words
}

/// Small letters without umlauts and the commonest accents.
pub(crate) fn folded(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for sign in text.chars().flat_map(char::to_lowercase) {
        match sign {
            'ä' => made.push_str("ae"),
            'ö' => made.push_str("oe"),
            'ü' => made.push_str("ue"),
            'ß' => made.push_str("ss"),
            'é' | 'è' | 'ê' => made.push('e'),
            'á' | 'à' | 'â' => made.push('a'),
            'ô' | 'ó' => made.push('o'),
            'ç' => made.push('c'),
            'í' | 'î' => made.push('i'),
            sign => made.push(sign),
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::super::dictionary::dictionary;
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        for (name, expected) in [
            ("ShipToCity", "ship to city"),
            ("HTTPServer2Name", "http server 2 name"),
            ("rechnungs-Datum", "rechnungs datum"),
            ("Straße", "strasse"),
            ("  ", ""),
            ("line1", "line 1"),
        ] {
            assert_eq!(split(name).join(" "), expected);
        }
    }

    #[test]
    fn words_become_concepts() {
        for (name, expected) in [
            ("Kundennummer", "customer number"),
            ("customer_no", "customer number"),
            ("KUNNR", "customer number"),
            ("rechnungsdatum", "invoice date"),
            ("ShipToZipCode", "ship postcode"),
            ("Lieferort", "ship city"),
            ("qty", "quantity"),
            ("foobar", "foobar"),
        ] {
            assert_eq!(tokens(name, dictionary()).join(" "), expected, "{name}");
        }
    }
}
