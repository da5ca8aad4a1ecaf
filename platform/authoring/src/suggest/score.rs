//! Candidates, scores and the choice of pairs.

use std::collections::HashMap;

use tributary_mapping::schema::{Leaf, Schema};

use super::dictionary::dictionary;
use super::memory::Memory;
use super::names::{Likeness, Name, Token, Vocabulary};
use super::neighbours::{Position, neighbour_score};
use super::steps::conversion;
use super::values::{kind_score, value_score};
use super::{CANDIDATES, PRE_TICKED, Reason, ReasonKind, SHOWN, Suggestion, cap};

const NAME: f64 = 0.35;
const PATH: f64 = 0.15;
const KIND: f64 = 0.15;
const VALUES: f64 = 0.20;
const NEIGHBOURS: f64 = 0.15;

/// A second source whose score is nearer than this makes a choice necessary.
const MARGIN: f64 = 0.04;

/// Rounds of assignment; each knows the neighbours of the one before.
const ROUNDS: usize = 2;

/// One side of the match.
struct Side<'a> {
    leaves: Vec<Leaf<'a>>,
    names: Vec<Name>,
    positions: Vec<Position>,
}

/// A pair that is looked at closely.
#[derive(Debug, Clone)]
struct Pair {
    source: usize,
    target: usize,
    likeness: Likeness,
    kind: Option<f64>,
    values: Option<f64>,
    neighbours: Option<f64>,
    score: f64,
    /// another source or target is as good
    ambiguous: Option<Rival>,
}

/// What is as good as one side of a pair.
#[derive(Debug, Clone, Copy)]
enum Rival {
    Source(usize),
    Target(usize),
}

pub(super) struct Matcher<'a> {
    memory: &'a Memory,
    words: Vocabulary,
    source: Side<'a>,
    target: Side<'a>,
}

impl<'a> Matcher<'a> {
    pub(super) fn new(source: &'a Schema, target: &'a Schema, memory: &'a Memory) -> Self {
        let mut words = Vocabulary::new(dictionary());
        let source = side(source, &mut words);
        let target = side(target, &mut words);
        Self {
            memory,
            words,
            source,
            target,
        }
    }

    pub(super) fn suggestions(mut self) -> Vec<Suggestion> {
        let mut pairs = self.pairs();
        let mut chosen: Vec<Option<usize>> = Vec::new();
        for round in 0..ROUNDS {
            if round > 0 {
                self.ask_neighbours(&mut pairs, &chosen);
            }
            chosen = self.assign(&mut pairs);
        }
        let shown: Vec<&Pair> = chosen
            .iter()
            .filter_map(|pair| pairs.get((*pair)?))
            .filter(|pair| pair.score >= SHOWN)
            .collect();
        shown
            .into_iter()
            .filter_map(|pair| self.suggestion(pair))
            .collect()
    }

    /// The likeliest sources of every target, with all parts of the score but the neighbours.
    fn pairs(&mut self) -> Vec<Pair> {
        let index = Index::new(&self.source.names, &self.words, &self.target.names);
        let mut pairs = Vec::new();
        let mut scratch = vec![0.0_f64; self.source.leaves.len()];
        for target in 0..self.target.leaves.len() {
            let Some(name) = self.target.names.get(target).cloned() else {
                continue;
            };
            let mut candidates = index.candidates(&name, &self.words, &mut scratch);
            self.remembered(target, &mut candidates);
            for source in candidates {
                pairs.extend(self.pair(source, target, &name));
            }
        }
        pairs
    }

    /// Adds what was accepted before and shares no word.
    fn remembered(&self, target: usize, candidates: &mut Vec<usize>) {
        let Some(leaf) = self
            .target
            .leaves
            .get(target)
            .filter(|_| !self.memory.is_empty())
        else {
            return;
        };
        for (source, other) in self.source.leaves.iter().enumerate() {
            if !candidates.contains(&source) && self.memory.knows(&other.path, &leaf.pointer) {
                candidates.push(source);
            }
        }
    }

