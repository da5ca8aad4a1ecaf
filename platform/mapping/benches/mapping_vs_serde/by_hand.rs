//! The same task as `order.json`, as a good programmer would write it for this one mapping: serde structs
//! that borrow, hash maps for the codes, fixed-point numbers in integers, bytes appended to a reused buffer,
//! all errors of a record collected with path and value.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

#[derive(Deserialize)]
struct Order<'a> {
    #[serde(borrow)]
    order_id: Cow<'a, str>,
    #[serde(borrow)]
    doc_type: Cow<'a, str>,
    #[serde(borrow)]
    order_date: Cow<'a, str>,
    #[serde(borrow)]
    currency: Cow<'a, str>,
    #[serde(borrow)]
    customer: Customer<'a>,
    #[serde(borrow)]
    ship_to: ShipTo<'a>,
    #[serde(borrow)]
    lines: Vec<Line<'a>>,
    #[serde(borrow)]
    freight: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Customer<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    class: Option<Cow<'a, str>>,
    #[serde(borrow)]
    email: Option<Cow<'a, str>>,
    #[serde(borrow)]
    vat_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ShipTo<'a> {
    #[serde(borrow)]
    address: Address<'a>,
}

#[derive(Deserialize)]
struct Address<'a> {
    #[serde(borrow)]
    street: Option<Cow<'a, str>>,
    #[serde(borrow)]
    city: Cow<'a, str>,
    #[serde(borrow)]
    state: Option<Cow<'a, str>>,
    #[serde(borrow)]
    zip: Cow<'a, str>,
    #[serde(borrow)]
    country: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Line<'a> {
    line_no: i64,
    #[serde(borrow)]
    sku: Cow<'a, str>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    unit: Option<Cow<'a, str>>,
    quantity: i64,
    #[serde(borrow)]
    unit_price: Cow<'a, str>,
    discount: Option<i64>,
    #[serde(borrow)]
    tax_code: Option<Cow<'a, str>>,
}

/// The code tables.
pub(crate) struct Tables {
    document_type: HashMap<&'static str, &'static str>,
    country: HashMap<&'static str, &'static str>,
    unit: HashMap<&'static str, &'static str>,
}

impl Tables {
    pub(crate) fn new() -> Self {
        Self {
            document_type: HashMap::from([
                ("OR", "SalesInvoice"),
                ("RE", "ReturnInvoice"),
                ("QT", "SalesOrder"),
            ]),
            country: HashMap::from([
                ("USA", "US"),
                ("CAN", "CA"),
                ("DEU", "DE"),
                ("FRA", "FR"),
                ("GBR", "GB"),
            ]),
            unit: HashMap::from([("PC", "EA"), ("KG", "KGM"), ("M", "MTR"), ("H", "HUR")]),
        }
    }
}

/// Memory kept from record to record.
#[derive(Default)]
pub(crate) struct Buffers {
    text: String,
}

/// One problem of a record.
#[derive(Debug)]
#[expect(
    dead_code,
    reason = "a real program would report them; here making them is the work"
)]
pub(crate) struct Problem {
    path: String,
    value: String,
    message: String,
}

fn problem(path: impl Into<String>, value: &str, message: &str) -> Problem {
    Problem {
        path: path.into(),
        value: value.to_owned(),
        message: message.to_owned(),
    }
}

