#!/usr/bin/env python3
"""Computes what must come of the tenants' sample data, without any code of the platform.

    expected.py                        writes <tenant>/expected/{summary.json,records.ndjson}
    expected.py --check                compares with what is there instead; exit 1 if it differs
    expected.py --against URL TOKEN    also sends every transaction to a running TAXMAN and compares
                                       its answers (tax, refusal) with what is computed here

The rules are written here a second time, by hand, from the meaning of the mappings: nothing reads a
mapping document. Shared with the other side are only data: the lookup tables of the tenants and the
tariff tests/counterparts/src/taxman/rates.json. Numbers are decimal.Decimal, rounded half up.

What counts as what
- rows: data lines (JSON: objects), malformed and cancelled ones included; no header, no empty line.
- read: records, that is orders. Lines of an order are grouped after cancelled lines were dropped; an order whose lines were all
  cancelled is one record, skipped.
- A malformed line (columns, encoding, quote) whose first field can be read quarantines the whole order of that number. If it
  cannot be read, the line is a record of its own, with key "". An order number that is missing is key_missing, a record of its own.
- A quoted field ends at its quote only, so a quote that is never closed takes the rest of the file; it stands in a last line.
- An order-wide field is read from the order's first line by position. All issues of a record are counted, not the first only.
- codes of a record: the different codes of its issues, sorted. rejected means that TAXMAN refused; target_code is its word.
- total_amount and total_tax are what TAXMAN confirmed; mapped_amount of a rejected record is what it was asked to tax.
"""
import json
import re
import sys
import urllib.request
from collections import Counter
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
RATES = json.loads((HERE.parent / "tests/counterparts/src/taxman/rates.json").read_text())
CENT = Decimal("0.01")
STATES = ["delivered", "unchanged", "skipped", "quarantined", "rejected", "uncertain", "pending"]


def cents(number):
    return number.quantize(CENT, rounding=ROUND_HALF_UP)


def table(tenant, name):
    """A lookup document: composite key -> row."""
    document = json.loads((HERE / tenant / f"lookups/{name}.json").read_text())
    return {tuple(row[column] for column in document["key"]): row for row in document["rows"]}


class Refused(Exception):
    """TAXMAN's word for what is wrong."""


def tax_of(transaction):
    """TAXMAN's answer: the tax of each line, or Refused. Only what the sample data can meet."""
    ship_to = transaction["addresses"]["ship_to"]
    country, postal = ship_to["country"], ship_to["postal_code"]
    if country not in RATES["eu"] and country not in RATES["other_countries"]:
        raise Refused("InvalidCountry")
    form = {"DE": r"\d{5}", "FR": r"\d{5}", "AT": r"\d{4}", "BE": r"\d{4}", "CH": r"\d{4}", "NL": r"\d{4} ?[A-Z]{2}",
            "US": r"\d{5}(-\d{4})?"}[country]
    if not re.fullmatch(form, postal):
        raise Refused("InvalidPostalCode")
    seen, taxes = set(), []
    for line in transaction["lines"]:
        rate = rate_of(line["tax_code"], country, ship_to.get("region"))
        if line["number"] in seen:
            raise Refused("DuplicateLineNumber")
        seen.add(line["number"])
        taxes.append(cents(line["amount"] * rate / 100))
    return taxes


def rate_of(code, country, region):
    if code in RATES["vat"]:
        if code == "VAT_EXPORT" and country in RATES["eu"]:
            raise Refused("InvalidTaxCode")
        if code == "VAT_REVERSE_CHARGE" and (country == "DE" or country not in RATES["eu"]):
            raise Refused("InvalidTaxCode")
        return Decimal(RATES["vat"][code])
    if code not in RATES["us_tax_codes"] or country != "US":
        raise Refused("InvalidTaxCode")
    if region not in RATES["us"]:
        raise Refused("InvalidRegion")
    special = RATES["us_by_code"].get(code, {})
    return Decimal(special.get(region, special.get("*", RATES["us"][region])))


