#!/usr/bin/env python3
"""Makes samples/orders.json: 1,500 orders of an American web shop, as its ERP's API serves them.

Nested customers and addresses, prices as texts (now and then with a comma, or as numbers), instants
with offsets, and many orders with the same updated_at, as bulk changes leave them. About one order
in twelve has a planted fault; FAULTS lists them, and ../expected.py finds them again from the file
alone. Deterministic: the same script makes the same bytes.
"""
import json
import random
from decimal import Decimal
from pathlib import Path

ORDERS = 1500

FAULTS = ["letter_o_price", "bad_grouping", "missing_customer", "customer_null", "unknown_state", "zip_too_short", "unknown_category",
          "gift_card_taxed", "total_off", "impossible_date", "date_without_offset", "quantity_zero", "foreign_currency", "no_sku",
          "two_faults", "cancelled", "large_quantity", "numeric_price", "quantity_text", "line_number_twice"]

STATES = [("CA", "Los Angeles", "90012"), ("CA", "San Diego", "92101"), ("NY", "New York", "10001"), ("TX", "Austin", "78701"),
          ("WA", "Seattle", "98101"), ("NJ", "Newark", "07102"), ("PA", "Pittsburgh", "15222"), ("IL", "Chicago", "60601"),
          ("MN", "Minneapolis", "55401"), ("OR", "Portland", "97201"), ("TN", "Nashville", "37201"), ("MO", "St. Louis", "63101"),
          ("UT", "Salt Lake City", "84101-1234"), ("VA", "Richmond", "23219"), ("CT", "Hartford", "06103"), ("CO", "Denver", "80202")]
PRODUCTS = [("SH-100", "T-Shirt \"Classic\"", "apparel", "19.99"), ("SH-200", "Rain jacket, men’s", "apparel", "129.00"),
            ("GR-010", "Coffee beans 2 lb", "grocery", "17.95"), ("GR-020", "Jalapeño salsa", "grocery", "4.49"),
            ("SW-001", "Invoice app, 1 year", "software", "1199.00"), ("HW-001", "Hex bolt M8 (100)", "hardware", "8.99"),
            ("HW-002", "Cordless drill", "hardware", "149.95"), ("HW-003", "3\" hinge", "hardware", "0.375"),
            ("HW-004", "Generator 6 kW", "hardware", "2349.50"), ("GC-025", "Gift card $25", "gift_card", "25.00")]
OFFSETS = ["-07:00", "-05:00", "Z", "+00:00", "-04:00"]


