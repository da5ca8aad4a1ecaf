//! RFC (Registro Federal de Contribuyentes): 3 letters for companies or 4 for people, a date, two signs
//! and a check digit modulo 11 over a table of 39 signs.

use tributary_sdk::functions::Fault;

/// The value of a sign is its place.
const SIGNS: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ";
/// For sales to nobody in particular, and to foreigners; they have no check digit.
const GENERIC: [&str; 2] = ["XAXX010101000", "XEXX010101000"];

pub(crate) fn read(number: &str) -> Result<String, Fault> {
    let text = super::plain(number);
    if GENERIC.contains(&text.as_str()) {
        return Ok(text);
    }
    let signs: Vec<char> = text.chars().collect();
    let letters = match signs.len() {
        12 => 3,
        13 => 4,
        other => {
            return Err(Fault::refused(format!(
                "an RFC has 12 or 13 signs, this has {other}"
            )));
        }
    };
    let (name, rest) = signs.split_at(letters);
    let (date, homonym) = rest.split_at(6);
    let named = name
        .iter()
        .all(|sign| sign.is_ascii_uppercase() || matches!(sign, 'Ñ' | '&'));
    if !named {
        return Err(Fault::refused(format!(
            "an RFC of {} signs begins with {letters} letters",
            signs.len()
        )));
    }
    if !is_date(date) {
        return Err(Fault::refused(
            "the six digits after the letters are no date (YYMMDD)",
        ));
    }
    let wanted = check_digit(&signs)
        .filter(|_| homonym.iter().all(char::is_ascii_alphanumeric))
        .ok_or_else(|| Fault::refused("the last three signs are letters or digits"))?;
    match homonym.last() {
        Some(found) if *found == wanted => Ok(text),
        _ => Err(Fault::refused(format!(
            "the check digit is wrong: {wanted} is right for what stands before it"
        ))),
    }
}

fn is_date(date: &[char]) -> bool {
    let digits: Option<Vec<u32>> = date.iter().map(|sign| sign.to_digit(10)).collect();
    match digits.as_deref() {
        Some([_, _, m1, m0, d1, d0]) => {
            (1..=12).contains(&(m1 * 10 + m0)) && (1..=31).contains(&(d1 * 10 + d0))
        }
        _ => false,
    }
}

/// What the signs before the last ask for; a company's name counts with a space before it.
fn check_digit(signs: &[char]) -> Option<char> {
    let (_, body) = signs.split_last()?;
    let pad = if body.len() == 11 { Some(' ') } else { None };
    let mut sum = 0;
    for (place, sign) in pad.iter().chain(body).enumerate() {
        let value = SIGNS.chars().position(|known| known == *sign)?;
        sum += value * (13 - place);
    }
    match sum % 11 {
        0 => Some('0'),
        1 => Some('A'),
        rest => char::from_digit(u32::try_from(11 - rest).ok()?, 10),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn numbers_as_people_write_them() {
        for (written, wanted) in [
            ("GODE561231GR8", "GODE561231GR8"),
            (" gode-561231-gr8 ", "GODE561231GR8"),
            ("SAT 970701 NN3", "SAT970701NN3"),
            ("CFE370814QI0", "CFE370814QI0"),
            ("XAXX010101000", "XAXX010101000"),
        ] {
            assert_eq!(read(written).as_deref().ok(), Some(wanted), "{written}");
        }
    }

    #[test]
    fn what_is_none_is_refused_with_the_reason() {
        for (written, reason) in [
            ("GODE561231GR7", "8 is right"),
            ("GODE561331GR8", "no date"),
            ("GOD3561231GR8", "begins with 4 letters"),
            ("GODE56", "12 or 13"),
            ("GODE561231G_8", "letters or digits"),
            ("", "12 or 13"),
        ] {
            let message = read(written).map_err(|fault| fault.message().to_owned());
            assert!(
                message.as_ref().is_err_and(|text| text.contains(reason)),
                "{written}: {message:?}"
            );
        }
    }
}
