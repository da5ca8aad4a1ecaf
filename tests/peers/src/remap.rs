//! Vector's remap language (VRL): the program is compiled once.

use vrl::compiler::{Context, Program, TargetValue, TimeZone, state::RuntimeState};
use vrl::value::{Secrets, Value};

pub(crate) struct Remap {
    program: Program,
    zone: TimeZone,
}

impl Remap {
    pub(crate) fn new() -> Self {
        let functions = vrl::stdlib::all();
        let compiled = vrl::compiler::compile(include_str!("order.vrl"), &functions)
            .unwrap_or_else(|diagnostics| panic!("{diagnostics:?}"));
        Self {
            program: compiled.program,
            zone: TimeZone::default(),
        }
    }

    /// JSON in, JSON out; an object with `errors` for a bad record.
    pub(crate) fn map(&self, bytes: &[u8], out: &mut Vec<u8>) {
        let value: Value = serde_json::from_slice(bytes).unwrap();
        let mut target = TargetValue {
            value,
            metadata: Value::Object(Default::default()),
            secrets: Secrets::default(),
        };
        let mut state = RuntimeState::default();
        let mut context = Context::new(&mut target, &mut state, &self.zone);
        let made = self.program.resolve(&mut context).unwrap();
        serde_json::to_writer(&mut *out, &made).unwrap();
        out.push(b'\n');
    }
}
