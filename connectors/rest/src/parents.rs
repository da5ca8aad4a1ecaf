//! Which parents of a page are left to read after a break. The page is asked for anew then, and its list may have
//! become shorter, longer or another order meanwhile.
//!
//! Invariants: a parent is passed over only if its key says that it was read, never for its place; where the list
//! does not tell any more which were read, all parents are read again. What comes twice is found unchanged by its
//! content, what is lost nobody finds. So a checkpoint stays with a page until the next one has keys of its own:
//! what moved up from there meanwhile is found.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tributary_http_json::pointer::quoted;
use tributary_sdk::{Error, Result};

/// Keys of one page that are remembered, bytes: half of what a checkpoint may have. What was read beyond them is
/// read again after a break.
const REMEMBERED_BYTES: usize = 512 << 10;
/// Up to so many bytes each parent gets a checkpoint; with more, fewer do, since each of them is written anew.
const CHEAP_BYTES: usize = 32 << 10;
/// How often one read begins again with all parents.
const MAX_AGAIN: u32 = 3;

/// What a checkpoint remembers of the parents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parents {
    /// token, number or link of the page of parents that is being read
    #[serde(rename = "parent_cursor", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// keys of that page's parents whose children were read
    #[serde(rename = "parents_read", default)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    read: Vec<String>,
    /// key of the parent that the checkpoint's `cursor` is of
    #[serde(rename = "cursor_of", default)]
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    /// how often all parents were begun again
    #[serde(rename = "parents_again", default)]
    #[serde(skip_serializing_if = "crate::is_zero")]
    again: u32,
    /// how many were read, as it was written before keys were
    #[serde(rename = "parents_done", default, skip_serializing)]
    counted: u32,
    /// what `read` needs in a checkpoint
    #[serde(skip)]
    bytes: usize,
    /// not all that were read are in `read`
    #[serde(skip)]
    too_many: bool,
}

/// What is left of a page.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    /// places of the parents, in the order to read them in
    pub order: Vec<usize>,
    /// the checkpoint's cursor is of the first of them
    pub goes_on: bool,
}

impl Parents {
    /// What is left of a page with these keys; None: its list does not tell, so all parents are to be read again.
    /// `inside` says that the checkpoint has a cursor.
    pub fn left(&mut self, inside: bool, keys: &[&str]) -> Option<Left> {
        self.bytes = self.read.iter().map(|key| size(key)).sum();
        let by_place = self.counted > 0 || (inside && self.current.is_none());
        let here = counts(keys.iter().copied());
        let read = counts(self.read.iter().map(String::as_str));
        let gone = !read.is_empty() && !read.keys().any(|key| here.contains_key(key));
        let current = self.current.as_deref().filter(|_| inside);
        let current_gone = current.is_some_and(|key| !here.contains_key(key));
        // What moved away from the first page is on a later one, or nowhere.
        if by_place || (self.page.is_some() && (gone || current_gone)) {
            return None;
        }
        // Rows that share a key may differ in what is copied of them: all of them or none.
        let is_left =
            |key: &str| read.get(key).copied().unwrap_or(0) < here.get(key).copied().unwrap_or(0);
        let places = keys.iter().enumerate().filter(|(_, key)| is_left(key));
        let mut order: Vec<usize> = places.map(|(place, _)| place).collect();
        let current = current.filter(|key| here.get(key) == Some(&1));
        let first = current.and_then(|current| keys.iter().position(|key| *key == current));
        if let Some(first) = first {
            order.retain(|place| *place != first);
            order.insert(0, first);
        }
        Some(Left {
            order,
            goes_on: first.is_some(),
        })
    }

    /// The children of this one are read now.
    pub fn begin(&mut self, key: &str) {
        self.current = Some(key.to_owned());
    }

    /// The children of this one were read. Answers whether that is worth a checkpoint.
    pub fn finish(&mut self, key: &str) -> bool {
        self.current = None;
        if self.bytes + size(key) > REMEMBERED_BYTES {
            self.too_many = true;
            return false;
        }
        self.bytes += size(key);
        self.read.push(key.to_owned());
        self.read.len().is_multiple_of(self.bytes / CHEAP_BYTES + 1)
    }

    /// To the page after this one. Answers whether the last checkpoint may stay with this page, because it knows by
    /// key that all of it was read.
    pub fn turn(&mut self, page: Option<String>) -> bool {
        let known = !self.read.is_empty() && !self.too_many;
        *self = Self {
            page,
            again: self.again,
            ..Self::default()
        };
        known
    }

    /// To the first page, because a list does not tell which were read.
    ///
    /// # Errors
    /// That it happens too often: such a read would never end.
    pub fn begin_again(&mut self, label: &str) -> Result<()> {
        if self.again >= MAX_AGAIN {
            let message = format!(
                "{label}: the list of parents was another one after each of {MAX_AGAIN} breaks, so nobody can tell \
                 which were read; ask for it in an order that stays, such as by id"
            );
            return Err(Error::data(message).with_code("source_protocol"));
        }
        self.turn(None);
        self.again += 1;
        Ok(())
    }
}

