//! The locales of number texts, by name.

use crate::decimal::Separators;
use crate::document::LocaleName;

/// A locale of the document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Locale {
    pub(crate) name: &'static str,
    pub(crate) separators: Separators,
}

impl Locale {
    pub(crate) const ALL: [Self; 7] = [
        Self {
            name: "plain",
            separators: Separators::PLAIN,
        },
        Self {
            name: "de-DE",
            separators: Separators::GERMAN,
        },
        Self {
            name: "de-AT",
            separators: Separators::GERMAN,
        },
        Self {
            name: "de-CH",
            separators: Separators::SWISS,
        },
        Self {
            name: "en-US",
            separators: Separators::ENGLISH,
        },
        Self {
            name: "en-GB",
            separators: Separators::ENGLISH,
        },
        Self {
            name: "fr-FR",
            separators: Separators::FRENCH,
        },
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.name == name)
    }
}

impl From<LocaleName> for Locale {
    fn from(name: LocaleName) -> Self {
        let [
            plain,
            germany,
            austria,
            switzerland,
            states,
            kingdom,
            france,
        ] = Self::ALL;
        match name {
            LocaleName::Plain => plain,
            LocaleName::GermanGermany => germany,
            LocaleName::GermanAustria => austria,
            LocaleName::GermanSwitzerland => switzerland,
            LocaleName::EnglishUnitedStates => states,
            LocaleName::EnglishUnitedKingdom => kingdom,
            LocaleName::FrenchFrance => france,
        }
    }
}
