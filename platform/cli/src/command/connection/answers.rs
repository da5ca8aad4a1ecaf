//! Where answers come from: flags first, then lines of stdin. On a terminal a line is asked for, and
//! what is secret is typed without being shown; otherwise the lines are taken as they come, so that
//! tests and scripts can pipe them.
//!
//! Invariant: a question is never answered by the answer of another: when the lines are used up, what
//! is missing is named together with the flag that gives it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, IsTerminal as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

use crate::print;

/// A line of an answer, or none any more.
pub(super) enum Line {
    Text(String),
    /// nobody answers
    End,
}

/// See the module.
pub(super) struct Answers<'a> {
    input: &'a mut dyn BufRead,
    /// somebody sits there: what was wrong may be corrected
    pub(super) person: bool,
    /// by place, `endpoint.host`
    given: BTreeMap<String, String>,
    /// by name
    secrets: BTreeMap<String, String>,
    /// an interruption puts the terminal's settings back
    watched: bool,
}

impl<'a> Answers<'a> {
    /// `set` are texts `PLACE=VALUE`, `secrets` texts `NAME=env:VARIABLE` or `NAME=file:PATH`.
    pub(super) fn new(
        input: &'a mut dyn BufRead,
        person: bool,
        set: &[String],
        secrets: &[String],
    ) -> anyhow::Result<Self> {
        let mut given = BTreeMap::new();
        for text in set {
            let pair = text.split_once('=');
            let (place, value) = pair.with_context(|| {
                format!("--set {text:?} is not of the form PLACE=VALUE, for example endpoint.host=files.example.com")
            })?;
            given.insert(place.trim().to_owned(), value.to_owned());
        }
        let mut named = BTreeMap::new();
        for text in secrets {
            // the text is not repeated: somebody might have put the secret itself there
            let form = "a --secret is not of the form NAME=env:VARIABLE or NAME=file:PATH; a value itself is not taken, since other users of the machine see command lines";
            let (name, from) = text.split_once('=').context(form)?;
            let value = match from.split_once(':') {
                Some(("env", variable)) => environment(variable)?,
                Some(("file", path)) => file(Path::new(path))?,
                _ => bail!(form),
            };
            named.insert(name.trim().to_owned(), value);
        }
        Ok(Self {
            input,
            person,
            given,
            secrets: named,
            watched: false,
        })
    }

    /// What a flag says about the place.
    pub(super) fn given(&mut self, place: &str) -> Option<String> {
        self.given.remove(place)
    }

    /// What a flag says about the place, which stays to be taken.
    pub(super) fn said(&self, place: &str) -> Option<&str> {
        self.given.get(place).map(String::as_str)
    }

    /// What a flag says about the secret.
    pub(super) fn given_secret(&mut self, name: &str) -> Option<String> {
        self.secrets.remove(name)
    }

    /// Whether a flag says something about the place or below it.
    pub(super) fn knows(&self, place: &str) -> bool {
        let below = format!("{place}.");
        let mut places = self.given.keys();
        places.any(|given| given == place || given.starts_with(&below))
    }

    /// The steps that flags name right below the place, in order.
    pub(super) fn steps_below(&self, place: &str) -> Vec<String> {
        let below = format!("{place}.");
        let rests = self
            .given
            .keys()
            .filter_map(|given| given.strip_prefix(&below));
        let steps: BTreeSet<&str> = rests
            .map(|rest| rest.split('.').next().unwrap_or(rest))
            .collect();
        steps.into_iter().map(str::to_owned).collect()
    }

    /// Flags that answered nothing: a typing error is not passed over.
    pub(super) fn unused(&self) -> Option<String> {
        let mut names: Vec<String> = self.given.keys().cloned().collect();
        names.extend(self.secrets.keys().map(|name| format!("secrets.{name}")));
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// The next line.
    pub(super) fn line(&mut self, prompt: &str) -> anyhow::Result<Line> {
        print::prompt(prompt);
        let mut line = String::new();
        let read = self.input.read_line(&mut line);
        if read.context("the answer could not be read")? == 0 {
            print::prompt("\n");
            return Ok(Line::End);
        }
        if !self.person {
            print::prompt("\n");
        }
        Ok(Line::Text(line.trim().to_owned()))
    }

    /// The next line, not shown while it is typed.
    pub(super) fn hidden_line(&mut self, prompt: &str) -> anyhow::Result<Line> {
        if !self.person {
            return self.line(prompt);
        }
        let stdin = std::io::stdin();
        let before = tcgetattr(&stdin).context("the terminal's settings could not be read")?;
        if !self.watched {
            restore_when_interrupted(before.clone())?;
            self.watched = true;
        }
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Flush, &silent)
            .context("the terminal could not be kept from showing what is typed")?;
        let line = self.line(prompt);
        let restored = tcsetattr(&stdin, OptionalActions::Flush, &before);
        print::prompt("\n");
        restored.context("the terminal's settings could not be put back")?;
        line
    }
}

/// Whoever interrupts the command while a secret is typed gets back a terminal that shows what is typed. From
/// here on the command ends by this, with the status that shells give an interrupted one.
fn restore_when_interrupted(before: Termios) -> anyhow::Result<()> {
    let unheard = "interruptions could not be watched for";
    let mut interrupted = signal(SignalKind::interrupt()).context(unheard)?;
    let mut terminated = signal(SignalKind::terminate()).context(unheard)?;
    tokio::spawn(async move {
        let status = tokio::select! {
            _ = interrupted.recv() => 128 + 2,
            _ = terminated.recv() => 128 + 15,
        };
        // Who is leaving cannot do more about it.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &before);
        print::prompt("\n");
        std::process::exit(status);
    });
    Ok(())
}

/// Whether somebody sits at stdin.
pub(super) fn person() -> bool {
    std::io::stdin().is_terminal()
}

/// An answer `@PATH` stands for the content of a file; `@@` begins an answer with that sign.
pub(super) fn content(answer: &str) -> anyhow::Result<String> {
    match answer.strip_prefix('@') {
        None => Ok(answer.to_owned()),
        Some(rest) if rest.starts_with('@') => Ok(rest.to_owned()),
        Some(path) => file(Path::new(path)),
    }
}

fn file(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| format!("could not read {}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is cli: secrets may come from the environment"
)]
fn environment(variable: &str) -> anyhow::Result<String> {
    std::env::var(variable)
        .with_context(|| format!("the environment has no readable variable {variable}"))
}
