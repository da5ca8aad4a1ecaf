//! JSONata in Rust (jsonata-core), on its bytecode machine where it can: the program is compiled once.

use jsonata_core::Expression;
use jsonata_core::value::JValue;

pub(crate) struct Jsonata {
    program: Expression,
}

impl Jsonata {
    pub(crate) fn new() -> Self {
        let program = Expression::compile(include_str!("order.jsonata"));
        Self {
            program: program.unwrap_or_else(|error| panic!("{error}")),
        }
    }

    /// JSON in, JSON out; an object with `errors` for a bad record.
    pub(crate) fn map(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let input = JValue::from_json_str(std::str::from_utf8(bytes).unwrap()).unwrap();
        let made = self.program.evaluate(&input);
        let made = made.unwrap_or_else(|error| panic!("{error}"));
        out.extend_from_slice(made.to_json_string().unwrap().as_bytes());
        out.push(b'\n');
    }
}
