//! my-connector: functions of code for mappings. Pure: the same input gives the same answer, today and
//! in ten years, because a record may be mapped again. So there is nothing to import.

use tributary_sdk::functions::{Answer, Fault, Input, Result};

tributary_sdk::export_functions! {
    "initials" => initials,
}

/// `Ada Lovelace` → `AL`
fn initials(input: &Input<'_>) -> Result {
    let name = input.text(0)?;
    let words = name.split_whitespace();
    let letters: String = words.filter_map(|word| word.chars().next()).collect();
    if letters.is_empty() {
        return Err(Fault::refused("the name has no word"));
    }
    Ok(Answer::Text(letters.to_uppercase()))
}
