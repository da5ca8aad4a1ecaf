//! TAXMAN's documents as they come and go. Field names are snake_case; amounts come as JSON
//! numbers, whose text is kept so that nothing passes through a float.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A transaction to be taxed; of one to be voided only code and company count. Unknown fields are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transaction<'a> {
    /// `SalesInvoice` or `ReturnInvoice`
    #[serde(borrow, rename = "type", default)]
    pub kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub code: Cow<'a, str>,
    #[serde(borrow, default)]
    pub company_code: Cow<'a, str>,
    /// `YYYY-MM-DD`
    #[serde(borrow, default)]
    pub date: Cow<'a, str>,
    #[serde(borrow, default)]
    pub customer_code: Cow<'a, str>,
    #[serde(borrow, default)]
    pub currency_code: Cow<'a, str>,
    #[serde(borrow, default)]
    pub purchase_order_no: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub addresses: Option<Addresses<'a>>,
    #[serde(borrow, default)]
    pub lines: Vec<Line<'a>>,
    /// checked against the sum of the lines when it is there
    #[serde(borrow, default)]
    pub total_amount: Option<&'a RawValue>,
}

/// Where goods come from and go to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Addresses<'a> {
    #[serde(borrow, default)]
    pub ship_from: Option<Address<'a>>,
    #[serde(borrow, default)]
    pub ship_to: Option<Address<'a>>,
}

/// An address.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Address<'a> {
    #[serde(borrow, default)]
    pub line1: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub city: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub region: Option<Cow<'a, str>>,
    /// ISO 3166-1 alpha-2
    #[serde(borrow, default)]
    pub country: Cow<'a, str>,
    #[serde(borrow, default)]
    pub postal_code: Cow<'a, str>,
}

/// A line; `amount` is the line's total, not the price of one piece.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<'a> {
    #[serde(borrow, default)]
    pub number: Cow<'a, str>,
    #[serde(borrow, default)]
    pub quantity: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub amount: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub tax_code: Cow<'a, str>,
    #[serde(borrow, default)]
    pub item_code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub discount: Option<&'a RawValue>,
}

/// `POST /v1/transactions/batch`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch<'a> {
    #[serde(borrow)]
    pub items: Vec<Item<'a>>,
}

/// One transaction of a batch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item<'a> {
    #[serde(borrow, default)]
    pub idempotency_key: Cow<'a, str>,
    /// `create` (also if there is none), `adjust`, `void` or `calculate`
    #[serde(borrow, default)]
    pub action: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub transaction: &'a RawValue,
}

/// The answer to a batch.
#[derive(Debug, Serialize)]
pub(super) struct Results {
    pub results: Vec<ItemResult>,
}

/// The answer to one transaction of a batch.
#[derive(Debug, Serialize)]
pub(super) struct ItemResult {
    pub idempotency_key: String,
    /// `committed`, `voided`, `calculated` or `error`
    pub status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Refusal>,
}

/// What is to be done about a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// records it; a code that is there already is adjusted
    Create,
    /// records it as a new version of one that is there
    Adjust,
    /// takes it out of all sums; of one that is voided already: nothing
    Void,
    /// computes the tax and records nothing
    Calculate,
}

impl Action {
    /// The action of an item of a batch.
    pub(super) fn parse(word: Option<&str>) -> Result<Self, Refusal> {
        Ok(match word {
            None | Some("create") => Self::Create,
            Some("adjust") => Self::Adjust,
            Some("void") => Self::Void,
            Some("calculate") => Self::Calculate,
            Some(other) => {
                let message = format!("{other:?} is not create, adjust, void or calculate");
                return Err(Refusal::new("EnumValueError", "action", message));
            }
        })
    }

    /// Its name in a batch.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Adjust => "adjust",
            Self::Void => "void",
            Self::Calculate => "calculate",
        }
    }

    /// The status of what it was done to.
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Create | Self::Adjust => "committed",
            Self::Void => "voided",
            Self::Calculate => "calculated",
        }
    }
}

/// Why a transaction is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Refusal {
    pub code: &'static str,
    pub message: String,
    /// the field, for example `lines[1].quantity`
    pub target: Option<String>,
    pub retryable: bool,
}

impl Refusal {
    pub(super) fn new(
        code: &'static str,
        target: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            target: Some(target.into()),
            retryable: false,
        }
    }
}
