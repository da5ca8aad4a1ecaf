//! `url`: a web address.

use tributary_model::error_code::ErrorCode;

use super::internet::host;
use super::written::refused;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "url",
    summary: "Checks the form of an absolute web address (RFC 3986) and writes its scheme and host in small letters. User names in it are refused; whether the address exists is not checked.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "schemes",
        ArgumentKind::Texts,
        "what it may begin with; default: http and https",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#"" HTTPS://Example.COM/A?b=c#d ""#,
            r#"{}"#,
            r#""https://example.com/A?b=c#d""#,
        ),
        Example::gives(
            r#""http://localhost:8080""#,
            r#"{}"#,
            r#""http://localhost:8080""#,
        ),
        Example::gives(
            r#""sftp://files.example.com/x""#,
            r#"{"schemes": ["sftp"]}"#,
            r#""sftp://files.example.com/x""#,
        ),
        Example::fails(r#""example.com""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(r#""ftp://example.com""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::fails(
            r#""https://exa mple.com""#,
            r#"{}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#""https://user:pw@example.com""#,
            r#"{}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#""https://example.com:99999""#,
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
struct Url {
    schemes: Vec<String>,
}

impl Operation for Url {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?.trim();
        let schemed = text.split_once("://").and_then(|(scheme, rest)| {
            let known = self
                .schemes
                .iter()
                .find(|known| known.eq_ignore_ascii_case(scheme));
            known.map(|known| (known, rest))
        });
        let Some((scheme, rest)) = schemed else {
            let what = format!("does not begin with {}://", self.schemes.join(":// or "));
            return refused(text, &what, "send the whole address");
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (name, port) = match authority.rsplit_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (authority, None),
        };
        let port_valid = port.is_none_or(|port| {
            port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse::<u16>().is_ok()
        });
        let path_valid = !path
            .chars()
            .any(|sign| sign.is_whitespace() || sign.is_control() || "<>\"{}|\\^`".contains(sign));
        match host(name, run) {
            Some(name) if port_valid && path_valid => {
                let port = port
                    .map(|port| run.display(format_args!(":{port}")))
                    .unwrap_or_default();
                Ok(Value::Text(
                    run.display(format_args!("{scheme}://{name}{port}{path}")),
                ))
            }
            _ => refused(
                text,
                "has a sign, a host or a port that an address cannot have",
                "write other signs in the path as %20 and so on",
            ),
        }
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let schemes = match arguments.texts("schemes") {
        None => vec!["http".to_owned(), "https".to_owned()],
        Some(schemes) if !schemes.is_empty() => schemes,
        Some(_) => return arguments.invalid("schemes", "at least one scheme is needed"),
    };
    ready(Url { schemes })
}