class Generator:
    def __init__(self):
        self.rng = random.Random(20261002)
        self.faults = 0

    def pick(self, choices):
        return choices[int(self.rng.random() * len(choices))]

    def number(self, low, high):
        return low + int(self.rng.random() * (high - low + 1))

    def instant(self):
        return (f"2026-10-{self.number(1, 28):02d}T{self.number(0, 23):02d}:{self.number(0, 59):02d}:{self.number(0, 59):02d}"
                + self.pick(OFFSETS))

    def line(self, number):
        sku, title, category, price = self.pick(PRODUCTS)
        tax_class = "exempt" if category == "gift_card" or self.rng.random() < 0.08 else "standard"
        quantity = 1 + int(self.rng.random() ** 3 * 40)
        net = quantity * Decimal(price)
        discount = None
        if self.rng.random() < 0.25:
            discount = str((net * self.number(1, 30) / 100).quantize(Decimal("0.01")))
        if Decimal(price) >= 1000 and self.rng.random() < 0.7:
            price = f"{Decimal(price):,}"
        return {"no": number, "sku": sku, "title": title, "category": category, "tax_class": tax_class, "qty": quantity,
                "unit_price": price, "discount": discount}

    def order(self, index):
        state, city, postal = self.pick(STATES)
        customer = self.number(1, 400)
        lines = [self.line(number) for number in range(1, 2 + int(self.rng.random() * 6))]
        order = {"id": f"SO-{100001 + index}", "kind": "refund" if self.rng.random() < 0.06 else "sale", "status": self.pick(["open", "shipped", "paid"]),
                 "channel": self.pick(["web", "phone", "marketplace"]), "placed_at": self.instant(), "updated_at": "",
                 "customer": {"id": f"C-{customer:04d}", "name": f"Customer {customer}", "reference": f"REF {customer}" if customer % 3 == 0 else None,
                              "contact": {"email": f"customer{customer}@example.com", "phone": None}},
                 "currency": "USD", "purchase_order": f"PO-{self.number(1000, 9999)}" if self.rng.random() < 0.4 else None,
                 "ship_to": {"street": f"{self.number(1, 9999)} {self.pick(['Main St', 'Oak Ave', '5th  Avenue', 'Peña Blvd'])}", "city": city,
                             "state": self.pick([state, state, state.lower()]), "zip": postal, "country": self.pick(["US", "US", None])},
                 "lines": lines, "total": "0.00", "notes": self.pick([None, None, "call before delivery", "line one\nline two"])}
        order["total"] = total(order)
        return order

    def spoil(self, order, fault):
        line = order["lines"][-1]
        if fault == "letter_o_price":
            line["unit_price"] = "12.5O"
        elif fault == "bad_grouping":
            line["unit_price"] = "1,2.30"
        elif fault == "missing_customer":
            del order["customer"]["id"]
        elif fault == "customer_null":
            order["customer"] = None
        elif fault == "unknown_state":
            order["ship_to"]["state"] = "ZZ"
        elif fault == "zip_too_short":
            order["ship_to"]["zip"] = "9210"
        elif fault == "unknown_category":
            line["category"] = "furniture"
        elif fault == "gift_card_taxed":
            line["category"], line["tax_class"] = "gift_card", "standard"
        elif fault == "total_off":
            order["total"] = str(Decimal(order["total"]) + Decimal("0.01"))
        elif fault == "impossible_date":
            order["placed_at"] = "2026-02-30T10:00:00Z"
        elif fault == "date_without_offset":
            order["placed_at"] = "2026-10-05T10:00:00"
        elif fault == "quantity_zero":
            line["qty"] = 0
        elif fault == "foreign_currency":
            order["currency"] = "CAD"
        elif fault == "no_sku":
            line["sku"] = None
        elif fault == "two_faults":
            order["currency"] = "CAD"
            line["qty"] = -1
        elif fault == "cancelled":
            order["status"] = "cancelled"
        elif fault == "large_quantity":
            line["qty"] = 500
            order["total"] = total(order)
        elif fault == "numeric_price":
            line["unit_price"], line["discount"] = 19.99, None
            order["total"] = total(order)
        elif fault == "quantity_text":
            line["qty"] = str(line["qty"])
        elif fault == "line_number_twice":
            if len(order["lines"]) == 1:
                order["lines"].append(dict(line))
                order["total"] = total(order)
            order["lines"][-1]["no"] = order["lines"][0]["no"]

    def orders(self):
        orders = []
        for index in range(ORDERS):
            order = self.order(index)
            if index % 12 == 5:
                self.spoil(order, FAULTS[self.faults % len(FAULTS)])
                self.faults += 1
            orders.append(order)
        orders[700]["id"] = None
        # Bulk changes: runs of orders with one updated_at, of very different length.
        index, hour = 0, 0
        while index < ORDERS:
            size = self.pick([1, 1, 3, 20, 60, 250])
            offset = self.pick(["Z", "+00:00"])
            stamp = f"2026-11-{1 + hour // 24:02d}T{hour % 24:02d}:15:00{offset}"
            for order in orders[index:index + size]:
                order["updated_at"] = stamp
            index += size
            hour += 1 + int(self.rng.random() * 3)
        return orders


def total(order):
    """What the shop thinks the order is worth: half up per line, as everywhere."""
    whole = Decimal(0)
    for line in order["lines"]:
        net = int(line["qty"]) * Decimal(str(line["unit_price"]).replace(",", "")) - Decimal(line["discount"] or 0)
        whole += net.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    return str(whole)


def main():
    folder = Path(__file__).parent / "samples"
    folder.mkdir(exist_ok=True)
    generator = Generator()
    orders = generator.orders()
    text = "[\n" + ",\n".join(json.dumps(order, ensure_ascii=False, separators=(",", ":")) for order in orders) + "\n]\n"
    (folder / "orders.json").write_text(text, encoding="utf-8")
    stamps = {order["updated_at"] for order in orders}
    print(f"{len(orders)} orders, {generator.faults} of them with a planted fault, {len(stamps)} different updated_at")


if __name__ == "__main__":
    main()
