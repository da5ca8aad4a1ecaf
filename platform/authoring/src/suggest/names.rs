//! How alike two names are, by their tokens: what both share, what only one has, and what excludes
//! each other.

use std::collections::HashMap;

use super::dictionary::Dictionary;
use super::words;

/// A token's number in the [`Vocabulary`].
pub(super) type Token = u32;

/// Unknown words nearer than this are one word in two spellings.
const SPELLING: f64 = 0.92;

/// What a token of a parent's name counts where one of the name itself is looked for.
const FROM_AROUND: f64 = 0.9;

/// Weight of the parents' tokens in a path.
const AROUND: f64 = 0.5;

/// The tokens of both schemas.
pub(super) struct Vocabulary {
    dictionary: &'static Dictionary,
    entries: Vec<Entry>,
    numbers: HashMap<String, Token>,
    /// tokens by their first two letters
    starts: HashMap<String, Vec<Token>>,
    known: HashMap<(Token, Token), f64>,
}

struct Entry {
    text: String,
    concept: bool,
    weight: f64,
    opposition: Option<usize>,
}

/// A name with the names around it.
#[derive(Debug, Clone, Default)]
pub(super) struct Name {
    pub(super) own: Vec<Token>,
    pub(super) around: Vec<Token>,
}

impl Name {
    pub(super) fn all(&self) -> impl Iterator<Item = Token> {
        self.own.iter().chain(&self.around).copied()
    }
}

/// How alike two names are, each 0 to 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Likeness {
    pub(super) name: f64,
    pub(super) path: f64,
}

impl Vocabulary {
    pub(super) fn new(dictionary: &'static Dictionary) -> Self {
        Self {
            dictionary,
            entries: Vec::new(),
            numbers: HashMap::new(),
            starts: HashMap::new(),
            known: HashMap::new(),
        }
    }

    /// The tokens of a member's name.
    pub(super) fn tokens(&mut self, name: &str) -> Vec<Token> {
        let texts = words::tokens(name, self.dictionary);
        texts.into_iter().map(|text| self.token(text)).collect()
    }

