//! `email`: an e-mail address.

use tributary_model::error_code::ErrorCode;

use super::internet::host;
use super::written::refused;
use crate::functions::signature::{Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "email",
    summary: "Checks the form of an e-mail address and writes its domain in small letters. Quoted local parts and addresses in brackets are refused; whether the address exists is not checked.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#"" Jane.Doe+x@Example.COM ""#,
            r#"{}"#,
            r#""Jane.Doe+x@example.com""#,
        ),
        Example::gives(
            r#""jörg@bücher.example""#,
            r#"{}"#,
            r#""jörg@bücher.example""#,
        ),
        Example::fails(r#""a@b""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""a..b@example.com""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""a b@example.com""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""a@-example.com""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(
            r#""Jane <jane@example.com>""#,
            r#"{}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Email;

impl Operation for Email {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?.trim();
        let parts = text.rsplit_once('@').filter(|(local, _)| is_local(local));
        let Some((local, domain)) = parts.filter(|_| text.len() <= 254) else {
            let what = "is not an e-mail address such as jane@example.com";
            return refused(text, what, "send one address, without a name and brackets");
        };
        let Some(small) = host(domain, run).filter(|name| name.contains('.')) else {
            let what = "has no domain such as example.com after the @";
            return refused(text, what, "send one address, without a name and brackets");
        };
        if small == domain {
            return Ok(Value::Text(text));
        }
        Ok(Value::Text(run.display(format_args!("{local}@{small}"))))
    }
}

/// The dot-atom of RFC 5321, with the letters beyond ASCII of RFC 6531; at most 64 bytes.
fn is_local(local: &str) -> bool {
    local.len() <= 64
        && local.split('.').all(|atom| {
            !atom.is_empty()
                && atom
                    .chars()
                    .all(|sign| sign.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(sign))
        })
}

fn compile(_arguments: &mut Arguments<'_, '_>) -> Compiled {
    ready(Email)
}
