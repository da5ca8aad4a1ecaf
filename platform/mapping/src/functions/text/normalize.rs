//! `normalize`: one of several writings of the same text.

use tributary_model::error_code::ErrorCode;
use unicode_normalization::UnicodeNormalization;

use crate::functions::bounds;
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "normalize",
    summary: "Brings a text into a Unicode normal form: NFC joins letter and accent, NFD parts them; NFKC and NFKD also replace variants such as ﬁ, ２ and ².",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "form",
        ArgumentKind::Text,
        "NFC (default), NFD, NFKC, NFKD",
    )],
    fails_with: &[ErrorCode::ValueInvalid, ErrorCode::RecordTooLarge],
    examples: &[
        Example::gives(r#""Mu\u0308ller""#, r#"{}"#, r#""Müller""#),
        Example::gives(r#""ﬁ２²""#, r#"{"form": "NFKC"}"#, r#""fi22""#),
        Example::gives(r#""Müller""#, r#"{}"#, r#""Müller""#),
        Example::gives(r#""abc""#, r#"{"form": "NFD"}"#, r#""abc""#),
        Example::gives(r#""""#, r#"{}"#, r#""""#),
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
struct Normalize {
    form: Form,
}

impl Operation for Normalize {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let normal = text.is_ascii()
            || match self.form {
                Form::Nfc => unicode_normalization::is_nfc(text),
                Form::Nfd => unicode_normalization::is_nfd(text),
                Form::Nfkc => unicode_normalization::is_nfkc(text),
                Form::Nfkd => unicode_normalization::is_nfkd(text),
            };
        if normal {
            return Ok(Value::Text(text));
        }
        let mut changed = run.text_buffer(text.len());
        match self.form {
            Form::Nfc => changed.extend(text.nfc()),
            Form::Nfd => changed.extend(text.nfd()),
            Form::Nfkc => changed.extend(text.nfkc()),
            Form::Nfkd => changed.extend(text.nfkd()),
        }
        bounds::check_growth(text.len(), changed.len())?;
        Ok(Value::Text(changed.into_bump_str()))
    }
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let form = match arguments.text("form") {
        None | Some("NFC") => Form::Nfc,
        Some("NFD") => Form::Nfd,
        Some("NFKC") => Form::Nfkc,
        Some("NFKD") => Form::Nfkd,
        Some(_) => return arguments.invalid("form", "needs NFC, NFD, NFKC or NFKD"),
    };
    ready(Normalize { form })
}

/// The normal forms of Unicode Standard Annex 15.
#[derive(Debug)]
enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}
