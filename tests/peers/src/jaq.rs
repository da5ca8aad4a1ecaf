//! jq's language in Rust (jaq): the program is compiled once.

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};

/// Gives `work` a function from JSON to JSON; an object with `errors` for a bad record.
pub(crate) fn with_program<T>(work: impl FnOnce(&mut dyn FnMut(&[u8], &mut Vec<u8>)) -> T) -> T {
    let definitions = jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs());
    let functions = jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs());
    let loader = Loader::new(definitions);
    let arena = Arena::default();
    let program = File {
        code: include_str!("order.jq"),
        path: (),
    };
    let modules = loader
        .load(&arena, program)
        .unwrap_or_else(|errors| panic!("{errors:?}"));
    let filter = Compiler::default()
        .with_funs(functions)
        .compile(modules)
        .unwrap_or_else(|errors| panic!("{errors:?}"));
    let mut run = |bytes: &[u8], out: &mut Vec<u8>| {
        let input = read::parse_single(bytes).unwrap();
        let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
        for made in filter.id.run((context, input)).map(unwrap_valr) {
            let made = made.unwrap_or_else(|error| panic!("{error}"));
            out.extend_from_slice(made.to_string().as_bytes());
            out.push(b'\n');
        }
    };
    work(&mut run)
}
