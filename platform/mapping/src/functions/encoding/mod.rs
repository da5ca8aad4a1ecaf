//! Texts in the encodings of other formats: Base64, addresses, HTML, XML, JSON, CSV.

mod base64_decode;
mod base64_encode;
mod csv_quote;
mod hex_decode;
mod hex_encode;
mod html_escape;
mod html_unescape;
mod json_parse;
mod json_write;
mod query_string;
mod url_decode;
mod url_encode;
mod xml_escape;

pub(super) use hex_encode::hex;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[
    base64_encode::FUNCTION,
    base64_decode::FUNCTION,
    hex_encode::FUNCTION,
    hex_decode::FUNCTION,
    url_encode::FUNCTION,
    url_decode::FUNCTION,
    query_string::FUNCTION,
    html_escape::FUNCTION,
    html_unescape::FUNCTION,
    xml_escape::FUNCTION,
    csv_quote::FUNCTION,
    json_parse::FUNCTION,
    json_write::FUNCTION,
];