class Record:
    """One order on its way: what it became and why."""

    def __init__(self, key):
        self.key = key
        self.issues = []  # (code, rule)
        self.warnings = []
        self.skipped = False
        self.transaction = None
        self.target_code = None
        self.total_tax = None

    def issue(self, code, rule=""):
        self.issues.append((code, rule))

    def settle(self):
        if self.skipped:
            self.state = "skipped"
        elif self.issues:
            self.state, self.transaction = "quarantined", None
        else:
            try:
                self.total_tax = sum(tax_of(self.transaction), Decimal("0.00"))
                self.state = "delivered"
            except Refused as refused:
                self.state, self.target_code = "rejected", str(refused)
                self.issues = [("target_rejected", "")]
        return self

    def line(self):
        known = {"key": self.key, "state": self.state, "codes": sorted({code for code, _ in self.issues})}
        if self.transaction:
            # What TAXMAN confirmed, or what it was asked to tax and refused.
            name = "total_amount" if self.state == "delivered" else "mapped_amount"
            known[name] = str(self.transaction["total_amount"])
        if self.total_tax is not None:
            known["total_tax"] = str(self.total_tax)
        if self.target_code:
            known["target_code"] = self.target_code
        return known


# --- Acme: CSV, German -------------------------------------------------------------------------

UNDEFINED = set(b"\x81\x8d\x8f\x90\x9d")
NULL = ("", "NULL", "-")


def csv_rows(data):
    """Yields (raw row, fields, closed). A quote opens a field at its start only."""
    at, end = 0, len(data)
    while at < end:
        start, fields, closed = at, [], True
        while True:  # one field
            value = bytearray()
            if data[at:at + 1] == b'"':
                at, closed = at + 1, False
                while at < end:
                    if data[at:at + 2] == b'""':
                        value += b'"'
                        at += 2
                    elif data[at:at + 1] == b'"':
                        at, closed = at + 1, True
                        break
                    else:
                        value += data[at:at + 1]
                        at += 1
            while at < end and data[at:at + 1] not in (b";", b"\n"):
                value += data[at:at + 1]
                at += 1
            fields.append(bytes(value))
            if data[at:at + 1] == b";":
                at += 1
                continue
            break
        row = data[start:at].removesuffix(b"\r")
        fields[-1] = fields[-1].removesuffix(b"\r")
        at += 1
        if row:
            yield row, fields, closed


def german_number(text):
    if not re.fullmatch(r"-?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?", text):
        return None
    return Decimal(text.replace(".", "").replace(",", "."))


def german_date(text):
    if not re.fullmatch(r"\d\d\.\d\d\.\d{4}", text):
        return None
    try:
        return date(int(text[6:]), int(text[3:5]), int(text[:2]))
    except ValueError:
        return None


def acme():
    countries, tax_keys = table("acme", "countries"), table("acme", "tax-keys")
    rows, orders, alone = 0, {}, []
    for path in sorted((HERE / "acme/samples").glob("orders-*.csv")):
        source = csv_rows(path.read_bytes())
        columns = [name.decode("cp1252") for name in next(source)[1]]
        for raw, fields, closed in source:
            rows += 1
            fault = None
            if not closed:
                fault = "csv_quote"
            elif len(fields) != len(columns):
                fault = "csv_columns"
            elif set(raw) & UNDEFINED:
                fault = "encoding_invalid"
            number = fields[0].decode("cp1252", "replace").strip()
            if number in NULL:
                record = Record("")
                record.issue(*((fault,) if fault else ("key_missing", "key")))
                alone.append(record)
                continue
            order = orders.setdefault(number, {"faults": [], "lines": [], "rows": 0})
            order["rows"] += 1
            if fault:
                order["faults"].append(fault)
                continue
            line = {name: field.decode("cp1252") for name, field in zip(columns, fields)}
            line = {name: None if text in NULL else text for name, text in line.items()}
            if line["status"] != "storniert":
                order["lines"].append(line)
    records = alone + [acme_order(number, order, countries, tax_keys) for number, order in orders.items()]
    return rows, [record.settle() for record in records]


