//! Values to JSON bytes.

use crate::plan::OutputType;
use crate::reader::plain_run;
use crate::value::Value;

/// Appends a value that fits its type.
pub(super) fn write_value(value: Value<'_>, output: &OutputType, out: &mut Vec<u8>) {
    match value {
        Value::Null | Value::Failed => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Text(text) => write_text(text, out),
        Value::Number(text) | Value::Json(text) => out.extend_from_slice(text.as_bytes()),
        Value::Decimal(number) => {
            let written = match output {
                OutputType::Decimal {
                    size: Some((_, scale)),
                } => number.write_fixed(*scale, out),
                _ => false,
            };
            if !written {
                number.normalize().write(out);
            }
        }
        Value::Date(date) => {
            out.push(b'"');
            date.write(out);
            out.push(b'"');
        }
        Value::DateTime(instant) => {
            out.push(b'"');
            instant.write(out);
            out.push(b'"');
        }
        Value::List(elements) => {
            let output = output.of_elements();
            out.push(b'[');
            for (place, element) in elements.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_value(*element, output, out);
            }
            out.push(b']');
        }
    }
}

/// Appends bytes. Names and most values are short: two pieces of a fixed length that overlap are written
/// in place of a call.
#[inline(always)]
fn append(bytes: &[u8], out: &mut Vec<u8>) {
    let length = bytes.len();
    if length > 32 {
        out.extend_from_slice(bytes);
    } else if !(append_two::<16>(bytes, out)
        || append_two::<8>(bytes, out)
        || append_two::<4>(bytes, out))
    {
        bytes.iter().for_each(|byte| out.push(*byte));
    }
}

/// Appends `N` to `2 N` bytes; whether it has.
#[inline(always)]
fn append_two<const N: usize>(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) else {
        return false;
    };
    let start = out.len();
    out.extend_from_slice(first);
    out.truncate(start + bytes.len() - N);
    out.extend_from_slice(last);
    true
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    close_text(text, out);
}

/// Appends a text that stands in JSON as it is, and the quote after it.
#[inline(always)]
pub(super) fn close_plain_text(text: &str, out: &mut Vec<u8>) {
    append(text.as_bytes(), out);
    out.push(b'"');
}

/// Appends a text and the quote after it.
pub(super) fn close_text(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let stop = plain_run(bytes, from);
        append(bytes.get(from..stop).unwrap_or_default(), out);
        let Some(byte) = bytes.get(stop) else {
            break;
        };
        escape(*byte, out);
        from = stop + 1;
    }
    out.push(b'"');
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        8 => out.extend_from_slice(b"\\b"),
        12 => out.extend_from_slice(b"\\f"),
        other => {
            let digit = |nibble: u8| {
                if nibble < 10 {
                    b'0' + nibble
                } else {
                    b'a' + nibble - 10
                }
            };
            out.extend_from_slice(b"\\u00");
            out.push(digit(other >> 4));
            out.push(digit(other & 15));
        }
    }
}
