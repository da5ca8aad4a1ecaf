//! Patterns there and back, and what they refuse.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn no_pattern_and_no_text_panics(pattern in "([yMdEHhmsSaXx' .:ä-]{0,4}){0,6}", text in "\\PC{0,24}") {
        if let Ok(layout) = Layout::compile(&pattern, conventions("de")) {
            let _moment = layout.parse(&text);
        }
    }

    #[test]
    fn what_is_written_reads_back(number in -700_000_i64..2_900_000, second in 0_i32..86_400, offset in -1439_i32..1440) {
        let pattern = "EEEE d. MMM yyyy, hh:mm:ss a XXX";
        let layout = Layout::compile(pattern, conventions("pt")).unwrap();
        let part = |length: i32, limit: i32| i8::try_from(second / length % limit).unwrap();
        let moment = Moment {
            date: Date::from_day_number(number).unwrap(),
            time: Time::new(part(3600, 24), part(60, 60), part(1, 60), 0).unwrap(),
            offset: Offset::from_seconds(offset * 60).ok(),
        };
        let mut text = String::new();
        layout.write(moment, |piece| text.push_str(piece));
        prop_assert_eq!(layout.parse(&text), Some(moment), "{}", text);
    }
}

fn conventions(language: &str) -> Conventions {
    Conventions {
        language: Language::named(language),
        century_pivot: Some(50),
    }
}

fn read(pattern: &str, language: &str, text: &str) -> Option<String> {
    let layout = Layout::compile(pattern, conventions(language)).unwrap();
    layout.check_reading(pattern).unwrap();
    let moment = layout.parse(text)?;
    let offset = moment
        .offset
        .map_or(String::new(), |offset| offset.to_string());
    Some(format!("{} {}{offset}", moment.date, moment.time))
}

#[test]
fn texts_are_read() {
    let cases = [
        ("d. MMMM yyyy", "de", "7. März 2026", "2026-03-07 00:00:00"),
        ("d. MMM yyyy", "de", "7. Mrz. 2026", "2026-03-07 00:00:00"),
        ("dd MMM. yyyy", "fr", "07 févr. 2026", "2026-02-07 00:00:00"),
        (
            "EEE, dd MMM yyyy HH:mm:ss xx",
            "en",
            "Sat, 07 Mar 2026 13:05:09 -0330",
            "2026-03-07 13:05:09-03:30",
        ),
        (
            "MM/dd/yy h:mm a",
            "en",
            "03/07/26 12:30 am",
            "2026-03-07 00:30:00",
        ),
        (
            "MM/dd/yy hh:mm a",
            "en",
            "03/07/49 12:30 PM",
            "2049-03-07 12:30:00",
        ),
        ("ddMMyy", "en", "070350", "1950-03-07 00:00:00"),
        (
            "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
            "en",
            "2026-03-07T13:05:09.120Z",
            "2026-03-07 13:05:09.12+00",
        ),
        (
            "dd.MM.yyyy 'um' H 'o''clock'",
            "de",
            "07.03.2026 um 9 o'clock",
            "2026-03-07 09:00:00",
        ),
    ];
    for (pattern, language, text, expected) in cases {
        assert_eq!(
            read(pattern, language, text).as_deref(),
            Some(expected),
            "{text}"
        );
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let cases = [
        ("EEEE dd.MM.yyyy", "de", "Montag 07.03.2026"),
        ("d MMM yyyy", "en", "7 Mai 2026"),
        ("d MMM yyyy", "en", "7 Marc 2026"),
        ("MM/dd/yyyy hh:mm a", "en", "03/07/2026 13:05 PM"),
        ("MM/dd/yyyy hh:mm a", "en", "03/07/2026 00:05 PM"),
        ("yyyy-MM-dd HH:mm", "en", "2026-03-07 24:00"),
        ("yyyy-MM-dd HH:mm", "en", "2026-03-07 12:60"),
        ("yyyy-MM-dd HH:mm:ss", "en", "2026-03-07 12:00:60"),
        ("yyyy-MM-dd HH:mmXXX", "en", "2026-03-07 12:00+0100"),
        ("yyyy-MM-dd HH:mmxxx", "en", "2026-03-07 12:00Z"),
        ("yyyy-MM-dd HH:mmxxx", "en", "2026-03-07 12:00+99:00"),
        ("yyyy-MM-dd HH:mm:ss.SSS", "en", "2026-03-07 12:00:00.12"),
        ("dd.MM.yyyy", "en", "07.03.2026x"),
        ("dd.MM.yyyy", "en", "ä7.03.2026"),
        ("dd.MM.yyyy", "en", ""),
    ];
    for (pattern, language, text) in cases {
        assert_eq!(read(pattern, language, text), None, "{text}");
    }
}

#[test]
fn patterns_that_cannot_be() {
    let none = Conventions::default();
    for pattern in ["QQ", "yyyyy", "MMM", "hh:mm", "HH a", "'open", "SSSSSSSSSS"] {
        assert!(Layout::compile(pattern, none).is_err(), "{pattern}");
    }
    for pattern in ["yyyy-MM", "dd.MM.yy", "yyyy-MM-dd HH H", "yyyy yyyy MM dd"] {
        let layout = Layout::compile(pattern, none).unwrap();
        assert!(layout.check_reading(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn moments_are_written() {
    let moment = Moment {
        date: Date::new(2026, 3, 7).unwrap(),
        time: Time::new(0, 5, 9, 120_000_000).unwrap(),
        offset: Offset::from_seconds(-12_600).ok(),
    };
    let cases = [
        ("EEEE, d. MMMM yyyy", "de", "Samstag, 7. März 2026"),
        ("EEE d MMM yy", "fr", "sam 7 mars 26"),
        ("h:mm a", "en", "12:05 AM"),
        ("H:mm:ss.SSS xx", "en", "0:05:09.120 -0330"),
        ("yyyyMMdd'T'HHmmssXXX", "en", "20260307T000509-03:30"),
        ("''yy", "en", "'26"),
    ];
    for (pattern, language, expected) in cases {
        let layout = Layout::compile(pattern, conventions(language)).unwrap();
        let mut text = String::new();
        layout.write(moment, |piece| text.push_str(piece));
        assert_eq!(text, expected);
    }
}
