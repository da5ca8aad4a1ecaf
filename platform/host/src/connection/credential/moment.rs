//! A moment as the signing schemes write it.

use tributary_model::clock::{UnixMillis, civil};
use tributary_model::http_auth::TimestampFormat;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

pub(super) fn written(ms: UnixMillis, format: TimestampFormat) -> String {
    let seconds = ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    match format {
        TimestampFormat::UnixS => seconds.to_string(),
        TimestampFormat::UnixMs => ms.to_string(),
        TimestampFormat::Rfc3339 => {
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
        }
        TimestampFormat::IsoBasic => {
            format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
        }
        TimestampFormat::HttpDate => {
            // 1970-01-01 was a Thursday
            let name = |names: &[&'static str], index: i64| {
                usize::try_from(index)
                    .ok()
                    .and_then(|index| names.get(index).copied())
                    .unwrap_or_default()
            };
            let weekday = name(&DAYS, days.rem_euclid(7));
            let month = name(&MONTHS, month - 1);
            format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_every_form() {
        // the example of RFC 9110 §5.6.7
        let ms = 784_111_777_000;
        for (format, text) in [
            (TimestampFormat::UnixS, "784111777"),
            (TimestampFormat::UnixMs, "784111777000"),
            (TimestampFormat::Rfc3339, "1994-11-06T08:49:37Z"),
            (TimestampFormat::IsoBasic, "19941106T084937Z"),
            (TimestampFormat::HttpDate, "Sun, 06 Nov 1994 08:49:37 GMT"),
        ] {
            assert_eq!(written(ms, format), text);
        }
    }
}
