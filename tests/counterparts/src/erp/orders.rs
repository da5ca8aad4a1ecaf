//! The ERP's orders: kept in the order of `(updated_at, id)`, served as text.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// `POST /_control/change`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub order_id: String,
    /// the new `updated_at`; without it one second after the latest of all orders
    #[serde(default)]
    pub updated_at: Option<String>,
    /// JSON Pointer to new value, for example `{"/lines/0/quantity": 5}`
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
    /// take the order away
    #[serde(default)]
    pub delete: bool,
    /// a new order; its `id` and `updated_at` are set from the fields above
    #[serde(default)]
    pub add: Option<Value>,
}

#[derive(Debug, Clone)]
struct Order {
    updated_at: Timestamp,
    id: String,
    /// a number of its own, so that even orders without an id have a place
    serial: u64,
    document: Value,
}

/// All orders.
#[derive(Debug, Default)]
pub struct Orders {
    sorted: Vec<Order>,
    serials: u64,
}

impl Orders {
    /// Reads a JSON array of orders.
    ///
    /// # Errors
    /// When the file is no such array, or an order has no `updated_at`.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let place = || format!("could not read the orders in {}", path.display());
        let text = std::fs::read(path).with_context(place)?;
        let documents: Vec<Value> = serde_json::from_slice(&text).with_context(place)?;
        let mut orders = Self::default();
        for (index, document) in documents.into_iter().enumerate() {
            let updated_at = document.get("updated_at").and_then(Value::as_str);
            let updated_at = updated_at
                .and_then(|text| text.parse().ok())
                .with_context(|| format!("order {index} has no updated_at (RFC 3339)"))
                .with_context(place)?;
            orders.insert(updated_at, document);
        }
        Ok(orders)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    fn insert(&mut self, updated_at: Timestamp, document: Value) {
        let id = document
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        self.serials += 1;
        let order = Order {
            updated_at,
            id: id.to_owned(),
            serial: self.serials,
            document,
        };
        let at = self
            .sorted
            .partition_point(|other| place(other) < place(&order));
        self.sorted.insert(at, order);
    }

    /// One order as text.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<String> {
        let order = self.sorted.iter().find(|order| order.id == id)?;
        Some(order.document.to_string())
    }

    /// A page as text. The cursor is the place of the last order that was given, so a change in
    /// between neither loses nor repeats an unchanged one.
    ///
    /// # Errors
    /// What is wrong with the cursor or the time, for the caller.
    pub fn page(
        &self,
        limit: usize,
        cursor: Option<&str>,
        updated_since: Option<&str>,
    ) -> Result<String, String> {
        let mut from = 0;
        if let Some(since) = updated_since {
            let since: Timestamp = since
                .parse()
                .map_err(|_| format!("updated_since {since:?} is not an RFC 3339 time"))?;
            from = self
                .sorted
                .partition_point(|order| order.updated_at < since);
        }
        if let Some(cursor) = cursor {
            let last = read_cursor(cursor)
                .ok_or_else(|| format!("cursor {cursor:?} is not one of ours"))?;
            let behind = self.sorted.partition_point(|order| {
                place(order).cmp(&(last.0, last.2.as_str(), last.1)) != Ordering::Greater
            });
            from = from.max(behind);
        }
        let rest = self.sorted.get(from..).unwrap_or_default();
        let page = rest.get(..limit).unwrap_or(rest);
        let mut text = String::from("{\"orders\":[");
        for (index, order) in page.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&order.document.to_string());
        }
        text.push_str("],\"next_cursor\":");
        match page.last() {
            Some(last) if rest.len() > page.len() => {
                text.push('"');
                text.push_str(&write_cursor(last));
                text.push('"');
            }
            _ => text.push_str("null"),
        }
        text.push('}');
        Ok(text)
    }

    /// Carries out a change and answers the order's new `updated_at`.
    ///
    /// # Errors
    /// What is wrong with the change, for the caller.
    pub fn change(&mut self, change: Change) -> Result<String, String> {
        let updated_at = match &change.updated_at {
            Some(text) => text
                .parse()
                .map_err(|_| format!("updated_at {text:?} is not an RFC 3339 time"))?,
            None => self
                .sorted
                .last()
                .and_then(|order| {
                    order
                        .updated_at
                        .checked_add(SignedDuration::from_secs(1))
                        .ok()
                })
                .unwrap_or(Timestamp::UNIX_EPOCH),
        };
        let found = self
            .sorted
            .iter()
            .position(|order| order.id == change.order_id);
        let mut document = match (change.add, found) {
            (Some(_), Some(_)) => {
                return Err(format!("order {:?} is there already", change.order_id));
            }
            (Some(document), None) => document,
            (None, Some(at)) => self.sorted.remove(at).document,
            (None, None) => return Err(format!("there is no order {:?}", change.order_id)),
        };
        let text = updated_at.to_string();
        if change.delete {
            return Ok(text);
        }
        let mut failed = None;
        for (pointer, value) in change.set {
            match document.pointer_mut(&pointer) {
                Some(place) => *place = value,
                None => failed = Some(format!("there is nothing at {pointer:?} in the order")),
            }
        }
        if let Some(object) = document.as_object_mut() {
            object.insert("id".to_owned(), change.order_id.into());
            object.insert("updated_at".to_owned(), text.clone().into());
        }
        self.insert(updated_at, document);
        match failed {
            Some(message) => Err(message),
            None => Ok(text),
        }
    }
}

