//! Tax numbers of Mexico, Brazil and India: an example of functions of code for mappings.
//!
//! Every function takes the number as people write it, refuses what cannot be one and gives the form
//! that authorities print. Deliberately absent: whether the number was ever given out.

mod cnpj;
mod gstin;
mod rfc;

use tributary_sdk::functions::{Answer, Fault, Input, Result};

tributary_sdk::export_functions! {
    "mx_rfc" => mx_rfc,
    "br_cnpj" => br_cnpj,
    "in_gstin" => in_gstin,
    "in_state" => in_state,
    "is_valid" => is_valid,
}

fn mx_rfc(input: &Input<'_>) -> Result {
    Ok(Answer::Text(rfc::read(&input.text(0)?)?))
}

fn br_cnpj(input: &Input<'_>) -> Result {
    Ok(Answer::Text(cnpj::read(&input.text(0)?)?))
}

fn in_gstin(input: &Input<'_>) -> Result {
    Ok(Answer::Text(gstin::read(&input.text(0)?)?))
}

fn in_state(input: &Input<'_>) -> Result {
    let number = gstin::read(&input.text(0)?)?;
    let (code, region) = gstin::state(&number)
        .ok_or_else(|| Fault::refused("the number begins with no state's code"))?;
    Ok(Answer::Json(format!(
        r#"{{"code":"{code}","region":"{region}"}}"#
    )))
}

fn is_valid(input: &Input<'_>) -> Result {
    let number = input.text(0)?;
    let country = input.text(1)?;
    let read = match country.as_ref() {
        "MX" => rfc::read(&number),
        "BR" => cnpj::read(&number),
        "IN" => gstin::read(&number),
        other => {
            return Err(Fault::refused(format!(
                "the country {other:?} is not one of MX, BR, IN"
            )));
        }
    };
    Ok(Answer::Bool(read.is_ok()))
}

/// The number in capitals, without what people put between its parts.
fn plain(number: &str) -> String {
    number
        .chars()
        .filter(|sign| !matches!(sign, ' ' | '-' | '.' | '/' | '\u{a0}'))
        .flat_map(char::to_uppercase)
        .collect()
}
