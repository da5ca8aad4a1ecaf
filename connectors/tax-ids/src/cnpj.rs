//! CNPJ (Cadastro Nacional da Pessoa Jurídica): 12 digits, since July 2026 also letters, and two check
//! digits modulo 11. A letter counts as its ASCII code less 48.

use tributary_sdk::functions::Fault;

pub(crate) fn read(number: &str) -> Result<String, Fault> {
    let text = super::plain(number);
    let signs = text.as_bytes();
    if signs.len() != 14 {
        return Err(Fault::refused(format!(
            "a CNPJ has 14 signs, this has {}",
            text.chars().count()
        )));
    }
    let (body, check) = signs.split_at(12);
    let named = body.iter().all(u8::is_ascii_alphanumeric) && check.iter().all(u8::is_ascii_digit);
    if !named {
        return Err(Fault::refused(
            "a CNPJ has 12 digits or letters and two digits",
        ));
    }
    if body.iter().all(|sign| *sign == b'0') {
        return Err(Fault::refused("a CNPJ is not all zeros"));
    }
    let first = check_digit(body.iter());
    let second = check_digit(body.iter().chain(std::iter::once(&first)));
    if check != [first, second] {
        return Err(Fault::refused(format!(
            "the check digits are wrong: {}{} is right for what stands before them",
            char::from(first),
            char::from(second)
        )));
    }
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    Ok(format!(
        "{}.{}.{}/{}-{}",
        part(0, 2),
        part(2, 5),
        part(5, 8),
        part(8, 12),
        part(12, 14)
    ))
}

/// Weights 2 to 9 from the right, again and again.
fn check_digit<'a>(signs: impl DoubleEndedIterator<Item = &'a u8>) -> u8 {
    let mut sum = 0_u32;
    for (sign, weight) in signs.rev().zip((2..=9).cycle()) {
        sum += u32::from(sign.saturating_sub(b'0')) * weight;
    }
    match sum % 11 {
        0 | 1 => b'0',
        rest => b'0' + u8::try_from(11 - rest).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn digits_and_letters() {
        for (written, wanted) in [
            ("11222333000181", "11.222.333/0001-81"),
            ("11.222.333/0001-81", "11.222.333/0001-81"),
            ("12abc34501de35", "12.ABC.345/01DE-35"),
        ] {
            assert_eq!(read(written).as_deref().ok(), Some(wanted), "{written}");
        }
        for wrong in [
            "11222333000182",
            "1122233300018",
            "00000000000000",
            "11222333000A81",
            "ä1222333000181",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
