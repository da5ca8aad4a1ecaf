//! The arguments that several functions over dates share, and how they are compiled.

use jiff::tz::TimeZone;

use crate::date::{Conventions, Language, OnAmbiguous};
use crate::functions::Arguments;
use crate::functions::signature::{Argument, ArgumentKind};

pub(super) const LANGUAGE: Argument = Argument::optional(
    "language",
    ArgumentKind::Text,
    "language of the names MMM MMMM EEE EEEE: en, de, fr, es, it, nl, pt; needed with them",
);

pub(super) const CENTURY_PIVOT: Argument = Argument::optional(
    "century_pivot",
    ArgumentKind::Integer,
    "0 to 100: two-digit years below it are 20yy, the others 19yy; needed with them",
);

pub(super) const ZONE: Argument = Argument::optional(
    "zone",
    ArgumentKind::Text,
    "IANA time zone; default: the source’s",
);

pub(super) const ON_AMBIGUOUS: Argument = Argument::optional(
    "on_ambiguous",
    ArgumentKind::Text,
    "what a local time becomes that occurs twice, or not at all, when clocks are set: compatible (default; RFC 5545: the first of two, in a gap as if the clock had not been set yet), earlier, later, reject",
);

/// Language and pivot; `None` after a diagnostic.
pub(super) fn conventions(arguments: &mut Arguments<'_, '_>) -> Option<Conventions> {
    let language = match arguments.text("language") {
        None => None,
        Some(code) => match Language::named(code) {
            Some(language) => Some(language),
            None => {
                let codes: Vec<&str> = Language::ALL.iter().map(|known| known.code).collect();
                let message = format!("{code:?} is not known; there are {}", codes.join(", "));
                return arguments.invalid("language", &message);
            }
        },
    };
    Some(Conventions {
        language,
        century_pivot: century_pivot(arguments)?,
    })
}

/// The pivot, if there is one; `None` after a diagnostic.
pub(super) fn century_pivot(arguments: &mut Arguments<'_, '_>) -> Option<Option<u8>> {
    match arguments.integer("century_pivot").map(u8::try_from) {
        None => Some(None),
        Some(Ok(pivot)) if pivot <= 100 => Some(Some(pivot)),
        Some(_) => arguments.invalid("century_pivot", "0 to 100"),
    }
}

pub(super) fn on_ambiguous(arguments: &mut Arguments<'_, '_>) -> Option<OnAmbiguous> {
    let words = OnAmbiguous::WORDS;
    choice(
        arguments,
        "on_ambiguous",
        &words,
        Some(OnAmbiguous::default()),
    )
}

/// The zone that is given; no zone if none is. The outer `None` comes after a diagnostic.
pub(super) fn given_zone(arguments: &mut Arguments<'_, '_>) -> Option<Option<TimeZone>> {
    if arguments.has("zone") {
        arguments.zone("zone").map(Some)
    } else {
        Some(None)
    }
}

/// What one of a few words stands for.
pub(super) fn choice<T: Copy>(
    arguments: &mut Arguments<'_, '_>,
    name: &str,
    words: &[(&str, T)],
    otherwise: Option<T>,
) -> Option<T> {
    let Some(text) = arguments.text(name) else {
        return otherwise;
    };
    let found = words.iter().find(|(word, _)| *word == text);
    match found {
        Some((_, meaning)) => Some(*meaning),
        None => {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("{text:?} is not known; there are {}", known.join(", "));
            arguments.invalid(name, &message)
        }
    }
}