def acme_order(number, order, countries, tax_keys):
    record = Record(number)
    if order["faults"]:
        for fault in order["faults"]:
            record.issue(fault)
        return record
    lines = sorted(order["lines"], key=lambda line: int(line["position"]))
    if not lines:
        record.skipped = True
        return record
    first = lines[0]
    for column in ("belegart", "kunde_nr", "plz", "land", "waehrung"):
        if len({line[column] for line in lines}) > 1:
            record.issue("group_conflict", "by_order")
    kind = {"RE": "SalesInvoice", "GU": "ReturnInvoice"}[first["belegart"]]
    text = first["rechnungsdatum"] or first["auftragsdatum"]
    if german_date(text) is None:
        record.issue("date_invalid", "date")
    if first["kunde_nr"] is None:
        record.issue("value_missing", "customer")
    elif not re.fullmatch(r"K-[0-9]{6}", first["kunde_nr"].strip().upper()):
        record.issue("pattern_mismatch", "customer")
    currency = first["waehrung"].upper()
    if currency not in ("EUR", "CHF"):
        record.issue("enum_mismatch", "currency")
    if len(" ".join(first["ort"].split())) > 50:
        record.issue("text_too_long", "to_city")
    country = countries.get((first["land"].strip(),))
    if country is None:
        record.issue("lookup_missing", "to_country")
    elif currency == "CHF" and country["iso"] != "CH":
        record.issue("quality_rule", "currency_fits")
    out = [acme_line(record, line, kind, tax_keys) for line in lines]
    if not record.issues:
        record.transaction = {
            "type": kind, "code": number, "company_code": "ACME-DE", "date": german_date(text).isoformat(),
            "customer_code": first["kunde_nr"].strip().upper(), "currency_code": currency,
            "addresses": {"ship_to": {"country": country["iso"], "postal_code": first["plz"].strip()}},
            "lines": out, "total_amount": sum((line["amount"] for line in out), Decimal("0.00"))}
    return record


def acme_line(record, line, kind, tax_keys):
    if len(" ".join((line["bezeichnung"] or "").split())) > 100:
        record.warnings.append(("text_too_long", "description"))
    quantity = german_number(line["menge"].strip())
    if quantity is None:
        record.issue("number_invalid", "quantity")
    elif not Decimal("0.001") <= quantity <= 9999:
        record.issue("number_range", "quantity")
        quantity = None
    price = german_number(line["einzelpreis"].strip())
    if price is None:
        record.issue("number_invalid", "unit_price")
    elif price <= 0:
        record.warnings.append(("quality_rule", "price_positive"))
    discount = german_number(line["rabatt_prozent"] or "0")
    if discount > 50:
        record.issue("quality_rule", "discount_allowed")
    code = tax_keys.get((line["steuerschluessel"].strip().upper(),))
    if code is None:
        record.issue("lookup_missing", "tax_code")
    if quantity is None or price is None or code is None:
        return None
    amount = cents(quantity * price * (100 - discount) / 100)
    return {"number": str(int(line["position"])), "quantity": quantity, "amount": -amount if kind == "ReturnInvoice" else amount,
            "tax_code": code["tax_code"]}


# --- Globex: JSON, American --------------------------------------------------------------------

