//! Names of months and days of the week in the languages of the mapping document.
//!
//! Source: CLDR 48, stand-alone forms of the Gregorian calendar; abbreviations without their dot.
//! Reading also takes spellings that people use besides (`Mrz`, `Jänner`, `Sept`), in any case, with
//! or without accents.

/// A language of names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Language {
    pub(crate) code: &'static str,
    months: [&'static str; 12],
    months_short: [&'static str; 12],
    /// from Monday
    days: [&'static str; 7],
    days_short: [&'static str; 7],
    /// further spellings of months
    also: &'static [(&'static str, u8)],
    /// further spellings of days of the week
    also_days: &'static [(&'static str, u8)],
}

impl Language {
    pub(crate) const ALL: [&'static Self; 7] = [
        &ENGLISH,
        &GERMAN,
        &FRENCH,
        &SPANISH,
        &ITALIAN,
        &DUTCH,
        &PORTUGUESE,
    ];

    pub(crate) fn named(code: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|language| language.code == code)
    }

    /// The name of a month, 1 to 12.
    pub(crate) fn month(&self, month: u8, short: bool) -> &'static str {
        let names = if short {
            &self.months_short
        } else {
            &self.months
        };
        place(names, month)
    }

    /// The name of a day of the week, 1 for Monday.
    pub(crate) fn day(&self, weekday: u8, short: bool) -> &'static str {
        let names = if short { &self.days_short } else { &self.days };
        place(names, weekday)
    }

    /// The month whose name `text` starts with, and the bytes of the name.
    pub(crate) fn read_month(&self, text: &str) -> Option<(u8, usize)> {
        let names = numbered(&self.months).chain(numbered(&self.months_short));
        longest(text, names.chain(self.also.iter().copied()))
    }

    /// The day of the week whose name `text` starts with, and the bytes of the name.
    pub(crate) fn read_day(&self, text: &str) -> Option<(u8, usize)> {
        let names = numbered(&self.days).chain(numbered(&self.days_short));
        longest(text, names.chain(self.also_days.iter().copied()))
    }
}

