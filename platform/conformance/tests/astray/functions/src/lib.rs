//! Functions that go astray: one remembers, one fails at what it does not know, one is good.

use std::sync::atomic::{AtomicU32, Ordering};

use tributary_sdk::functions::{Answer, Fault, Input, Result};

tributary_sdk::export_functions! {
    "good" => good,
    "remembers" => remembers,
    "fails" => fails,
}

fn good(input: &Input<'_>) -> Result {
    Ok(Answer::Text(input.text(0)?.to_uppercase()))
}

fn remembers(input: &Input<'_>) -> Result {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let asked = ASKED.fetch_add(1, Ordering::Relaxed);
    Ok(Answer::Text(format!("{}{asked}", input.text(0)?)))
}

fn fails(input: &Input<'_>) -> Result {
    match input.text(0)?.as_ref() {
        "" => Err(Fault::failed("an empty text")),
        text => Ok(Answer::Text(text.to_owned())),
    }
}
