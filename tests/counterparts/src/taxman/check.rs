//! Checks a transaction and computes its tax. Pure: no clock, no state, so that the same
//! transaction always has the same answer.

use super::rates::{NoRate, Rates};
use super::wire::{Address, Line, Refusal, Transaction};
use crate::decimal::{Cents, NumberFault, parse};

/// A transaction that passed, with its tax.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Taxed {
    pub total_amount: Cents,
    pub total_tax: Cents,
    pub lines: Vec<TaxedLine>,
}

/// A line with its tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TaxedLine {
    pub number: String,
    pub tax_code: String,
    pub amount: Cents,
    /// thousandths of a per cent
    pub rate: u32,
    pub tax: Cents,
}

/// Computes the tax.
///
/// # Errors
/// The first thing that is wrong, in the order of the document.
pub(super) fn tax(transaction: &Transaction<'_>, rates: &Rates) -> Result<Taxed, Refusal> {
    head(transaction)?;
    let ship_to = addresses(transaction, rates)?;
    if transaction.lines.is_empty() {
        return Err(Refusal::new(
            "MissingLine",
            "lines",
            "a transaction has at least one line",
        ));
    }
    let mut taxed = Taxed {
        total_amount: Cents(0),
        total_tax: Cents(0),
        lines: Vec::with_capacity(transaction.lines.len()),
    };
    for (index, line) in transaction.lines.iter().enumerate() {
        let line = self::line(transaction, line, index, ship_to, rates)?;
        if taxed.lines.iter().any(|other| other.number == line.number) {
            return Err(Refusal::new(
                "DuplicateLineNumber",
                format!("lines[{index}].number"),
                format!("the line number {:?} is there twice", line.number),
            ));
        }
        taxed.total_amount += line.amount;
        taxed.total_tax += line.tax;
        taxed.lines.push(line);
    }
    if let Some(total) = transaction.total_amount {
        let total = Cents(number(total.get(), 2, "total_amount")?);
        if total != taxed.total_amount {
            return Err(Refusal::new(
                "TotalAmountMismatch",
                "total_amount",
                format!(
                    "total_amount is {total}, the lines sum up to {}",
                    taxed.total_amount
                ),
            ));
        }
    }
    Ok(taxed)
}

/// What names a transaction, for those that only name it.
///
/// # Errors
/// Which part of the name is missing or too long.
pub(super) fn name(transaction: &Transaction<'_>) -> Result<(), Refusal> {
    required(&transaction.code, "code", 50)?;
    required(&transaction.company_code, "company_code", 25)
}

fn head(transaction: &Transaction<'_>) -> Result<(), Refusal> {
    if !matches!(transaction.kind.as_ref(), "SalesInvoice" | "ReturnInvoice") {
        return Err(Refusal::new(
            "EnumValueError",
            "type",
            format!(
                "{:?} is not SalesInvoice or ReturnInvoice",
                transaction.kind
            ),
        ));
    }
    name(transaction)?;
    let date = &transaction.date;
    if date.parse::<jiff::civil::Date>().is_err() || date.len() != 10 {
        return Err(Refusal::new(
            "DateFormatError",
            "date",
            format!("{date:?} is not a date of the form YYYY-MM-DD"),
        ));
    }
    required(&transaction.customer_code, "customer_code", 50)?;
    let currency = &transaction.currency_code;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Refusal::new(
            "InvalidCurrencyCode",
            "currency_code",
            format!("{currency:?} is not a currency code of three capitals"),
        ));
    }
    optional(
        transaction.purchase_order_no.as_deref(),
        "purchase_order_no",
        50,
    )
}

fn addresses<'t>(
    transaction: &'t Transaction<'_>,
    rates: &Rates,
) -> Result<&'t Address<'t>, Refusal> {
    let addresses = transaction.addresses.as_ref();
    let Some(ship_to) = addresses.and_then(|addresses| addresses.ship_to.as_ref()) else {
        return Err(Refusal::new(
            "MissingAddress",
            "addresses.ship_to",
            "the destination is missing",
        ));
    };
    if let Some(ship_from) = addresses.and_then(|addresses| addresses.ship_from.as_ref()) {
        address(ship_from, "addresses.ship_from", rates)?;
    }
    address(ship_to, "addresses.ship_to", rates)?;
    Ok(ship_to)
}

fn address(address: &Address<'_>, place: &str, rates: &Rates) -> Result<(), Refusal> {
    optional(address.line1.as_deref(), &format!("{place}.line1"), 100)?;
    optional(address.city.as_deref(), &format!("{place}.city"), 50)?;
    optional(address.region.as_deref(), &format!("{place}.region"), 3)?;
    if !rates.knows_country(&address.country) {
        return Err(Refusal::new(
            "InvalidCountry",
            format!("{place}.country"),
            format!("{:?} is not a country code that is served", address.country),
        ));
    }
    if !postal_code_fits(&address.country, &address.postal_code) {
        return Err(Refusal::new(
            "InvalidPostalCode",
            format!("{place}.postal_code"),
            format!(
                "{:?} is not a postal code of {}",
                address.postal_code, address.country
            ),
        ));
    }
    Ok(())
}

