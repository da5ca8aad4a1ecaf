//! The currencies of ISO 4217: code, number, decimals, English name.
//!
//! Sorted by code. Source: ISO 4217 list one with the amendments in force on 2026-01-01, and of list
//! three those withdrawn from 2021 on, which older records still carry; names from Unicode CLDR.
//! Deliberately absent: which country uses which currency, and rates.

/// A currency.
#[derive(Debug)]
pub(crate) struct Currency {
    pub(crate) code: &'static str,
    pub(crate) number: &'static str,
    /// decimals of an amount; none: ISO 4217 names no minor unit (gold, special drawing rights)
    pub(crate) scale: Option<u8>,
    pub(crate) name: &'static str,
    /// no longer in use
    pub(crate) withdrawn: bool,
}

/// How many decimals an amount in the currency has, also if the currency is withdrawn; `None` if
/// there is no such code or it has no minor unit.
pub(crate) fn scale_of(code: &str) -> Option<u8> {
    currency(code)?.scale
}

/// The currency with the code, which is written in capitals.
pub(crate) fn currency(code: &str) -> Option<&'static Currency> {
    CURRENCIES
        .binary_search_by(|currency| currency.code.cmp(code))
        .ok()
        .and_then(|place| CURRENCIES.get(place))
}

/// The currency with the three digits; one in use goes before a withdrawn one.
pub(crate) fn currency_numbered(number: &str) -> Option<&'static Currency> {
    let found = || {
        CURRENCIES
            .iter()
            .filter(|currency| currency.number == number)
    };
    found()
        .find(|currency| !currency.withdrawn)
        .or_else(|| found().next())
}

/// In place of decimals where there is no minor unit.
const NONE: u8 = u8::MAX;

const fn row(code: &'static str, number: &'static str, scale: u8, name: &'static str) -> Currency {
    Currency {
        code,
        number,
        scale: if scale == NONE { None } else { Some(scale) },
        name,
        withdrawn: false,
    }
}

const fn old(code: &'static str, number: &'static str, scale: u8, name: &'static str) -> Currency {
    Currency {
        withdrawn: true,
        ..row(code, number, scale, name)
    }
}