    fn pair(&mut self, source: usize, target: usize, name: &Name) -> Option<Pair> {
        let from = self.source.leaves.get(source)?;
        let to = self.target.leaves.get(target)?;
        let likeness = self.words.likeness(self.source.names.get(source)?, name);
        let concepts: Vec<&str> = name
            .own
            .iter()
            .map(|token| self.words.text(*token))
            .collect();
        let mut pair = Pair {
            source,
            target,
            likeness,
            kind: kind_score(from.node, to.node),
            values: value_score(from.node, to.node, &concepts),
            neighbours: None,
            score: 0.0,
            ambiguous: None,
        };
        pair.score = self.score(&pair);
        Some(pair)
    }

    fn score(&self, pair: &Pair) -> f64 {
        let parts = [
            (NAME, Some(pair.likeness.name)),
            (PATH, Some(pair.likeness.path)),
            (KIND, pair.kind),
            (VALUES, pair.values),
            (NEIGHBOURS, pair.neighbours),
        ];
        let (mut sum, mut weights) = (0.0, 0.0);
        for (weight, part) in parts {
            if let Some(part) = part {
                sum += weight * part;
                weights += weight;
            }
        }
        let score = (sum / weights).min(cap(pair.likeness.name));
        // a value that cannot be made of the source's is no suggestion, whatever its name; and of the
        // elements of an array none can be taken for a single field
        let loops = |side: &Side<'_>, leaf: usize| {
            let leaf = side.leaves.get(leaf);
            leaf.map_or(0, |leaf| leaf.pointer.matches("/*").count())
        };
        let impossible = pair.kind == Some(0.0)
            || (pair.values == Some(0.0) && pair.kind != Some(1.0))
            || loops(&self.source, pair.source) > loops(&self.target, pair.target);
        let score = if impossible { score * 0.6 } else { score };
        if self.memory.is_empty() {
            return score;
        }
        let places = self
            .source
            .leaves
            .get(pair.source)
            .zip(self.target.leaves.get(pair.target));
        places.map_or(score, |(from, to)| {
            self.memory.uses(&from.path, &to.pointer).apply(score)
        })
    }

    fn ask_neighbours(&self, pairs: &mut [Pair], chosen: &[Option<usize>]) {
        let mapped: Vec<Option<Position>> = chosen
            .iter()
            .map(|pair| {
                let pair = pairs.get((*pair)?).filter(|pair| pair.score >= SHOWN)?;
                self.source.positions.get(pair.source).copied()
            })
            .collect();
        for pair in pairs.iter_mut() {
            let (Some(from), Some(to)) = (
                self.source.positions.get(pair.source),
                self.target.positions.get(pair.target),
            ) else {
                continue;
            };
            let of = |order: usize| mapped.get(order).copied().flatten();
            pair.neighbours = neighbour_score(*from, *to, &self.target.positions, of);
            pair.score = self.score(pair);
        }
    }

    /// The best pair of each target; every source is used once.
    fn assign(&self, pairs: &mut [Pair]) -> Vec<Option<usize>> {
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        let key = |place: &usize| {
            pairs
                .get(*place)
                .map_or((0.0, 0, 0), |pair| (pair.score, pair.target, pair.source))
        };
        order.sort_by(|a, b| {
            let (a, b) = (key(a), key(b));
            b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2)))
        });
        let mut chosen: Vec<Option<usize>> = vec![None; self.target.leaves.len()];
        let mut used = vec![false; self.source.leaves.len()];
        for place in order {
            let Some(pair) = pairs.get(place) else {
                continue;
            };
            let taken = used.get(pair.source).copied().unwrap_or(true);
            if let Some(slot) = chosen.get_mut(pair.target)
                && slot.is_none()
                && !taken
            {
                *slot = Some(place);
                if let Some(used) = used.get_mut(pair.source) {
                    *used = true;
                }
            }
        }
        mark_ambiguous(pairs, &chosen);
        chosen
    }

    fn suggestion(&mut self, pair: &Pair) -> Option<Suggestion> {
        let from = self.source.leaves.get(pair.source)?;
        let to = self.target.leaves.get(pair.target)?;
        let made = conversion(from.node, to.node);
        let source = from.path.clone();
        let target = to.pointer.clone();
        let rival = match pair.ambiguous {
            Some(Rival::Source(other)) => {
                self.source.leaves.get(other).map(|leaf| leaf.path.clone())
            }
            Some(Rival::Target(other)) => self
                .target
                .leaves
                .get(other)
                .map(|leaf| leaf.pointer.clone()),
            None => None,
        };
        let confidence = match rival {
            Some(_) => pair.score.min(PRE_TICKED - 0.01),
            None => pair.score,
        };
        Some(Suggestion {
            reasons: self.reasons(pair, rival.as_deref()),
            source,
            target,
            confidence: (confidence * 1000.0).round() / 1000.0,
            steps: made.steps,
            assumed: made.assumed,
        })
    }

    fn reasons(&mut self, pair: &Pair, rival: Option<&str>) -> Vec<Reason> {
        let names = (
            self.source.names.get(pair.source),
            self.target.names.get(pair.target),
        );
        let shared = match names {
            (Some(one), Some(two)) => self.words.shared(one, two).join(", "),
            _ => String::new(),
        };
        let mut reasons = Vec::new();
        let mut add = |kind, score: Option<f64>, text: &str| {
            reasons.extend(score.map(|score| Reason {
                kind,
                score: (score * 1000.0).round() / 1000.0,
                text: text.to_owned(),
            }));
        };
        add(
            ReasonKind::Name,
            Some(pair.likeness.name),
            &format!("both names say: {shared}"),
        );
        add(
            ReasonKind::Path,
            Some(pair.likeness.path),
            "how alike the paths are",
        );
        add(ReasonKind::Type, pair.kind, "how well the types fit");
        add(ReasonKind::Values, pair.values, "how well the samples fit");
        add(
            ReasonKind::Neighbours,
            pair.neighbours,
            "whether the fields around it come from the same part",
        );
        let places = self
            .source
            .leaves
            .get(pair.source)
            .zip(self.target.leaves.get(pair.target));
        if let Some((from, to)) = places {
            let uses = self.memory.uses(&from.path, &to.pointer);
            let text = format!(
                "accepted {} and rejected {} times before",
                uses.accepted, uses.rejected
            );
            let asked = uses.accepted + uses.rejected > 0;
            add(ReasonKind::PastUse, asked.then(|| uses.apply(0.0)), &text);
        }
        if let Some(rival) = rival {
            add(
                ReasonKind::Ambiguous,
                Some(pair.score),
                &format!("{rival} is as likely"),
            );
        }
        reasons
    }
}

