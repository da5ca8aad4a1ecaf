//! Codes: tables of the tenant, tables that everybody shares, and numbers with a form and check digits.
//!
//! Deliberately absent: whether a number was given out; that is asked of its register, not of a table.

mod abn;
mod bic;
mod check_digits;
mod code_table;
mod convert_unit;
mod countries;
mod country;
mod currency;
pub(super) mod currency_table;
mod ean;
mod ein;
mod email;
mod eori;
mod external;
mod fold;
mod iban;
mod iban_table;
mod internet;
mod isbn;
mod language;
mod lei;
mod lookup;
mod lookup_range;
mod lookup_reverse;
mod phone;
mod phone_number;
mod postal_code;
mod postal_forms;
mod translate;
mod unit;
mod units;
mod url;
mod us_state;
mod vat_check;
mod vat_id;
mod written;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[
    lookup::FUNCTION,
    lookup_reverse::FUNCTION,
    lookup_range::FUNCTION,
    translate::FUNCTION,
    external::FUNCTION,
    country::FUNCTION,
    currency::FUNCTION,
    language::FUNCTION,
    us_state::FUNCTION,
    postal_code::FUNCTION,
    unit::FUNCTION,
    convert_unit::FUNCTION,
    iban::FUNCTION,
    bic::FUNCTION,
    vat_id::FUNCTION,
    eori::FUNCTION,
    lei::FUNCTION,
    abn::FUNCTION,
    ein::FUNCTION,
    ean::FUNCTION,
    isbn::FUNCTION,
    phone::FUNCTION,
    email::FUNCTION,
    url::FUNCTION,
];
