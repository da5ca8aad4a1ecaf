//! The table of spellings, a text file that anyone can add a line to.

/// A line of the table.
pub(crate) struct Spelling {
    /// as a tenant would type it, escapes undone
    pub(crate) text: String,
    /// the section it stands in
    pub(crate) section: String,
    /// for controls: the address that must be dialled
    pub(crate) address: Option<String>,
}

impl Spelling {
    /// Whether it is a URL rather than a host or an authority.
    pub(crate) fn whole(&self) -> bool {
        self.text.contains("//") || self.text.to_ascii_lowercase().starts_with("https:")
    }

    /// What goes into `base_url` if it is taken as host (with or without a port).
    pub(crate) fn base_url(&self) -> String {
        if self.whole() {
            return self.text.clone();
        }
        format!("https://{}/", self.text)
    }

    /// Whether SFTP, which has a field of its own for the port and knows no IDNA, can take it.
    pub(crate) fn plain_host(&self) -> bool {
        let bracketed = self.text.starts_with('[') && self.text.ends_with(']');
        self.text.is_ascii() && !self.whole() && (bracketed || !self.text.contains(':'))
    }

    /// The address that it denotes, if it is one in whatever radix.
    pub(crate) fn denotes(&self) -> Option<std::net::IpAddr> {
        let url = reqwest::Url::parse(&self.base_url()).ok()?;
        url.host_str()?.trim_matches(['[', ']']).parse().ok()
    }
}

/// The two halves of the table.
pub(crate) struct Table {
    pub(crate) inside: Vec<Spelling>,
    pub(crate) public: Vec<Spelling>,
}

pub(crate) fn read() -> Table {
    let mut table = Table {
        inside: Vec::new(),
        public: Vec::new(),
    };
    let (mut public, mut section) = (false, String::new());
    for line in include_str!("spellings.txt").lines() {
        if line.is_empty() || line == "#" && section.is_empty() || line.starts_with("# ") {
            continue;
        }
        let head = [("[inside] ", false), ("[public] ", true)]
            .into_iter()
            .find_map(|(head, kind)| Some((line.strip_prefix(head)?, kind)));
        if let Some((title, kind)) = head {
            (public, section) = (kind, title.to_owned());
            continue;
        }
        let (text, address) = match line.split_once(" -> ") {
            Some((text, address)) => (text, Some(address.to_owned())),
            None => (line, None),
        };
        assert_eq!(public, address.is_some(), "{line:?}");
        let half = match public {
            true => &mut table.public,
            false => &mut table.inside,
        };
        half.push(Spelling {
            text: unescape(text),
            section: section.clone(),
            address,
        });
    }
    table
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match rest.next() {
            Some('t') => out.push('\t'),
            Some('0') => out.push('\0'),
            Some('\\') => out.push('\\'),
            Some('u') => {
                let digits: String = rest
                    .by_ref()
                    .skip(1)
                    .take_while(|character| *character != '}')
                    .collect();
                out.push(char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap());
            }
            other => panic!("the escape \\{other:?} in {text:?}"),
        }
    }
    out
}
