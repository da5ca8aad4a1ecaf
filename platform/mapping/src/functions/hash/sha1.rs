//! `sha1`: a digest of a text.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tributary_model::error_code::ErrorCode;

use crate::functions::encoding::hex;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "sha1",
    summary: "Gives the SHA-1 of the UTF-8 bytes of a text as 40 small hexadecimal digits, for interfaces that ask for it; it protects nothing (RFC 3174).",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""abc""#,
            r#"{}"#,
            r#""a9993e364706816aba3e25717850c26c9cd0d89d""#,
        ),
        Example::gives(
            r#""""#,
            r#"{}"#,
            r#""da39a3ee5e6b4b0d3255bfef95601890afd80709""#,
        ),
        Example::gives(
            r#""ä""#,
            r#"{}"#,
            r#""961fa22f61a56e19f3f5f8867901ac8cf5e6d11f""#,
        ),
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
struct Sha1;

impl Operation for Sha1 {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        Ok(Value::Text(hex(digest.as_ref(), run)))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Sha1)
}