/// The forms of postal codes: `9` a digit, `A` a capital, others themselves.
fn postal_code_fits(country: &str, code: &str) -> bool {
    let patterns: &[&str] = match country {
        "DE" | "FR" | "IT" | "ES" | "FI" => &["99999"],
        "AT" | "BE" | "CH" | "DK" | "LU" | "NO" | "HU" | "LI" => &["9999"],
        "NL" => &["9999 AA", "9999AA"],
        "PL" => &["99-999"],
        "SE" | "CZ" => &["999 99", "99999"],
        "US" => &["99999", "99999-9999"],
        _ => return !code.is_empty() && code.len() <= 11,
    };
    patterns.iter().any(|pattern| {
        pattern.len() == code.len()
            && pattern
                .bytes()
                .zip(code.bytes())
                .all(|(form, byte)| match form {
                    b'9' => byte.is_ascii_digit(),
                    b'A' => byte.is_ascii_uppercase(),
                    other => byte == other,
                })
    })
}

fn line(
    transaction: &Transaction<'_>,
    line: &Line<'_>,
    index: usize,
    ship_to: &Address<'_>,
    rates: &Rates,
) -> Result<TaxedLine, Refusal> {
    let place = |field: &str| format!("lines[{index}].{field}");
    required(&line.number, &place("number"), 20)?;
    if let Some(quantity) = line.quantity {
        let quantity = number(quantity.get(), 4, &place("quantity"))?;
        if quantity <= 0 || quantity > 10_000_000_000 {
            return Err(out_of_range(
                &place("quantity"),
                "above 0 and at most 1000000",
            ));
        }
    }
    let Some(amount) = line.amount else {
        return Err(missing(&place("amount")));
    };
    let amount = Cents(number(amount.get(), 2, &place("amount"))?);
    let sales = transaction.kind == "SalesInvoice";
    if amount.0.abs() > 100_000_000_000 || sales && amount.0 < 0 || !sales && amount.0 > 0 {
        let range = if sales {
            "0 to 1000000000"
        } else {
            "-1000000000 to 0"
        };
        return Err(out_of_range(&place("amount"), range));
    }
    if let Some(discount) = line.discount {
        number(discount.get(), 2, &place("discount"))?;
    }
    required(&line.tax_code, &place("tax_code"), 25)?;
    optional(line.item_code.as_deref(), &place("item_code"), 50)?;
    optional(line.description.as_deref(), &place("description"), 2096)?;
    let region = ship_to.region.as_deref().unwrap_or_default();
    let rate = rates
        .rate(&line.tax_code, &ship_to.country, region)
        .map_err(|why| no_rate(why, line, index, ship_to))?;
    Ok(TaxedLine {
        number: line.number.clone().into_owned(),
        tax_code: line.tax_code.clone().into_owned(),
        amount,
        rate,
        tax: amount.tax(rate),
    })
}

fn no_rate(why: NoRate, line: &Line<'_>, index: usize, ship_to: &Address<'_>) -> Refusal {
    let code = &line.tax_code;
    let country = &ship_to.country;
    let message = match why {
        NoRate::UnknownRegion => {
            return Refusal::new(
                "InvalidRegion",
                "addresses.ship_to.region",
                format!(
                    "{:?} is not a state of the US",
                    ship_to.region.as_deref().unwrap_or_default()
                ),
            );
        }
        NoRate::UnknownCode => format!("there is no tax code {code:?}"),
        NoRate::NotExport => format!("{code} needs a destination outside the EU, not {country}"),
        NoRate::NotReverseCharge => {
            format!("{code} needs a destination in the EU other than DE, not {country}")
        }
        NoRate::NotUs => format!("{code} is a tax code of the US, the destination is {country}"),
    };
    Refusal::new(
        "InvalidTaxCode",
        format!("lines[{index}].tax_code"),
        message,
    )
}

fn required(value: &str, place: &str, most: usize) -> Result<(), Refusal> {
    if value.trim().is_empty() {
        return Err(missing(place));
    }
    optional(Some(value), place, most)
}

fn optional(value: Option<&str>, place: &str, most: usize) -> Result<(), Refusal> {
    let length = value.map_or(0, |value| value.chars().count());
    if length > most {
        return Err(Refusal::new(
            "StringLengthError",
            place,
            format!("{place} has {length} characters, {most} are allowed"),
        ));
    }
    Ok(())
}

fn missing(place: &str) -> Refusal {
    Refusal::new(
        "ValueRequiredError",
        place,
        format!("field {place} is required"),
    )
}

fn out_of_range(place: &str, range: &str) -> Refusal {
    Refusal::new(
        "NumberOutOfRange",
        place,
        format!("field {place} must be {range}"),
    )
}

fn number(text: &str, decimals: usize, place: &str) -> Result<i128, Refusal> {
    parse(text, decimals).map_err(|fault| match fault {
        NumberFault::Form => Refusal::new(
            "NumberFormatError",
            place,
            format!("{text} is not a JSON number without exponent"),
        ),
        NumberFault::Decimals => out_of_range(place, &format!("a number of {decimals} decimals")),
        NumberFault::Range => out_of_range(place, "a number of at most 15 digits"),
    })
}
