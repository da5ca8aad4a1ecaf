//! `words`: the words of a text.

use bumpalo::collections::Vec as ArenaVec;
use tributary_model::error_code::ErrorCode;

use crate::functions::bounds;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "words",
    summary: "Gives the words of a text as a list: what stands between white space.",
    input: Kind::Text,
    output: Output::Is(Kind::List),
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(
            r#""  Main   Street 5""#,
            r#"{}"#,
            r#"["Main","Street","5"]"#,
        ),
        Example::gives(r#""a\tb\nc""#, r#"{}"#, r#"["a","b","c"]"#),
        Example::gives(r#""it's, well""#, r#"{}"#, r#"["it's,","well"]"#),
        Example::gives(r#""   ""#, r#"{}"#, r#"[]"#),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Words;

impl Operation for Words {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut words = ArenaVec::new_in(run.arena);
        for word in value.text()?.split_whitespace() {
            bounds::check_elements(words.len())?;
            words.push(Value::Text(word));
        }
        Ok(Value::List(words.into_bump_slice()))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Words)
}