fn place(names: &[&'static str], number: u8) -> &'static str {
    let place = usize::from(number).checked_sub(1);
    place
        .and_then(|place| names.get(place))
        .copied()
        .unwrap_or_default()
}

fn numbered(names: &[&'static str]) -> impl Iterator<Item = (&'static str, u8)> {
    names.iter().copied().zip(1_u8..)
}

/// The longest name at the start of `text` that no letter follows.
fn longest(text: &str, names: impl Iterator<Item = (&'static str, u8)>) -> Option<(u8, usize)> {
    names
        .filter_map(|(name, number)| Some((number, starts_with(text, name)?)))
        .max_by_key(|(_, length)| *length)
}

/// The bytes of `text` that are `name`, whatever case and accents.
fn starts_with(text: &str, name: &str) -> Option<usize> {
    let mut rest = text.char_indices();
    for wanted in name.chars() {
        let (_, found) = rest.next()?;
        if folded(found) != folded(wanted) {
            return None;
        }
    }
    match rest.next() {
        Some((_, next)) if next.is_alphabetic() => None,
        Some((at, _)) => Some(at),
        None => Some(text.len()),
    }
}

fn folded(sign: char) -> char {
    let lower = sign.to_lowercase().next().unwrap_or(sign);
    match lower {
        'ä' | 'á' | 'à' | 'â' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'ì' | 'í' => 'i',
        'û' | 'ù' | 'ú' | 'ü' => 'u',
        'ç' => 'c',
        'ó' | 'ò' | 'ô' => 'o',
        other => other,
    }
}

static ENGLISH: Language = Language {
    code: "en",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    months_short: [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ],
    days: [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ],
    days_short: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    also: &[("Sept", 9)],
    also_days: &[("Tues", 2), ("Thur", 4), ("Thurs", 4)],
};

static GERMAN: Language = Language {
    code: "de",
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    months_short: [
        "Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez",
    ],
    days: [
        "Montag",
        "Dienstag",
        "Mittwoch",
        "Donnerstag",
        "Freitag",
        "Samstag",
        "Sonntag",
    ],
    days_short: ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"],
    also: &[
        ("Jänner", 1),
        ("Feber", 2),
        ("Mrz", 3),
        ("Maerz", 3),
        ("Sept", 9),
    ],
    also_days: &[("Sonnabend", 6)],
};

static FRENCH: Language = Language {
    code: "fr",
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    months_short: [
        "janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc",
    ],
    days: [
        "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
    ],
    days_short: ["lun", "mar", "mer", "jeu", "ven", "sam", "dim"],
    also: &[("jan", 1), ("fév", 2), ("juill", 7), ("sep", 9)],
    also_days: &[],
};

static SPANISH: Language = Language {
    code: "es",
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    months_short: [
        "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic",
    ],
    days: [
        "lunes",
        "martes",
        "miércoles",
        "jueves",
        "viernes",
        "sábado",
        "domingo",
    ],
    days_short: ["lun", "mar", "mié", "jue", "vie", "sáb", "dom"],
    also: &[("sep", 9), ("set", 9), ("setiembre", 9)],
    also_days: &[],
};

static ITALIAN: Language = Language {
    code: "it",
    months: [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
    months_short: [
        "gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic",
    ],
    days: [
        "lunedì",
        "martedì",
        "mercoledì",
        "giovedì",
        "venerdì",
        "sabato",
        "domenica",
    ],
    days_short: ["lun", "mar", "mer", "gio", "ven", "sab", "dom"],
    also: &[("sett", 9)],
    also_days: &[],
};

static DUTCH: Language = Language {
    code: "nl",
    months: [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    months_short: [
        "jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec",
    ],
    days: [
        "maandag",
        "dinsdag",
        "woensdag",
        "donderdag",
        "vrijdag",
        "zaterdag",
        "zondag",
    ],
    days_short: ["ma", "di", "wo", "do", "vr", "za", "zo"],
    also: &[("maa", 3), ("sept", 9)],
    also_days: &[],
};

static PORTUGUESE: Language = Language {
    code: "pt",
    months: [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    months_short: [
        "jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez",
    ],
    days: [
        "segunda-feira",
        "terça-feira",
        "quarta-feira",
        "quinta-feira",
        "sexta-feira",
        "sábado",
        "domingo",
    ],
    days_short: ["seg", "ter", "qua", "qui", "sex", "sáb", "dom"],
    also: &[],
    also_days: &[
        ("segunda", 1),
        ("terça", 2),
        ("quarta", 3),
        ("quinta", 4),
        ("sexta", 5),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for language in Language::ALL {
            for short in [false, true] {
                for month in 1..=12 {
                    let name = language.month(month, short);
                    let upper = format!("{} x", name.to_uppercase());
                    assert_eq!(language.read_month(&upper), Some((month, name.len())));
                }
                for day in 1..=7 {
                    let name = language.day(day, short);
                    assert_eq!(language.read_day(name), Some((day, name.len())), "{name}");
                }
            }
        }
    }

    /// A name may stand in several languages, but never for two months.
    #[test]
    fn no_language_contradicts_another() {
        for language in Language::ALL {
            for month in 1..=12 {
                for short in [false, true] {
                    let name = language.month(month, short);
                    for other in Language::ALL {
                        if let Some((found, _)) = other.read_month(name) {
                            assert_eq!(found, month, "{name} in {}", other.code);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn spellings() {
        assert_eq!(GERMAN.read_month("maerz 2026"), Some((3, 5)));
        assert_eq!(GERMAN.read_month("marz"), Some((3, 4)));
        assert_eq!(FRENCH.read_month("FEVRIER"), Some((2, 7)));
        assert_eq!(ENGLISH.read_month("Marty"), None);
        assert_eq!(ENGLISH.read_month(""), None);
        assert_eq!(ENGLISH.month(0, false), "");
        assert_eq!(ENGLISH.month(13, false), "");
    }
}
