//! ERP orders as JSON lines: header, customer, nested address, one to three lines, and fields that
//! nobody asks for. The same every time; about one in a hundred is bad in one of several ways.

use std::fmt::Write as _;

/// A small generator of numbers (xorshift64*): the records must be the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let place = self.below(from.len() as u64) as usize;
        from.get(place).copied().unwrap_or_default()
    }
}

const STREETS: [&str; 4] = [
    "1200 Market Street",
    "44 Rue de l'Église",
    "7 \\\"The Mews\\\"",
    "500 Industrial Parkway, Suite 12",
];
const CITIES: [&str; 5] = ["San Francisco", " Toronto", "München", "Lyon ", "Leeds"];
const COUNTRIES: [&str; 5] = ["USA", "CAN", "DEU", "FRA", "GBR"];
const TEXTS: [&str; 4] = [
    "Steel bolt M8x40, zinc plated",
    "Copper cable 3x1.5",
    "Assembly work",
    "Großpackung Schrauben",
];

/// `count` orders, one per line.
pub(crate) fn generate(count: usize) -> Vec<u8> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut text = String::with_capacity(count * 800);
    for number in 0..count {
        order(number, &mut numbers, &mut text);
        text.push('\n');
    }
    text.into_bytes()
}

fn order(number: usize, numbers: &mut Numbers, text: &mut String) {
    let bad = if numbers.below(100) == 0 {
        1 + numbers.below(5)
    } else {
        0
    };
    let (month, day) = (1 + numbers.below(12), 1 + numbers.below(28));
    let date = if bad == 1 {
        format!("02/30/{}", 2024)
    } else {
        format!("{month:02}/{day:02}/2026")
    };
    let doc_type = if bad == 2 {
        "ZZ"
    } else {
        numbers.pick(&["OR", "RE", "QT"])
    };
    write!(
        text,
        r#"{{"order_id":" SO-{number:08}","status":"A","doc_type":"{doc_type}","order_date":"{date}","created_by":"batch{}","currency":"{}","payment_terms":"net30","warehouse":{{"code":"W{}","zone":"north","slots":[1,2,3]}},"#,
        numbers.below(90),
        numbers.pick(&["usd", "EUR", "cad", "GBP"]),
        numbers.below(9),
    )
    .unwrap();
    write!(
        text,
        r#""customer":{{"id":"{}","name":"Customer {} & Sons","class":"{}","email":" Buyer{}@Example.COM","vat_id":"DE{}","rating":4.5}},"#,
        numbers.below(99_999),
        numbers.below(5000),
        numbers.pick(&["R", "W", "G"]),
        numbers.below(5000),
        100_000_000 + numbers.below(899_999_999),
    )
    .unwrap();
    write!(
        text,
        r#""ship_to":{{"contact":"Receiving","address":{{"street":"{}","city":"{}","state":"{}","zip":"{:05}","country":"{}","geo":{{"lat":48.137,"lon":11.575}}}}}},"lines":["#,
        numbers.pick(&STREETS),
        numbers.pick(&CITIES),
        numbers.pick(&["ca", "ON", "by", "ny"]),
        numbers.below(99_999),
        if bad == 3 { "XXX" } else { numbers.pick(&COUNTRIES) },
    )
    .unwrap();
    let lines = 1 + numbers.below(3);
    for line in 1..=lines {
        if line > 1 {
            text.push(',');
        }
        write_line(line, bad, numbers, text);
    }
    write!(
        text,
        r#"],"freight":"{}.{:02}","comment":"please deliver before noon"}}"#,
        numbers.below(90),
        numbers.below(100)
    )
    .unwrap();
}

fn write_line(line: u64, bad: u64, numbers: &mut Numbers, text: &mut String) {
    let quantity = if bad == 4 { 0 } else { 1 + numbers.below(500) };
    let price = if bad == 5 {
        "1O.00".to_owned()
    } else {
        format!("{}.{:04}", numbers.below(2000), numbers.below(10_000))
    };
    write!(
        text,
        r#"{{"line_no":{},"sku":"SKU-{:06}","text":"{}","unit":"{}","bin":"B{}","quantity":{quantity},"unit_price":"{price}","discount":{},"tax_code":{}}}"#,
        line * 10,
        numbers.below(1_000_000),
        numbers.pick(&TEXTS),
        numbers.pick(&["PC", "KG", "M", "H"]),
        numbers.below(500),
        numbers.pick(&["0", "5", "10", "null", "12"]),
        numbers.pick(&["null", "\"P0001\"", "\"P0002\""]),
    )
    .unwrap();
}