/// Maps one order; on errors `out` may hold a part of it.
pub(crate) fn map(
    bytes: &[u8],
    tables: &Tables,
    buffers: &mut Buffers,
    out: &mut Vec<u8>,
) -> Result<(), Vec<Problem>> {
    let order: Order<'_> = serde_json::from_slice(bytes)
        .map_err(|error| vec![problem("$", "", &error.to_string())])?;
    let mut errors = Vec::new();
    header(&order, tables, buffers, out, &mut errors);
    address(&order.ship_to.address, tables, out, &mut errors);
    let total = lines(&order, tables, out, &mut errors);
    let freight = match &order.freight {
        None => 0,
        Some(text) => fixed(text, 2).unwrap_or_else(|| {
            errors.push(problem("$.freight", text, "not a number"));
            0
        }),
    };
    out.extend_from_slice(b",\"total_amount\":");
    write_fixed(total + freight, 2, out);
    out.push(b'}');
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

fn header(
    order: &Order<'_>,
    tables: &Tables,
    buffers: &mut Buffers,
    out: &mut Vec<u8>,
    errors: &mut Vec<Problem>,
) {
    out.extend_from_slice(b"{\"code\":");
    write_text(order.order_id.trim(), out);
    out.extend_from_slice(b",\"type\":");
    match tables.document_type.get(&*order.doc_type) {
        Some(kind) => write_text(kind, out),
        None => errors.push(problem(
            "$.doc_type",
            &order.doc_type,
            "not in document_type",
        )),
    }
    out.extend_from_slice(b",\"date\":\"");
    match date(order.order_date.trim()) {
        Some((year, month, day)) => {
            write_padded(year, 4, out);
            out.push(b'-');
            write_padded(month, 2, out);
            out.push(b'-');
            write_padded(day, 2, out);
        }
        None => errors.push(problem("$.order_date", &order.order_date, "not a date")),
    }
    out.extend_from_slice(b"\",\"company_code\":\"DEFAULT\",\"currency_code\":");
    buffers.text.clear();
    buffers
        .text
        .extend(order.currency.trim().chars().flat_map(char::to_uppercase));
    write_text(&buffers.text, out);
    out.extend_from_slice(b",\"customer_code\":");
    buffers.text.clear();
    for _ in order.customer.id.chars().count()..10 {
        buffers.text.push('0');
    }
    buffers.text.push_str(&order.customer.id);
    write_text(&buffers.text, out);
    out.extend_from_slice(b",\"customer_name\":");
    write_option(order.customer.name.as_deref(), out);
    out.extend_from_slice(b",\"email\":");
    match &order.customer.email {
        None => out.extend_from_slice(b"null"),
        Some(email) => {
            buffers.text.clear();
            buffers
                .text
                .extend(email.trim().chars().flat_map(char::to_lowercase));
            write_text(&buffers.text, out);
        }
    }
    if let (Some("W"), Some(vat_id)) = (order.customer.class.as_deref(), &order.customer.vat_id) {
        out.extend_from_slice(b",\"vat_id\":");
        write_text(vat_id, out);
    }
}

fn address(address: &Address<'_>, tables: &Tables, out: &mut Vec<u8>, errors: &mut Vec<Problem>) {
    out.extend_from_slice(b",\"addresses\":{\"ship_to\":{\"line1\":");
    if let Some(street) = address
        .street
        .as_deref()
        .filter(|street| street.chars().count() > 50)
    {
        errors.push(problem("$.ship_to.address.street", street, "too long"));
    }
    write_option(address.street.as_deref(), out);
    out.extend_from_slice(b",\"city\":");
    write_text(address.city.trim(), out);
    out.extend_from_slice(b",\"region\":");
    match &address.state {
        None => out.extend_from_slice(b"null"),
        Some(state) => write_text(&state.to_uppercase(), out),
    }
    out.extend_from_slice(b",\"postal_code\":");
    write_text(&address.zip, out);
    out.extend_from_slice(b",\"country\":");
    match tables.country.get(&*address.country) {
        Some(country) => write_text(country, out),
        None => errors.push(problem(
            "$.ship_to.address.country",
            &address.country,
            "not in country",
        )),
    }
    out.extend_from_slice(b"}}");
}

fn lines(order: &Order<'_>, tables: &Tables, out: &mut Vec<u8>, errors: &mut Vec<Problem>) -> i128 {
    let mut total = 0;
    out.extend_from_slice(b",\"lines\":[");
    for (number, line) in order.lines.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"number\":");
        write_fixed(line.line_no.into(), 0, out);
        out.extend_from_slice(b",\"item_code\":");
        write_text(&line.sku, out);
        out.extend_from_slice(b",\"description\":");
        write_option(line.text.as_deref(), out);
        out.extend_from_slice(b",\"unit\":");
        match line.unit.as_deref() {
            None => out.extend_from_slice(b"null"),
            Some(unit) => match tables.unit.get(unit) {
                Some(code) => write_text(code, out),
                None => errors.push(problem(
                    format!("$.lines[{number}].unit"),
                    unit,
                    "not in unit",
                )),
            },
        }
        if !(1..=9999).contains(&line.quantity) {
            errors.push(problem(
                format!("$.lines[{number}].quantity"),
                &line.quantity.to_string(),
                "out of range",
            ));
        }
        out.extend_from_slice(b",\"quantity\":");
        write_fixed(line.quantity.into(), 0, out);
        out.extend_from_slice(b",\"unit_price\":");
        let price = fixed(line.unit_price.trim(), 4).unwrap_or_else(|| {
            errors.push(problem(
                format!("$.lines[{number}].unit_price"),
                &line.unit_price,
                "not a number",
            ));
            0
        });
        write_fixed(price, 4, out);
        // quantity * price * (100 - discount) / 100 has six decimals; half up to two
        let exact =
            i128::from(line.quantity) * price * i128::from(100 - line.discount.unwrap_or(0));
        let half = if exact < 0 { -5000 } else { 5000 };
        let amount = (exact + half) / 10_000;
        out.extend_from_slice(b",\"amount\":");
        write_fixed(amount, 2, out);
        total += amount;
        out.extend_from_slice(b",\"tax_code\":");
        write_text(line.tax_code.as_deref().unwrap_or("P0000000"), out);
        out.push(b'}');
    }
    out.push(b']');
    if order.lines.is_empty() {
        errors.push(problem("$.lines", "[]", "at least one line is needed"));
    }
    total
}

