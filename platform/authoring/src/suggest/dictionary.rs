//! Words that mean the same: English and German, abbreviations, and the field names of well-known
//! systems. The data is `data/dictionary.json`; its form is explained in this module.
//!
//! Every word stands for one or more **concepts**. `related` pairs are near each other but not the
//! same (number and code), `opposites` exclude each other (ship and bill), `weak` concepts say little
//! alone (number, date).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::OnceLock;

use serde::Deserialize;

const DATA: &str = include_str!("../../data/dictionary.json");

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// concept → words and phrases for it
    concepts: BTreeMap<String, Vec<String>>,
    /// word → concepts, in a text separated by spaces
    compounds: BTreeMap<String, String>,
    /// two concepts and how near they are, 0 to 1
    related: Vec<(String, String, f64)>,
    /// concepts of which a name has only one
    opposites: Vec<Vec<String>>,
    /// concept → weight, where it is not 1
    weak: BTreeMap<String, f64>,
}

/// What [`dictionary`] gives.
pub(super) struct Dictionary {
    /// words and phrases, folded, to concepts
    words: HashMap<String, Vec<String>>,
    related: HashMap<String, BTreeMap<String, f64>>,
    opposites: Vec<HashSet<String>>,
    weak: BTreeMap<String, f64>,
}

/// The dictionary, read once.
pub(super) fn dictionary() -> &'static Dictionary {
    static DICTIONARY: OnceLock<Dictionary> = OnceLock::new();
    DICTIONARY.get_or_init(|| Dictionary::read(DATA).unwrap_or_else(|_| Dictionary::empty()))
}

impl Dictionary {
    fn empty() -> Self {
        Self {
            words: HashMap::new(),
            related: HashMap::new(),
            opposites: Vec::new(),
            weak: BTreeMap::new(),
        }
    }

    fn read(text: &str) -> Result<Self, serde_json::Error> {
        let file: File = serde_json::from_str(text)?;
        let mut made = Self::empty();
        for (concept, words) in &file.concepts {
            made.words.insert(concept.clone(), vec![concept.clone()]);
            for word in words {
                made.words.insert(word.clone(), vec![concept.clone()]);
            }
        }
        for (word, concepts) in &file.compounds {
            let concepts = concepts.split(' ').map(str::to_owned).collect();
            made.words.insert(word.clone(), concepts);
        }
        // `creditlimit` is `credit limit` where nobody wrote a sign between the words
        let phrases: Vec<(String, Vec<String>)> = made
            .words
            .iter()
            .filter(|(word, _)| word.contains(' '))
            .map(|(word, concepts)| (word.replace(' ', ""), concepts.clone()))
            .collect();
        for (word, concepts) in phrases {
            made.words.entry(word).or_insert(concepts);
        }
        for (one, two, near) in file.related {
            let others = made.related.entry(one.clone()).or_default();
            others.insert(two.clone(), near);
            made.related.entry(two).or_default().insert(one, near);
        }
        made.opposites = file
            .opposites
            .into_iter()
            .map(|group| group.into_iter().collect())
            .collect();
        made.weak = file.weak;
        Ok(made)
    }

    /// The concepts of a word or phrase.
    pub(super) fn concepts(&self, word: &str) -> Option<&[String]> {
        self.words.get(word).map(Vec::as_slice)
    }

    /// How near two different concepts are.
    pub(super) fn related(&self, one: &str, two: &str) -> f64 {
        let others = self.related.get(one);
        others
            .and_then(|others| others.get(two))
            .copied()
            .unwrap_or(0.0)
    }

    /// The concepts near to one.
    pub(super) fn related_to(&self, concept: &str) -> impl Iterator<Item = &str> {
        self.related
            .get(concept)
            .into_iter()
            .flat_map(|others| others.keys().map(String::as_str))
    }

    /// Weight of a concept or unknown word, 0 to 1.
    pub(super) fn weight(&self, token: &str) -> f64 {
        let number = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
        let other = if number { 0.3 } else { 1.0 };
        self.weak.get(token).copied().unwrap_or(other)
    }

    /// Which group of opposites a concept belongs to.
    pub(super) fn opposition(&self, token: &str) -> Option<usize> {
        self.opposites
            .iter()
            .position(|group| group.contains(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_sound() {
        let file: File = serde_json::from_str(DATA).unwrap();
        assert!(file.concepts.len() > 100);
        let known = |concept: &str| file.concepts.contains_key(concept);
        let mut owners: HashMap<&str, &str> = HashMap::new();
        for (concept, words) in &file.concepts {
            for word in words {
                let folded = super::super::words::folded(word);
                assert_eq!(&folded, word, "{word} of {concept} is not in folded form");
                let other = owners.insert(word, concept);
                assert_eq!(other, None, "{word} stands for {concept} and another");
                assert!(!known(word), "{word} of {concept} is a concept itself");
            }
        }
        for (word, concepts) in &file.compounds {
            assert!(!owners.contains_key(word.as_str()), "{word} stands twice");
            assert!(!known(word), "{word} is a concept itself");
            for concept in concepts.split(' ') {
                assert!(known(concept), "{word}: {concept} is no concept");
            }
        }
        for (one, two, near) in &file.related {
            assert!(known(one) && known(two), "{one}, {two}");
            assert!((0.0..1.0).contains(near));
        }
        for concept in file.opposites.iter().flatten().chain(file.weak.keys()) {
            assert!(known(concept), "{concept} is no concept");
        }
    }
}