def american_number(value):
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    if not re.fullmatch(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?", value.strip()):
        return None
    return Decimal(value.strip().replace(",", ""))


def local_date(text):
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant.astimezone(ZoneInfo("America/Los_Angeles")).date()


def globex():
    taxes = table("globex", "product-tax")
    orders = json.loads((HERE / "globex/samples/orders.json").read_text(), parse_float=Decimal)
    return len(orders), [globex_order(order, taxes).settle() for order in orders]


def globex_order(order, taxes):
    record = Record(order["id"] or "")
    if order["status"] == "cancelled":
        record.skipped = True
        return record
    if order["id"] is None:
        record.issue("key_missing", "key")
        return record
    kind = "ReturnInvoice" if order["kind"] == "refund" else "SalesInvoice"
    day = local_date(order["placed_at"])
    if day is None:
        record.issue("date_invalid", "date")
    customer = (order["customer"] or {}).get("id")
    if customer is None:
        record.issue("value_missing", "customer")
    if order["currency"] != "USD":
        record.issue("enum_mismatch", "currency")
    out = [globex_line(record, line, kind, taxes) for line in order["lines"]]
    if all(line and line["amount"] is not None for line in out):
        total = sum((line["amount"] for line in out), Decimal("0.00"))
        if abs(total) != american_number(order["total"]):
            record.issue("quality_rule", "total_agrees")
    if not record.issues:
        ship_to = order["ship_to"]
        record.transaction = {
            "type": kind, "code": order["id"], "company_code": "GLOBEX-US", "date": day.isoformat(), "customer_code": customer,
            "currency_code": "USD",
            "addresses": {"ship_to": {"region": ship_to["state"].strip().upper(), "country": ship_to["country"] or "US",
                                      "postal_code": ship_to["zip"]}},
            "lines": out, "total_amount": total}
    return record


def globex_line(record, line, kind, taxes):
    if line["sku"] is None:
        record.issue("value_missing", "item")
    quantity = american_number(line["qty"])
    if not Decimal("0.001") <= quantity <= 9999:
        record.issue("number_range", "quantity")
        quantity = None
    elif quantity > 100:
        record.warnings.append(("quality_rule", "large_quantity"))
    price = american_number(line["unit_price"])
    if price is None:
        record.issue("number_invalid", "unit_price")
    code = taxes.get((line["category"], line["tax_class"]))
    if code is None:
        record.issue("lookup_missing", "tax_code")
    amount = None
    if quantity is not None and price is not None:
        amount = cents(quantity * price - Decimal(line["discount"] or 0))
        amount = -amount if kind == "ReturnInvoice" else amount
    return {"number": str(line["no"]), "quantity": quantity, "amount": amount, "tax_code": code and code["tax_code"]}


# --- Both --------------------------------------------------------------------------------------

def counted(pairs):
    """{code: {rule: count}}: the rule is the id of the mapping's node, row step or quality rule, "" without one."""
    counts = {}
    for (code, rule), count in sorted(Counter(pairs).items()):
        counts.setdefault(code, {})[rule] = count
    return counts


def summary(rows, records):
    states = Counter(record.state for record in records)
    amounts = {}
    for state in ("delivered", "rejected"):
        totals = [record.transaction["total_amount"] for record in records if record.state == state]
        amounts[state] = str(sum(totals, Decimal("0.00")))
    issues = [issue for record in records for issue in record.issues]
    return {
        "counters": {"rows": rows, "read": len(records), **{state: states[state] for state in STATES}},
        "codes": dict(sorted(Counter(code for code, _ in issues).items())),
        "rules": counted(issues),
        "warnings": counted([warning for record in records for warning in record.warnings]),
        "target_codes": dict(sorted(Counter(record.target_code for record in records if record.target_code).items())),
        "amounts": {"/total_amount": amounts},
        "total_tax": str(sum((record.total_tax or Decimal(0) for record in records), Decimal("0.00"))),
    }


def against(url, token, records):
    """Sends every transaction to TAXMAN, one by one, and compares."""
    differences = 0
    for record in records:
        if not record.transaction:
            continue
        text = json.dumps(record.transaction, default=lambda number: f"@@{number}@@")
        body = re.sub(r'"@@(.*?)@@"', r"\1", text).encode()
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"check-{record.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}/v1/transactions", body, headers)
        try:
            with urllib.request.urlopen(request) as answer:
                said = json.loads(answer.read(), parse_float=Decimal)
                same = record.state == "delivered" and Decimal(said["total_tax"]) == record.total_tax
        except urllib.error.HTTPError as error:
            said = json.loads(error.read())
            same = record.state == "rejected" and said["error"]["code"] == record.target_code
        if not same:
            differences += 1
            print(f"{record.key}: expected {record.line()}, TAXMAN says {said}", file=sys.stderr)
    return differences


def main():
    check = "--check" in sys.argv
    server = sys.argv[sys.argv.index("--against") + 1:][:2] if "--against" in sys.argv else None
    differences = 0
    for tenant, outcome in (("acme", acme), ("globex", globex)):
        rows, records = outcome()
        records.sort(key=lambda record: (record.key, [code for code, _ in record.issues]))
        files = {"summary.json": json.dumps(summary(rows, records), indent=2) + "\n",
                 "records.ndjson": "".join(json.dumps(record.line()) + "\n" for record in records)}
        for name, text in files.items():
            path = HERE / tenant / "expected" / name
            if not check:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
            elif path.read_text() != text:
                differences += 1
                print(f"{path} is not what the rules give", file=sys.stderr)
        if server:
            differences += against(*server, records)
        print(f"{tenant}: {json.dumps(summary(rows, records)['counters'])}")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