/// `MM/dd/yyyy`, checked against the calendar.
fn date(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || month.len() != 2 || day.len() != 2 || year.len() != 4 {
        return None;
    }
    let (month, day, year): (u32, u32, u32) =
        (month.parse().ok()?, day.parse().ok()?, year.parse().ok()?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (1..=last).contains(&day).then_some((year, month, day))
}

/// A plain or English number (`1,234.5`) as an integer of `scale` decimals.
fn fixed(text: &str, scale: usize) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || fraction.len() > scale || (digits.contains('.') && fraction.is_empty()) {
        return None;
    }
    let mut number: i128 = 0;
    if whole.contains(',') {
        let mut groups = whole.split(',');
        let first = groups.next()?;
        if first.is_empty() || first.len() > 3 || !groups.all(|group| group.len() == 3) {
            return None;
        }
    }
    for byte in whole.bytes().chain(fraction.bytes()) {
        match byte {
            b'0'..=b'9' => {
                number = number
                    .checked_mul(10)?
                    .checked_add(i128::from(byte - b'0'))?
            }
            b',' => {}
            _ => return None,
        }
    }
    for _ in fraction.len()..scale {
        number = number.checked_mul(10)?;
    }
    Some(if negative { -number } else { number })
}

fn write_fixed(number: i128, scale: u32, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    let size = number.unsigned_abs() as u64;
    let unit = 10_u64.pow(scale);
    let mut buffer = itoa(size / unit);
    out.extend_from_slice(buffer.text());
    if scale > 0 {
        out.push(b'.');
        write_padded((size % unit) as u32, scale as usize, out);
    }
}

struct Digits {
    bytes: [u8; 20],
    start: usize,
}

impl Digits {
    fn text(&mut self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

fn itoa(mut number: u64) -> Digits {
    let mut digits = Digits {
        bytes: [b'0'; 20],
        start: 20,
    };
    for (place, byte) in digits.bytes.iter_mut().enumerate().rev() {
        *byte = b'0' + (number % 10) as u8;
        number /= 10;
        digits.start = place;
        if number == 0 {
            break;
        }
    }
    digits
}

fn write_padded(number: u32, width: usize, out: &mut Vec<u8>) {
    let mut digits = itoa(number.into());
    let text = digits.text();
    out.extend(std::iter::repeat_n(b'0', width.saturating_sub(text.len())));
    out.extend_from_slice(text);
}

fn write_option(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        None => out.extend_from_slice(b"null"),
        Some(text) => write_text(text, out),
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    // serde_json's writer into a Vec cannot fail
    serde_json::to_writer(out, text).unwrap();
}
