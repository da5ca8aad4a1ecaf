//! Whether an SPDX licence expression can be satisfied by an allow-list: `OR`, `AND`, brackets,
//! `WITH`, and the old `/` for `OR`. `AND` binds tighter than `OR` (SPDX 2.3 annex D).

/// True if some choice of the expression's alternatives uses allowed licences only.
pub(crate) fn allowed(expression: &str, allow: &[String]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser {
        words: &words,
        allow,
    };
    let satisfied = parser.or();
    // words left over: the expression was not understood, so it is not allowed
    satisfied && parser.words.is_empty()
}

struct Parser<'a> {
    words: &'a [&'a str],
    allow: &'a [String],
}

impl Parser<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = self.words.get(1..).unwrap_or_default();
        }
        found
    }

    fn or(&mut self) -> bool {
        let mut satisfied = self.and();
        while self.take("OR") {
            // the right side is read in any case, to consume its words
            let right = self.and();
            satisfied = satisfied || right;
        }
        satisfied
    }

    fn and(&mut self) -> bool {
        let mut satisfied = self.licence();
        while self.take("AND") {
            let right = self.licence();
            satisfied = satisfied && right;
        }
        satisfied
    }

    fn licence(&mut self) -> bool {
        if self.take("(") {
            let satisfied = self.or();
            return self.take(")") && satisfied;
        }
        let Some((name, rest)) = self.words.split_first() else {
            return false;
        };
        self.words = rest;
        let mut full = (*name).to_owned();
        if self.take("WITH")
            && let Some((exception, rest)) = self.words.split_first()
        {
            full = format!("{full} WITH {exception}");
            self.words = rest;
        }
        self.allow.contains(&full)
    }
}

#[test]
fn expressions_are_read_as_spdx_says() {
    let allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "MIT AND (GPL-3.0 OR Apache-2.0)",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        "GPL-3.0 AND MIT OR MIT",
    ] {
        assert!(allowed(good, &allow), "{good}");
    }
    for bad in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "MIT WITH LLVM-exception",
        "(MIT",
        "MIT MIT",
        "(GPL-3.0 OR MIT) AND AGPL-3.0",
    ] {
        assert!(!allowed(bad, &allow), "{bad}");
    }
}