/// Notes where another source, or another target for the same source, is as good as what was chosen.
/// What is surer of a partner of its own is no rival.
fn mark_ambiguous(pairs: &mut [Pair], chosen: &[Option<usize>]) {
    let mut of_target: HashMap<usize, (f64, usize)> = HashMap::new();
    let mut of_source: HashMap<usize, (f64, usize)> = HashMap::new();
    for pair in chosen.iter().filter_map(|place| pairs.get((*place)?)) {
        of_target.insert(pair.target, (pair.score, pair.source));
        of_source.insert(pair.source, (pair.score, pair.target));
    }
    let mut rivals: HashMap<usize, Rival> = HashMap::new();
    for pair in pairs.iter() {
        let surer = |best: Option<&(f64, usize)>| {
            best.is_some_and(|(score, _)| *score > pair.score + MARGIN)
        };
        let (source, target) = (of_source.get(&pair.source), of_target.get(&pair.target));
        if let Some((score, source_of)) = target
            && *source_of != pair.source
            && pair.score + MARGIN >= *score
            && !surer(source)
        {
            rivals
                .entry(pair.target)
                .or_insert(Rival::Source(pair.source));
        }
        if let Some((score, target_of)) = source
            && *target_of != pair.target
            && pair.score + MARGIN >= *score
            && !surer(target)
        {
            rivals
                .entry(*target_of)
                .or_insert(Rival::Target(pair.target));
        }
    }
    for place in chosen.iter().flatten() {
        if let Some(pair) = pairs.get_mut(*place) {
            pair.ambiguous = rivals.get(&pair.target).copied();
        }
    }
}

