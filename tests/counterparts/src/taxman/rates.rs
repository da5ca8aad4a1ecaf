//! The tariff: which tax code means which rate where. The table is `rates.json`, one file for this
//! service and for `tenants/expected.py`, which computes the expected outcomes on its own.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use serde::Deserialize;

use crate::decimal;

#[derive(Deserialize)]
struct Document {
    vat: HashMap<String, String>,
    eu: HashSet<String>,
    other_countries: HashSet<String>,
    us_tax_codes: HashSet<String>,
    us: HashMap<String, String>,
    us_by_code: HashMap<String, HashMap<String, String>>,
}

/// The tariff, ready for look-ups. Rates are in thousandths of a per cent.
#[derive(Debug)]
pub(super) struct Rates {
    vat: HashMap<String, u32>,
    eu: HashSet<String>,
    other_countries: HashSet<String>,
    us_tax_codes: HashSet<String>,
    us: HashMap<String, u32>,
    us_by_code: HashMap<String, HashMap<String, u32>>,
}

/// Why a tax code gives no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRate {
    UnknownCode,
    /// export needs a destination outside the EU
    NotExport,
    /// reverse charge needs a destination in the EU, not Germany
    NotReverseCharge,
    /// US codes need a destination in the US
    NotUs,
    UnknownRegion,
}

impl Rates {
    /// Reads the table that is compiled in.
    ///
    /// # Errors
    /// When the table has a mistake.
    pub(super) fn load() -> anyhow::Result<Self> {
        let document: Document = serde_json::from_str(include_str!("rates.json"))?;
        let mut us_by_code = HashMap::new();
        for (code, table) in document.us_by_code {
            us_by_code.insert(code, numbers(table)?);
        }
        Ok(Self {
            vat: numbers(document.vat)?,
            eu: document.eu,
            other_countries: document.other_countries,
            us_tax_codes: document.us_tax_codes,
            us: numbers(document.us)?,
            us_by_code,
        })
    }

    /// Whether this is a country that TAXMAN knows.
    #[must_use]
    pub(super) fn knows_country(&self, country: &str) -> bool {
        self.eu.contains(country) || self.other_countries.contains(country)
    }

    /// The rate of `tax_code` for goods that go to `country` and, in the US, `region`.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn rate(&self, tax_code: &str, country: &str, region: &str) -> Result<u32, NoRate> {
        if let Some(rate) = self.vat.get(tax_code) {
            let eu = self.eu.contains(country);
            return match tax_code {
                "VAT_EXPORT" if eu => Err(NoRate::NotExport),
                "VAT_REVERSE_CHARGE" if !eu || country == "DE" => Err(NoRate::NotReverseCharge),
                _ => Ok(*rate),
            };
        }
        if !self.us_tax_codes.contains(tax_code) {
            return Err(NoRate::UnknownCode);
        }
        if country != "US" {
            return Err(NoRate::NotUs);
        }
        let general = *self.us.get(region).ok_or(NoRate::UnknownRegion)?;
        let special = self.us_by_code.get(tax_code);
        let special = special.and_then(|table| table.get(region).or_else(|| table.get("*")));
        Ok(special.copied().unwrap_or(general))
    }
}

fn numbers(table: HashMap<String, String>) -> anyhow::Result<HashMap<String, u32>> {
    let mut rates = HashMap::new();
    for (name, text) in table {
        let rate = decimal::parse(&text, 3)
            .ok()
            .and_then(|rate| u32::try_from(rate).ok())
            .with_context(|| format!("the rate {text:?} of {name} is not a percentage"))?;
        rates.insert(name, rate);
    }
    Ok(rates)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_rates_by_destination() {
        let rates = Rates::load().unwrap();
        assert_eq!(rates.rate("VAT_STANDARD", "DE", ""), Ok(19_000));
        assert_eq!(rates.rate("VAT_REDUCED", "AT", ""), Ok(7_000));
        assert_eq!(rates.rate("VAT_EXPORT", "CH", ""), Ok(0));
        assert_eq!(rates.rate("VAT_EXPORT", "FR", ""), Err(NoRate::NotExport));
        assert_eq!(rates.rate("VAT_REVERSE_CHARGE", "FR", ""), Ok(0));
        assert_eq!(
            rates.rate("VAT_REVERSE_CHARGE", "DE", ""),
            Err(NoRate::NotReverseCharge)
        );
        assert_eq!(rates.rate("P0000000", "US", "NJ"), Ok(6_625));
        assert_eq!(rates.rate("PC040100", "US", "NJ"), Ok(0));
        assert_eq!(rates.rate("PC040100", "US", "CA"), Ok(7_250));
        assert_eq!(rates.rate("PF050001", "US", "CA"), Ok(0));
        assert_eq!(rates.rate("PF050001", "US", "TN"), Ok(4_000));
        assert_eq!(rates.rate("P0000000", "DE", ""), Err(NoRate::NotUs));
        assert_eq!(
            rates.rate("P0000000", "US", "XX"),
            Err(NoRate::UnknownRegion)
        );
        assert_eq!(rates.rate("V19", "DE", ""), Err(NoRate::UnknownCode));
    }
}
