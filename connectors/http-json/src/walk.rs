//! Notices walks over pages that do not end: circles, the same rows again and again, pages without
//! rows, more pages than anybody means.

use std::collections::BTreeSet;

use tributary_sdk::{Error, Result};

/// Pages of one walk.
pub const MAX_PAGES: u32 = 100_000;
/// Pages in a row without a row of data.
pub const MAX_EMPTY_PAGES: u32 = 100;
/// Positions that are remembered to notice a circle.
const REMEMBERED: usize = 20_000;

/// See the module.
#[derive(Default)]
pub struct Walk {
    pages: u32,
    empty: u32,
    positions: BTreeSet<String>,
    keys: Vec<Option<String>>,
}

impl Walk {
    /// Looks at a page before its rows are handed over. `next` is where the next page is, `keys`
    /// answers what names the page's rows (None: that is not known), `label` is how people call it.
    ///
    /// # Errors
    /// That there is no end, or what `keys` says.
    pub fn step(
        &mut self,
        (label, most): (&str, u32),
        next: Option<&str>,
        keys: impl FnOnce() -> Result<Option<Vec<Option<String>>>>,
    ) -> Result<()> {
        let ends = |message: String| {
            let message = format!("{label}: {message}");
            Err(Error::data(message).with_code("source_protocol"))
        };
        self.pages += 1;
        let Some(next) = next else {
            return Ok(());
        };
        if self.pages >= most {
            return ends(format!(
                "there are still more pages after {most}; raise max_pages if that is right"
            ));
        }
        if !self.positions.insert(next.to_owned()) {
            return ends("the API leads in a circle: the next page was read before".to_owned());
        }
        if self.positions.len() > REMEMBERED {
            self.positions.pop_first();
        }
        let Some(keys) = keys()? else {
            return Ok(());
        };
        if keys.is_empty() {
            self.empty += 1;
            if self.empty >= MAX_EMPTY_PAGES {
                return ends(format!(
                    "{MAX_EMPTY_PAGES} pages without a row came one after the other"
                ));
            }
            return Ok(());
        }
        self.empty = 0;
        if keys == self.keys && keys.iter().any(Option::is_some) {
            return ends("the page has the same rows as the page before; does the API know the parameter that names the page?".to_owned());
        }
        self.keys = keys;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn walked(pages: impl Iterator<Item = (String, Vec<u32>)>) -> String {
        let mut walk = Walk::default();
        for (next, rows) in pages {
            let keys = rows.iter().map(|row| Some(row.to_string())).collect();
            if let Err(error) = walk.step(("GET x", 1000), Some(&next), || Ok(Some(keys))) {
                return error.message;
            }
        }
        String::new()
    }

    #[test]
    fn walks_without_an_end_are_stopped() {
        let circle = [("a", 1), ("b", 2), ("a", 3)];
        let circle = circle.map(|(next, row)| (next.to_owned(), vec![row]));
        assert!(walked(circle.into_iter()).contains("in a circle"));
        let nothing = (0..).map(|n: u32| (n.to_string(), Vec::new()));
        assert!(walked(nothing).contains("100 pages without a row"));
        let same = (0..).map(|n: u32| (n.to_string(), vec![1, 2]));
        assert!(walked(same).contains("the same rows"));
        let endless = (0..).map(|n: u32| (n.to_string(), vec![n]));
        assert!(walked(endless).contains("after 1000"));
        let good = (0..900).map(|n: u32| (n.to_string(), vec![n]));
        assert_eq!(walked(good), "");
        let mut walk = Walk::default();
        walk.step(("GET x", 1), None, || Ok(None)).unwrap();
    }
}