fn side<'a>(schema: &'a Schema, words: &mut Vocabulary) -> Side<'a> {
    let mut leaves = schema.leaves();
    leaves.retain(|leaf| !leaf.node.read_only && leaf.around.iter().all(|node| !node.read_only));
    let title = schema.root.title.clone().unwrap_or_default();
    let title = words.tokens(&title);
    let mut names = Vec::with_capacity(leaves.len());
    let mut positions = Vec::with_capacity(leaves.len());
    let mut parents: HashMap<String, usize> = HashMap::new();
    for (order, leaf) in leaves.iter().enumerate() {
        let mut around: Vec<Token> = title.clone();
        for node in leaf.around.iter().filter(|node| node.name != "*") {
            around.extend(words.tokens(&node.name));
        }
        let own = words.tokens(&leaf.node.name);
        around.retain(|token| !own.contains(token));
        around.sort_unstable();
        around.dedup();
        names.push(Name { own, around });
        let parent = leaf
            .pointer
            .rsplit_once('/')
            .map_or("", |(parent, _)| parent);
        let next = parents.len();
        let parent = *parents.entry(parent.to_owned()).or_insert(next);
        positions.push(Position { parent, order });
    }
    Side {
        leaves,
        names,
        positions,
    }
}

/// Which sources have a word, near words included.
struct Index {
    /// per token of the targets: sources that have it or a near one, with how much that counts
    found: Vec<Vec<(usize, f64)>>,
}

impl Index {
    fn new(sources: &[Name], words: &Vocabulary, targets: &[Name]) -> Self {
        let mut having: Vec<Vec<(usize, f64)>> = vec![Vec::new(); words.len()];
        for (source, name) in sources.iter().enumerate() {
            let own = name.own.iter().map(|token| (*token, 1.0));
            let around = name.around.iter().map(|token| (*token, 0.4));
            for (token, factor) in own.chain(around) {
                if let Some(list) = having.get_mut(token as usize) {
                    list.push((source, factor));
                }
            }
        }
        let mut found: Vec<Vec<(usize, f64)>> = vec![Vec::new(); words.len()];
        let mut wanted: Vec<Token> = targets.iter().flat_map(Name::all).collect();
        wanted.sort_unstable();
        wanted.dedup();
        for token in wanted {
            let mut list = Vec::new();
            for (other, near) in words.all_near(token) {
                let Some(sources) = having.get(other as usize).filter(|list| !list.is_empty())
                else {
                    continue;
                };
                // a word that many sources have tells little
                let rare = 1.0 / (1.0 + (sources.len() as f64).ln());
                let weight = near * rare * words.weight(token);
                list.extend(
                    sources
                        .iter()
                        .map(|(source, factor)| (*source, factor * weight)),
                );
            }
            if let Some(slot) = found.get_mut(token as usize) {
                *slot = list;
            }
        }
        Self { found }
    }

    /// The sources that share most with a name, best first. `scratch` is all zero before and after.
    fn candidates(&self, name: &Name, words: &Vocabulary, scratch: &mut [f64]) -> Vec<usize> {
        let mut touched = Vec::new();
        let own = name.own.iter().map(|token| (*token, 1.0));
        let around = name.around.iter().map(|token| (*token, 0.4));
        for (token, factor) in own.chain(around) {
            debug_assert!((token as usize) < words.len());
            for (source, weight) in self.found.get(token as usize).into_iter().flatten() {
                if let Some(score) = scratch.get_mut(*source) {
                    if *score == 0.0 {
                        touched.push(*source);
                    }
                    *score += factor * weight;
                }
            }
        }
        let score = |source: &usize| scratch.get(*source).copied().unwrap_or(0.0);
        touched.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.cmp(b)));
        for source in &touched {
            if let Some(score) = scratch.get_mut(*source) {
                *score = 0.0;
            }
        }
        touched.truncate(CANDIDATES);
        touched
    }
}
