//! `sha512`: a digest of a text.

use aws_lc_rs::digest::{SHA512, digest};
use tributary_model::error_code::ErrorCode;

use crate::functions::encoding::hex;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "sha512",
    summary: "Gives the SHA-512 of the UTF-8 bytes of a text as 128 small hexadecimal digits (FIPS 180-4).",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""abc""#,
            r#"{}"#,
            r#""ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f""#,
        ),
        Example::gives(
            r#""""#,
            r#"{}"#,
            r#""cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e""#,
        ),
        Example::gives(
            r#""ä""#,
            r#"{}"#,
            r#""64868c5784a6004e675bcf405f549369bf607cd3269c0cac1711e21ba9f40a5abbf0c7535856e7cf77ea55a072dd04aa89eea361e95f497aa965309b50587157""#,
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
struct Sha512;

impl Operation for Sha512 {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let digest = digest(&SHA512, text.as_bytes());
        Ok(Value::Text(hex(digest.as_ref(), run)))
    }
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Sha512)
}
