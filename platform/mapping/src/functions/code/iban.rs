//! `iban`: an international bank account number.

use tributary_model::error_code::ErrorCode;

use super::check_digits::mod_97;
use super::iban_table::{form_of, signs};
use super::written::{compact, refused};
use crate::functions::signature::{Argument, ArgumentKind, Example, Output, Signature};
use crate::functions::{Arguments, Compiled, Function, Operation, ready};
use crate::value::{Kind, Made, Value};
use crate::worker::run::Run;

const SIGNATURE: Signature = Signature {
    name: "iban",
    summary: "Checks an IBAN: country, length, form (SWIFT registry) and check digits; spaces, hyphens and small letters are put right. Check digits inside the account number and whether the account exists are not checked.",
    input: Kind::Text,
    output: Output::Is(Kind::Text),
    arguments: &[Argument::optional(
        "form",
        ArgumentKind::Text,
        "electronic (default, without spaces) or print (groups of four)",
    )],
    fails_with: &[ErrorCode::ValueInvalid],
    examples: &[
        Example::gives(
            r#""DE89 3704 0044 0532 0130 00""#,
            r#"{}"#,
            r#""DE89370400440532013000""#,
        ),
        Example::gives(
            r#""gb29nwbk60161331926819""#,
            r#"{"form": "print"}"#,
            r#""GB29 NWBK 6016 1331 9268 19""#,
        ),
        Example::gives(r#""NO9386011117947""#, r#"{}"#, r#""NO9386011117947""#),
        Example::fails(
            r#""DE88370400440532013000""#,
            r#"{}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#""DE8937040044053201300""#,
            r#"{}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(
            r#""US89370400440532013000""#,
            r#"{}"#,
            ErrorCode::ValueInvalid,
        ),
        Example::fails(r#""""#, r#"{}"#, ErrorCode::ValueInvalid),
        Example::gives(r#"null"#, r#"{}"#, r#"null"#),
    ],
    ..Signature::EMPTY
};

pub(super) const FUNCTION: Function = Function {
    signature: &SIGNATURE,
    compile,
};

#[derive(Debug)]
struct Iban {
    print: bool,
}

impl Operation for Iban {
    fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        let text = value.text()?;
        let code = compact(text, run);
        let split = code
            .split_at_checked(4)
            .filter(|(head, _)| head.is_ascii())
            .and_then(|(head, account)| Some((head.get(..2)?, head, account)));
        let Some((country, head, account)) = split else {
            return refused(text, "is too short for an IBAN", "send the whole IBAN");
        };
        let Some(form) = form_of(country) else {
            let what = "does not begin with a country that has IBANs";
            return refused(text, what, "send the IBAN with its country, such as DE89…");
        };
        let length = signs(form).count() + 4;
        if code.len() != length {
            let what = format!(
                "has {} signs, and an IBAN of {country} {length}",
                code.len()
            );
            return refused(text, &what, "compare it with the bank statement");
        }
        let fits = signs(form)
            .zip(account.bytes())
            .all(|(kind, sign)| match kind {
                b'n' => sign.is_ascii_digit(),
                b'a' => sign.is_ascii_uppercase(),
                _ => sign.is_ascii_digit() || sign.is_ascii_uppercase(),
            });
        let digits = head.bytes().skip(2).all(|sign| sign.is_ascii_digit());
        if !fits || !digits {
            let what = format!(
                "has letters where an IBAN of {country} has digits, or the other way round"
            );
            return refused(text, &what, "look for O and 0, I and 1");
        }
        if mod_97(account.bytes().chain(head.bytes())) != 1 {
            let what = "has wrong check digits";
            return refused(
                text,
                what,
                "a digit is mistyped; compare it with the bank statement",
            );
        }
        Ok(Value::Text(if self.print {
            groups(code, run)
        } else {
            code
        }))
    }
}

fn groups<'a>(code: &str, run: &Run<'a>) -> &'a str {
    let mut text = run.text_buffer(code.len() + code.len() / 4);
    for (place, sign) in code.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push(' ');
        }
        text.push(sign);
    }
    text.into_bump_str()
}

fn compile(arguments: &mut Arguments<'_, '_>) -> Compiled {
    let form = arguments.word("form", &["electronic", "print"])?;
    ready(Iban {
        print: form == "print",
    })
}
