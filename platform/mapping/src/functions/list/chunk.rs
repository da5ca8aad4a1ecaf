//! `chunk`: a list in pieces.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "chunk",
    summary: "Cuts a list into lists of a size; the last may be shorter.",
    input: Kind::List,
    output: Output::Is(Kind::List),
    arguments: &[Argument::required(
        "size",
        ArgumentKind::Integer,
        "elements of a piece; 1 or more",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(r#"[1, 2, 3]"#, r#"{"size": 2}"#, r#"[[1,2],[3]]"#),
        Example::gives(r#"[1]"#, r#"{"size": 5}"#, r#"[[1]]"#),
        Example::gives(r#"[]"#, r#"{"size": 2}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{"size": 2}"#, r#"null"#),
        Example::fails(r#"1"#, r#"{"size": 2}"#, ErrorCode::ValueInvalid),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Chunk {
    size: usize,
}

impl Operation for Chunk {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let pieces = value.elements(run)?.chunks(self.size).map(Value::List);
        let pieces = ArenaVec::from_iter_in(pieces, run.arena);
        Ok(Value::List(pieces.into_bump_slice()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    match arguments.integer("size")? {
        0 => arguments.invalid("size", "a piece has at least 1 element"),
        size => ready(Chunk {
            size: size as usize,
        }),
    }
}