    fn token(&mut self, text: String) -> Token {
        if let Some(number) = self.numbers.get(&text) {
            return *number;
        }
        // a schema has far fewer than 2^32 names
        let number = u32::try_from(self.entries.len()).unwrap_or(Token::MAX);
        self.entries.push(Entry {
            concept: self.dictionary.concepts(&text).is_some(),
            weight: self.dictionary.weight(&text),
            opposition: self.dictionary.opposition(&text),
            text: text.clone(),
        });
        self.starts.entry(start(&text)).or_default().push(number);
        self.numbers.insert(text, number);
        number
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn text(&self, token: Token) -> &str {
        self.entry(token).map_or("", |entry| entry.text.as_str())
    }

    pub(super) fn weight(&self, token: Token) -> f64 {
        self.entry(token).map_or(0.0, |entry| entry.weight)
    }

    fn entry(&self, token: Token) -> Option<&Entry> {
        self.entries.get(usize::try_from(token).ok()?)
    }

    /// How near two tokens are: 1 the same, 0 nothing in common.
    pub(super) fn near(&mut self, one: Token, two: Token) -> f64 {
        if one == two {
            return 1.0;
        }
        let pair = (one.min(two), one.max(two));
        if let Some(near) = self.known.get(&pair) {
            return *near;
        }
        let near = self.compare(pair.0, pair.1);
        self.known.insert(pair, near);
        near
    }

    fn compare(&self, one: Token, two: Token) -> f64 {
        let (Some(a), Some(b)) = (self.entry(one), self.entry(two)) else {
            return 0.0;
        };
        if a.concept && b.concept {
            return self.dictionary.related(&a.text, &b.text);
        }
        let lengths = a.text.len().abs_diff(b.text.len());
        if start(&a.text) != start(&b.text) || a.text.len().min(b.text.len()) < 3 {
            return 0.0;
        }
        // an abbreviation that the dictionary does not have: the start of the word
        if a.text.starts_with(&b.text) || b.text.starts_with(&a.text) {
            return 0.75;
        }
        let alike = strsim::jaro_winkler(&a.text, &b.text);
        if lengths <= 3 && alike >= SPELLING {
            alike * 0.95
        } else {
            0.0
        }
    }

    /// All tokens that have something in common with `token`, and how much; without looking at
    /// every pair of words.
    pub(super) fn all_near(&self, token: Token) -> Vec<(Token, f64)> {
        let Some(entry) = self.entry(token) else {
            return Vec::new();
        };
        let mut others: Vec<Token> = self
            .starts
            .get(&start(&entry.text))
            .cloned()
            .unwrap_or_default();
        if entry.concept {
            for concept in self.dictionary.related_to(&entry.text) {
                others.extend(self.numbers.get(concept));
            }
        }
        others.sort_unstable();
        others.dedup();
        let near = |other: Token| {
            if other == token {
                1.0
            } else {
                self.compare(token, other)
            }
        };
        let pairs = others.into_iter().map(|other| (other, near(other)));
        pairs.filter(|(_, near)| *near > 0.0).collect()
    }

    /// How alike two names are.
    pub(super) fn likeness(&mut self, one: &Name, two: &Name) -> Likeness {
        let (mut found, mut all) = (0.0, 0.0);
        for (from, to) in [(one, two), (two, one)] {
            for token in &from.own {
                let weight = self.weight(*token);
                let own = self.best(*token, &to.own);
                let around = FROM_AROUND * self.best(*token, &to.around);
                found += weight * own.max(around);
                all += weight;
            }
        }
        let name = if all > 0.0 { found / all } else { 0.0 };
        let path = self.path(one, two);
        if self.oppose(one, two) {
            return Likeness {
                name: name * 0.5,
                path: path * 0.3,
            };
        }
        Likeness { name, path }
    }

    /// The share of all tokens, those around at half weight, that the other side has too.
    fn path(&mut self, one: &Name, two: &Name) -> f64 {
        let (mut found, mut all) = (0.0, 0.0);
        for (from, to) in [(one, two), (two, one)] {
            for (tokens, factor) in [(&from.own, 1.0), (&from.around, AROUND)] {
                for token in tokens {
                    let weight = factor * self.weight(*token);
                    found += weight
                        * self
                            .best(*token, &to.own)
                            .max(self.best(*token, &to.around));
                    all += weight;
                }
            }
        }
        if all > 0.0 { found / all } else { 0.0 }
    }

    fn best(&mut self, token: Token, among: &[Token]) -> f64 {
        let mut best = 0.0_f64;
        for other in among {
            best = best.max(self.near(token, *other));
        }
        best
    }

    /// Whether both name something of the same kind and not the same: ship and bill, net and gross.
    fn oppose(&self, one: &Name, two: &Name) -> bool {
        let of = |name: &Name| -> Vec<(usize, Token)> {
            name.all()
                .filter_map(|token| Some((self.entry(token)?.opposition?, token)))
                .collect()
        };
        let (left, right) = (of(one), of(two));
        left.iter().any(|(group, token)| {
            let mut same_group = right.iter().filter(|(other, _)| other == group).peekable();
            same_group.peek().is_some()
                && !left
                    .iter()
                    .any(|(other, token)| other == group && right.contains(&(*group, *token)))
                && !right.contains(&(*group, *token))
        })
    }

    /// The tokens that both names share, for the reason.
    pub(super) fn shared(&mut self, one: &Name, two: &Name) -> Vec<String> {
        let mut shared = Vec::new();
        for token in &one.own {
            let own = self
                .best(*token, &two.own)
                .max(self.best(*token, &two.around));
            if own >= 0.5 {
                shared.push(self.text(*token).to_owned());
            }
        }
        shared
    }
}

/// The first two letters.
fn start(text: &str) -> String {
    text.chars().take(2).collect()
}