fn place(order: &Order) -> (Timestamp, &str, u64) {
    (order.updated_at, &order.id, order.serial)
}

fn write_cursor(order: &Order) -> String {
    let text = format!(
        "{} {} {}",
        order.updated_at.as_nanosecond(),
        order.serial,
        order.id
    );
    data_encoding::BASE64URL_NOPAD.encode(text.as_bytes())
}

fn read_cursor(cursor: &str) -> Option<(Timestamp, u64, String)> {
    let bytes = data_encoding::BASE64URL_NOPAD
        .decode(cursor.as_bytes())
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let mut parts = text.splitn(3, ' ');
    let time = Timestamp::from_nanosecond(parts.next()?.parse().ok()?).ok()?;
    let serial = parts.next()?.parse().ok()?;
    Some((time, serial, parts.next()?.to_owned()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn sample(count: usize) -> Orders {
        let mut orders = Orders::default();
        for number in 0..count {
            let minute = number / 10 % 60;
            let time = format!("2026-10-01T10:{minute:02}:00+02:00");
            let document = serde_json::json!({ "id": format!("SO-{number}"), "updated_at": time, "lines": [{ "quantity": 1 }] });
            orders.insert(time.parse().unwrap(), document);
        }
        orders
    }

    fn walk(
        orders: &mut Orders,
        limit: usize,
        mut between: impl FnMut(&mut Orders),
    ) -> Vec<String> {
        let mut ids = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page: Value =
                serde_json::from_str(&orders.page(limit, cursor.as_deref(), None).unwrap())
                    .unwrap();
            ids.extend(
                page["orders"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|order| order["id"].as_str().unwrap().to_owned()),
            );
            between(orders);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return ids,
            }
        }
    }

    #[test]
    fn pages_hold_every_order_once_despite_ties() {
        let mut ids = walk(&mut sample(95), 7, |_| {});
        assert_eq!(ids.len(), 95);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 95);
    }

    #[test]
    fn a_changed_order_comes_again_at_the_end() {
        let mut done = false;
        let mut orders = sample(30);
        let ids = walk(&mut orders, 10, |orders| {
            if !std::mem::replace(&mut done, true) {
                let change =
                    serde_json::json!({ "order_id": "SO-3", "set": { "/lines/0/quantity": 5 } });
                orders
                    .change(serde_json::from_value(change).unwrap())
                    .unwrap();
            }
        });
        assert_eq!(ids.len(), 31);
        assert_eq!(ids.last().unwrap(), "SO-3");
        assert!(orders.find("SO-3").unwrap().contains("\"quantity\":5"));
    }

    #[test]
    fn since_is_inclusive_and_bad_input_is_told() {
        let orders = sample(30);
        let page: Value = serde_json::from_str(
            &orders
                .page(500, None, Some("2026-10-01T08:02:00Z"))
                .unwrap(),
        )
        .unwrap();
        assert_eq!(page["orders"].as_array().unwrap().len(), 10);
        assert!(orders.page(5, Some("nonsense"), None).is_err());
        assert!(orders.page(5, None, Some("yesterday")).is_err());
    }
}
