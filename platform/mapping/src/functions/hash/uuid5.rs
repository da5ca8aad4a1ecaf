//! `uuid5`: an identifier made of a name.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use tributary_model::error_code::ErrorCode;
use uuid::{Builder, Uuid};

use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "uuid5",
    summary: "Makes the UUID of version 5 of a name in a namespace (RFC 9562): the same name always gets the same one.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::required(
        "namespace",
        ArgumentKind::Text,
        "dns, url, oid, x500, or a UUID of your own",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""www.example.com""#,
            r#"{"namespace": "dns"}"#,
            r#""2ed6657d-e927-568b-95e1-2665a8aea6a2""#,
        ),
        Example::gives(
            r#""ORDER-4711""#,
            r#"{"namespace": "6f2c1d1e-8a3b-4c5d-9e0f-0123456789ab"}"#,
            r#""ea53a25b-ce55-52f2-b27f-fe961d5346d9""#,
        ),
        Example::gives(
            r#""""#,
            r#"{"namespace": "url"}"#,
            r#""1b4db7eb-4057-5ddf-91e0-36dec72071f5""#,
        ),
        Example::gives(r#"null"#, r#"{"namespace": "dns"}"#, r#"null"#),
        Example::fails(r#"7"#, r#"{"namespace": "dns"}"#, ErrorCode::ValueInvalid),
    ],

    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Uuid5 {
    namespace: Uuid,
}

impl Operation for Uuid5 {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        context.update(self.namespace.as_bytes());
        context.update(value.text()?.as_bytes());
        let digest = context.finish();
        let mut bytes = [0; 16];
        for (byte, of_digest) in bytes.iter_mut().zip(digest.as_ref()) {
            *byte = *of_digest;
        }
        let id = Builder::from_sha1_bytes(bytes).into_uuid();
        Ok(Value::Text(run.display(id)))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let namespace = match arguments.text("namespace")? {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        text => match Uuid::try_parse(text) {
            Ok(own) => own,
            Err(error) => {
                let message = format!("needs dns, url, oid, x500 or a UUID: {error}");
                return arguments.invalid("namespace", &message);
            }
        },
    };
    ready(Uuid5 { namespace })
}