const CURRENCIES: &[Currency] = &[
    row("AED", "784", 2, "United Arab Emirates Dirham"),
    row("AFN", "971", 2, "Afghan Afghani"),
    row("ALL", "008", 2, "Albanian Lek"),
    row("AMD", "051", 2, "Armenian Dram"),
    old("ANG", "532", 2, "Netherlands Antillean Guilder"),
    row("AOA", "973", 2, "Angolan Kwanza"),
    row("ARS", "032", 2, "Argentine Peso"),
    row("AUD", "036", 2, "Australian Dollar"),
    row("AWG", "533", 2, "Aruban Florin"),
    row("AZN", "944", 2, "Azerbaijani Manat"),
    row("BAM", "977", 2, "Bosnia-Herzegovina Convertible Mark"),
    row("BBD", "052", 2, "Barbadian Dollar"),
    row("BDT", "050", 2, "Bangladeshi Taka"),
    old("BGN", "975", 2, "Bulgarian Lev"),
    row("BHD", "048", 3, "Bahraini Dinar"),
    row("BIF", "108", 0, "Burundian Franc"),
    row("BMD", "060", 2, "Bermudan Dollar"),
    row("BND", "096", 2, "Brunei Dollar"),
    row("BOB", "068", 2, "Bolivian Boliviano"),
    row("BOV", "984", 2, "Bolivian Mvdol"),
    row("BRL", "986", 2, "Brazilian Real"),
    row("BSD", "044", 2, "Bahamian Dollar"),
    row("BTN", "064", 2, "Bhutanese Ngultrum"),
    row("BWP", "072", 2, "Botswanan Pula"),
    row("BYN", "933", 2, "Belarusian Ruble"),
    row("BZD", "084", 2, "Belize Dollar"),
    row("CAD", "124", 2, "Canadian Dollar"),
    row("CDF", "976", 2, "Congolese Franc"),
    row("CHE", "947", 2, "WIR Euro"),
    row("CHF", "756", 2, "Swiss Franc"),
    row("CHW", "948", 2, "WIR Franc"),
    row("CLF", "990", 4, "Chilean Unit of Account (UF)"),
    row("CLP", "152", 0, "Chilean Peso"),
    row("CNY", "156", 2, "Chinese Yuan"),
    row("COP", "170", 2, "Colombian Peso"),
    row("COU", "970", 2, "Colombian Real Value Unit"),
    row("CRC", "188", 2, "Costa Rican Colón"),
    old("CUC", "931", 2, "Cuban Convertible Peso"),
    row("CUP", "192", 2, "Cuban Peso"),
    row("CVE", "132", 2, "Cape Verdean Escudo"),
    row("CZK", "203", 2, "Czech Koruna"),
    row("DJF", "262", 0, "Djiboutian Franc"),
    row("DKK", "208", 2, "Danish Krone"),
    row("DOP", "214", 2, "Dominican Peso"),
    row("DZD", "012", 2, "Algerian Dinar"),
    row("EGP", "818", 2, "Egyptian Pound"),
    row("ERN", "232", 2, "Eritrean Nakfa"),
    row("ETB", "230", 2, "Ethiopian Birr"),
    row("EUR", "978", 2, "Euro"),
    row("FJD", "242", 2, "Fijian Dollar"),
    row("FKP", "238", 2, "Falkland Islands Pound"),
    row("GBP", "826", 2, "British Pound"),
    row("GEL", "981", 2, "Georgian Lari"),
    row("GHS", "936", 2, "Ghanaian Cedi"),
    row("GIP", "292", 2, "Gibraltar Pound"),
    row("GMD", "270", 2, "Gambian Dalasi"),
    row("GNF", "324", 0, "Guinean Franc"),
    row("GTQ", "320", 2, "Guatemalan Quetzal"),
    row("GYD", "328", 2, "Guyanaese Dollar"),
    row("HKD", "344", 2, "Hong Kong Dollar"),
    row("HNL", "340", 2, "Honduran Lempira"),
    old("HRK", "191", 2, "Croatian Kuna"),
    row("HTG", "332", 2, "Haitian Gourde"),
    row("HUF", "348", 2, "Hungarian Forint"),
    row("IDR", "360", 2, "Indonesian Rupiah"),
    row("ILS", "376", 2, "Israeli New Shekel"),
    row("INR", "356", 2, "Indian Rupee"),
    row("IQD", "368", 3, "Iraqi Dinar"),
    row("IRR", "364", 2, "Iranian Rial"),
    row("ISK", "352", 0, "Icelandic Króna"),
    row("JMD", "388", 2, "Jamaican Dollar"),
    row("JOD", "400", 3, "Jordanian Dinar"),
    row("JPY", "392", 0, "Japanese Yen"),
    row("KES", "404", 2, "Kenyan Shilling"),
    row("KGS", "417", 2, "Kyrgystani Som"),
    row("KHR", "116", 2, "Cambodian Riel"),
    row("KMF", "174", 0, "Comorian Franc"),
    row("KPW", "408", 2, "North Korean Won"),
    row("KRW", "410", 0, "South Korean Won"),
    row("KWD", "414", 3, "Kuwaiti Dinar"),
    row("KYD", "136", 2, "Cayman Islands Dollar"),
    row("KZT", "398", 2, "Kazakhstani Tenge"),
    row("LAK", "418", 2, "Laotian Kip"),
    row("LBP", "422", 2, "Lebanese Pound"),
    row("LKR", "144", 2, "Sri Lankan Rupee"),
    row("LRD", "430", 2, "Liberian Dollar"),
    row("LSL", "426", 2, "Lesotho Loti"),
    row("LYD", "434", 3, "Libyan Dinar"),
    row("MAD", "504", 2, "Moroccan Dirham"),
    row("MDL", "498", 2, "Moldovan Leu"),
    row("MGA", "969", 2, "Malagasy Ariary"),
    row("MKD", "807", 2, "Macedonian Denar"),
    row("MMK", "104", 2, "Myanmar Kyat"),
    row("MNT", "496", 2, "Mongolian Tugrik"),
    row("MOP", "446", 2, "Macanese Pataca"),
    row("MRU", "929", 2, "Mauritanian Ouguiya"),
    row("MUR", "480", 2, "Mauritian Rupee"),
    row("MVR", "462", 2, "Maldivian Rufiyaa"),
    row("MWK", "454", 2, "Malawian Kwacha"),
    row("MXN", "484", 2, "Mexican Peso"),
    row("MXV", "979", 2, "Mexican Investment Unit"),
    row("MYR", "458", 2, "Malaysian Ringgit"),
    row("MZN", "943", 2, "Mozambican Metical"),
    row("NAD", "516", 2, "Namibian Dollar"),
    row("NGN", "566", 2, "Nigerian Naira"),
    row("NIO", "558", 2, "Nicaraguan Córdoba"),
    row("NOK", "578", 2, "Norwegian Krone"),
    row("NPR", "524", 2, "Nepalese Rupee"),
    row("NZD", "554", 2, "New Zealand Dollar"),
    row("OMR", "512", 3, "Omani Rial"),
    row("PAB", "590", 2, "Panamanian Balboa"),
    row("PEN", "604", 2, "Peruvian Sol"),
    row("PGK", "598", 2, "Papua New Guinean Kina"),
    row("PHP", "608", 2, "Philippine Peso"),
    row("PKR", "586", 2, "Pakistani Rupee"),
    row("PLN", "985", 2, "Polish Zloty"),
    row("PYG", "600", 0, "Paraguayan Guarani"),
    row("QAR", "634", 2, "Qatari Riyal"),
    row("RON", "946", 2, "Romanian Leu"),
    row("RSD", "941", 2, "Serbian Dinar"),
    row("RUB", "643", 2, "Russian Ruble"),
    row("RWF", "646", 0, "Rwandan Franc"),
    row("SAR", "682", 2, "Saudi Riyal"),
    row("SBD", "090", 2, "Solomon Islands Dollar"),
    row("SCR", "690", 2, "Seychellois Rupee"),
    row("SDG", "938", 2, "Sudanese Pound"),
    row("SEK", "752", 2, "Swedish Krona"),
    row("SGD", "702", 2, "Singapore Dollar"),
    row("SHP", "654", 2, "St. Helena Pound"),
    row("SLE", "925", 2, "Sierra Leonean Leone"),
    old("SLL", "694", 2, "Sierra Leonean Leone (before SLE)"),
    row("SOS", "706", 2, "Somali Shilling"),
    row("SRD", "968", 2, "Surinamese Dollar"),
    row("SSP", "728", 2, "South Sudanese Pound"),
    row("STN", "930", 2, "São Tomé & Príncipe Dobra"),
    row("SVC", "222", 2, "Salvadoran Colón"),
    row("SYP", "760", 2, "Syrian Pound"),
    row("SZL", "748", 2, "Swazi Lilangeni"),
    row("THB", "764", 2, "Thai Baht"),
    row("TJS", "972", 2, "Tajikistani Somoni"),
    row("TMT", "934", 2, "Turkmenistani Manat"),
    row("TND", "788", 3, "Tunisian Dinar"),
    row("TOP", "776", 2, "Tongan Paʻanga"),
    row("TRY", "949", 2, "Turkish Lira"),
    row("TTD", "780", 2, "Trinidad & Tobago Dollar"),
    row("TWD", "901", 2, "New Taiwan Dollar"),
    row("TZS", "834", 2, "Tanzanian Shilling"),
    row("UAH", "980", 2, "Ukrainian Hryvnia"),
    row("UGX", "800", 0, "Ugandan Shilling"),
    row("USD", "840", 2, "US Dollar"),
    row("USN", "997", 2, "US Dollar (Next day)"),
    row("UYI", "940", 0, "Uruguayan Peso (Indexed Units)"),
    row("UYU", "858", 2, "Uruguayan Peso"),
    row("UYW", "927", 4, "Unidad Previsional"),
    row("UZS", "860", 2, "Uzbekistani Som"),
    row("VED", "926", 2, "Digital Bolívar"),
    row("VES", "928", 2, "Venezuelan Bolívar"),
    row("VND", "704", 0, "Vietnamese Dong"),
    row("VUV", "548", 0, "Vanuatu Vatu"),
    row("WST", "882", 2, "Samoan Tala"),
    row("XAD", "396", 2, "Arab Accounting Dinar"),
    row("XAF", "950", 0, "Central African CFA Franc"),
    row("XAG", "961", NONE, "Silver"),
    row("XAU", "959", NONE, "Gold"),
    row("XBA", "955", NONE, "European Composite Unit"),
    row("XBB", "956", NONE, "European Monetary Unit"),
    row("XBC", "957", NONE, "European Unit of Account 9"),
    row("XBD", "958", NONE, "European Unit of Account 17"),
    row("XCD", "951", 2, "East Caribbean Dollar"),
    row("XCG", "532", 2, "Caribbean Guilder"),
    row("XDR", "960", NONE, "Special Drawing Rights"),
    row("XOF", "952", 0, "West African CFA Franc"),
    row("XPD", "964", NONE, "Palladium"),
    row("XPF", "953", 0, "CFP Franc"),
    row("XPT", "962", NONE, "Platinum"),
    row("XSU", "994", NONE, "Sucre"),
    row("XTS", "963", NONE, "Testing Code"),
    row("XUA", "965", NONE, "ADB Unit of Account"),
    row("XXX", "999", NONE, "No Currency"),
    row("YER", "886", 2, "Yemeni Rial"),
    row("ZAR", "710", 2, "South African Rand"),
    row("ZMW", "967", 2, "Zambian Kwacha"),
    row("ZWG", "924", 2, "Zimbabwean Gold"),
    old("ZWL", "932", 2, "Zimbabwean Dollar (before ZWG)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_answers() {
        assert!(CURRENCIES.is_sorted_by(|a, b| a.code < b.code));
        let scales = ["EUR", "JPY", "KWD", "CLF", "HUF", "ISK", "XAU", "EURO"].map(scale_of);
        let expected = [
            Some(2),
            Some(0),
            Some(3),
            Some(4),
            Some(2),
            Some(0),
            None,
            None,
        ];
        assert_eq!(scales, expected);
        assert_eq!(
            currency_numbered("532").map(|found| found.code),
            Some("XCG")
        );
        assert_eq!(
            currency_numbered("978").map(|found| found.code),
            Some("EUR")
        );
    }
}