/// Bytes of a key in a checkpoint, with its comma.
fn size(key: &str) -> usize {
    quoted(key).len() + 1
}

fn counts<'a>(keys: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tributary_sdk::serde_json::{self, Value, json};

    use super::*;

    fn left(state: Value, inside: bool, keys: &str) -> Option<(String, bool)> {
        let mut parents: Parents = serde_json::from_value(state).unwrap();
        let keys: Vec<&str> = keys.split_whitespace().collect();
        let left = parents.left(inside, &keys)?;
        let key = |place: &usize| keys.get(*place).copied().unwrap();
        let order: Vec<&str> = left.order.iter().map(key).collect();
        Some((order.join(" "), left.goes_on))
    }

    #[test]
    fn a_parent_is_passed_over_by_its_key_and_never_by_its_place() {
        let state = json!({"parent_cursor": "2", "parents_read": ["a", "b"], "cursor_of": "c"});
        for (keys, wanted) in [
            ("a b c d e", "c d e"),
            ("b c d e", "c d e"),
            ("e d c b a", "c e d"),
            ("c d e a", "c d e"),
            ("new a c b d", "c new d"),
        ] {
            let wanted = Some((wanted.to_owned(), true));
            assert_eq!(left(state.clone(), true, keys), wanted, "{keys}");
        }
        let fresh = left(json!({}), false, "a b");
        assert_eq!(fresh, Some(("a b".to_owned(), false)));
        let between = json!({"parents_read": ["a"]});
        let wanted = Some(("c b".to_owned(), false));
        assert_eq!(left(between, false, "c a b"), wanted);
    }

    #[test]
    fn where_the_list_does_not_tell_all_parents_are_read_again() {
        let state = json!({"parent_cursor": "2", "parents_read": ["a", "b"], "cursor_of": "c"});
        assert_eq!(left(state.clone(), true, "d e f"), None, "all moved");
        assert_eq!(left(state, true, "a b d"), None, "the cursor's did");
        // on the first page there is nothing before it to which they can have moved
        let first = json!({"parents_read": ["a"], "cursor_of": "b"});
        let wanted = Some(("c d".to_owned(), false));
        assert_eq!(left(first, true, "c d"), wanted);
        // as checkpoints were before they had keys
        for old in [
            json!({"parents_done": 2}),
            json!({"parent_cursor": "2", "parents_done": 1}),
        ] {
            assert_eq!(left(old, false, "a b c"), None);
        }
        assert_eq!(left(json!({"parent_cursor": "2"}), true, "a b c"), None);
        let between_pages = json!({"parent_cursor": "2", "parents_done": 0});
        let wanted = Some(("a b".to_owned(), false));
        assert_eq!(left(between_pages, false, "a b"), wanted);
    }

    #[test]
    fn a_checkpoint_is_what_was_written_and_the_old_ones_are_still_read() {
        let state = json!({"stream": "lines", "cursor": "c", "parent_cursor": "2", "parents_read": ["a"],
            "cursor_of": "b", "done": false});
        let read: crate::Checkpoint = serde_json::from_value(state.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), state);
        let old =
            json!({"stream": "lines", "parent_cursor": "2", "parents_done": 3, "done": false});
        let mut read: crate::Checkpoint = serde_json::from_value(old).unwrap();
        assert_eq!(read.parents.page.as_deref(), Some("2"));
        assert_eq!(read.parents.left(false, &["a"]), None);
    }

    #[test]
    fn rows_that_share_a_key_are_read_all_or_none() {
        let one = json!({"parents_read": ["a"], "cursor_of": "a"});
        let wanted = Some(("a a b".to_owned(), false));
        assert_eq!(left(one, true, "a a b"), wanted);
        let both = json!({"parents_read": ["a", "a"]});
        assert_eq!(left(both, false, "a b a"), Some(("b".to_owned(), false)));
    }

    #[test]
    fn a_list_that_never_stays_ends_the_read() {
        let mut parents = Parents::default();
        for _ in 0..MAX_AGAIN {
            parents.page = Some("2".to_owned());
            parents.begin_again("GET x").unwrap();
            assert_eq!(parents.page, None);
        }
        // it is counted over breaks and pages
        assert!(!parents.turn(Some("3".to_owned())));
        let kept = serde_json::to_string(&parents).unwrap();
        let mut parents: Parents = serde_json::from_str(&kept).unwrap();
        let error = parents.begin_again("GET x").unwrap_err();
        assert_eq!(error.code.as_deref(), Some("source_protocol"));
    }

    #[test]
    fn checkpoints_of_long_pages_stay_small_and_few() {
        let mut parents = Parents::default();
        let mut written = 0;
        for number in 0..60_000 {
            let key = format!("{number:010}");
            parents.begin(&key);
            if parents.finish(&key) {
                written += parents.bytes;
            }
        }
        assert!(parents.bytes <= REMEMBERED_BYTES);
        assert!(written / 60_000 <= CHEAP_BYTES, "{written}");
        let mut few = Parents::default();
        assert!((0..1_000).all(|number| few.finish(&number.to_string())));
        assert!(few.turn(None), "it may stay with the page");
        assert!(!parents.turn(None), "what it does not know was read");
    }
}
