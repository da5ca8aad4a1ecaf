#!/usr/bin/env python3
"""Makes samples/orders-2026-10-{A,B,C}.csv: 12,000 order lines of a German wholesaler.

The files are what such a system exports: Windows-1252, semicolons, decimal commas, thousands dots
now and then, CRLF. Each file holds whole orders, but the lines of an order are scattered. About one
order in twelve has a planted fault; FAULTS lists them, and ../expected.py finds them again from the
files alone. Deterministic: the same script makes the same bytes.
"""
import random
from pathlib import Path

COLUMNS = ["auftrag_nr", "position", "belegart", "auftragsdatum", "rechnungsdatum", "kunde_nr", "kunde_name", "strasse", "plz",
           "ort", "land", "artikel", "bezeichnung", "menge", "einzelpreis", "rabatt_prozent", "steuerschluessel", "waehrung",
           "status", "bestellung"]
LINES_PER_FILE = 4000
FILES = ["A", "B", "C"]

# Each fault: how an order (a list of line dictionaries) is spoilt. Planted in turn, evenly.
FAULTS = ["letter_o_quantity", "letter_o_price", "bad_grouping", "impossible_date", "american_date", "missing_customer",
          "customer_pattern", "unknown_tax_key", "unknown_country", "quantity_zero", "quantity_negative", "quantity_huge",
          "missing_field", "unquoted_semicolon", "undefined_byte", "customers_disagree", "city_too_long", "currency_unknown",
          "discount_too_high", "two_faults", "postal_code", "export_within_eu", "position_twice", "cancelled_order",
          "cancelled_line", "free_of_charge", "long_description", "foreign_currency"]

STREETS = ["Hauptstraße", "Bahnhofstraße", "Gartenweg", "Schillerstraße", "Am Mühlbach", "Industriestraße", "Königsallee",
           "Zum Lübecker Tor", "Lindenallee", "Straße des 17. Juni", "Römerstraße", "Grüner Weg"]
CITIES = [("80331", "München", "DE"), ("50667", "Köln", "DE"), ("40210", "Düsseldorf", "DE"), ("90402", "Nürnberg", "DE"),
          ("01067", "Dresden", "Deutschland"), ("20095", "Hamburg", "D"), ("10115", "Berlin", "DE"), ("23552", "Lübeck", "DE"),
          ("97070", "Würzburg", "DE"), ("48143", "Münster", "Deutschland"), ("06108", "Halle (Saale)", "DE"), ("72070", "Tübingen", "D"),
          ("1010", "Wien", "AT"), ("5020", "Salzburg", "Österreich"), ("8001", "Zürich", "CH"), ("67000", "Straßburg", "FR"),
          ("1012 AB", "Amsterdam", "NL"), ("1000", "Brüssel", "BE")]
FIRMS = ["Müller & Söhne GmbH", "Bäckerei Schröder", "Straßenbau Weiß KG", "Jäger Großhandel AG", "Café Löwenzahn", "Öko-Möbel Fröhlich",
         "Käthe Süßmann e.K.", "Gebr. Höfer OHG", "Schlüsseldienst Böhm", "Weingut Groß", "Autohaus Überall GmbH", "Apotheke am Münster",
         "Fahrräder Grün", "Buchhandlung Lesezeichen", "Elektro Volt – Inh. Ünal", "Spedition Flöß"]
PRODUCTS = [("A-1001", "Sechskantschraube M8 × 40 verzinkt", 18, "V19"), ("A-1002", "Dübel 10 mm, 100 Stück", 899, "V19"),
            ("A-1003", "Kupferrohr 1/2\" à 2 m", 1549, "V19"), ("A-1004", "Bohrmaschine „Profi“ 850 W", 12990, "V19"),
            ("A-1005", "Gefriertruhe 300 l", 134950, "V19"), ("A-1006", "Präzisionswaage 0,01 g", 89900, "V19"),
            ("L-2001", "Röstkaffee, ganze Bohne 1 kg", 1795, "V07"), ("L-2002", "Weizenmehl Type 405", 89, "V07"),
            ("L-2003", "Käse, jung; am Stück", 1349, "V07"), ("L-2004", "Äpfel „Jonagold“ kg", 249, "V07"),
            ("B-3001", "Fachbuch: Größen und Maße", 4990, "V07"), ("S-4001", "Wartung – Pauschale", 25000, "V19"),
            ("A-1007", "Dichtring Ø 12 (€-Preis)", 7, "V19"), ("A-1008", "Industriepumpe 4 kW", 1245000, "V19")]


def german(cents, rng, grouped=None):
    """1234567 -> 12345,67 or 12.345,67."""
    whole, rest = divmod(cents, 100)
    group = rng.random() < 0.6 if grouped is None else grouped
    text = f"{whole:,}".replace(",", ".") if group else str(whole)
    return f"{text},{rest:02d}"


def date(rng):
    return f"{1 + int(rng.random() * 28):02d}.10.2026"


class Generator:
    def __init__(self):
        self.rng = random.Random(20261001)
        self.number = 0
        self.faults = 0

    def pick(self, choices):
        return choices[int(self.rng.random() * len(choices))]

    def customer(self):
        number = 100000 + int(self.rng.random() * 600) * 7
        rng = random.Random(number)
        postal, city, country = CITIES[min(int(rng.random() ** 1.6 * len(CITIES)), len(CITIES) - 1)]
        return {"kunde_nr": f"K-{number}", "kunde_name": FIRMS[number % len(FIRMS)],
                "strasse": f"{STREETS[number % len(STREETS)]} {1 + number % 140}", "plz": postal, "ort": city, "land": country}

    def order(self, size):
        rng = self.rng
        self.number += 1
        customer = self.customer()
        abroad = customer["plz"], customer["land"]
        ordered = date(rng)
        head = {"auftrag_nr": f"{2026000000 + self.number * 3}", "belegart": "GU" if rng.random() < 0.05 else "RE",
                "auftragsdatum": ordered, "rechnungsdatum": date(rng) if rng.random() < 0.4 else self.pick(["", "-"]),
                "waehrung": "EUR", "bestellung": f"PO-{int(rng.random() * 90000) + 10000}" if rng.random() < 0.5 else "", **customer}
        switzerland = abroad[1] == "CH"
        in_eu = abroad[1] in ("AT", "Österreich", "FR", "NL", "BE")
        reverse = in_eu and rng.random() < 0.5
        if switzerland and rng.random() < 0.5:
            head["waehrung"] = "CHF"
        lines = []
        for index in range(size):
            article, text, cents, key = self.pick(PRODUCTS)
            if switzerland:
                key = "VEX"
            elif reverse:
                key = "VRC"
            quantity = str(1 + int(rng.random() ** 3 * 200))
            if rng.random() < 0.15:
                quantity += "," + self.pick(["5", "25", "125", "50"])
            elif rng.random() < 0.05:
                quantity = "1.000"
            lines.append({**head, "position": f"{(index + 1) * 10:03d}" if rng.random() < 0.2 else str((index + 1) * 10),
                          "artikel": article, "bezeichnung": text, "menge": quantity, "einzelpreis": german(cents, rng),
                          "rabatt_prozent": self.pick(["", "", "", "0", "3", "5", "7,5", "12,5", "33,33"]), "steuerschluessel": key,
                          "status": self.pick(["offen", "geliefert", "berechnet"])})
            if rng.random() < 0.01:
                lines[-1]["bezeichnung"] = text + "\nLieferung frei Haus"
        return lines

    def spoil(self, lines, fault):
        """Applies a fault; answers lines, of which a text instead of a dictionary is a raw row."""
        first, last = lines[0], lines[-1]
        if fault == "letter_o_quantity":
            last["menge"] = "1O"
        elif fault == "letter_o_price":
            last["einzelpreis"] = "12,5O"
        elif fault == "bad_grouping":
            last["einzelpreis"] = "12.34,50"
        elif fault == "impossible_date":
            for line in lines:
                line["rechnungsdatum"], line["auftragsdatum"] = "", "31.02.2026"
        elif fault == "american_date":
            for line in lines:
                line["rechnungsdatum"] = "10/13/2026"
        elif fault == "missing_customer":
            for line in lines:
                line["kunde_nr"] = ""
        elif fault == "customer_pattern":
            for line in lines:
                line["kunde_nr"] = "K-12A"
        elif fault == "unknown_tax_key":
            last["steuerschluessel"] = "V16"
        elif fault == "unknown_country":
            for line in lines:
                line["land"] = "Absurdistan"
        elif fault == "quantity_zero":
            first["menge"] = "0"
        elif fault == "quantity_negative":
            first["menge"] = "-5"
        elif fault == "quantity_huge":
            first["menge"] = "10.000"
        elif fault == "missing_field":
            return lines[:-1] + [row(last).rsplit(";", 1)[0]]
        elif fault == "unquoted_semicolon":
            return lines[:-1] + [";".join(last[name] if name != "bezeichnung" else "Schraube; verzinkt" for name in COLUMNS)]
        elif fault == "undefined_byte":
            return lines[:-1] + [row({**last, "kunde_name": "Fa. \x81 Kaputt"})]
        elif fault == "customers_disagree":
            last["kunde_nr"] = "K-999999"
        elif fault == "city_too_long":
            for line in lines:
                line["ort"] = "Sankt Nimmerlein an der oberen Donau bei Weiß-Kirchhausen-Süd"
        elif fault == "currency_unknown":
            for line in lines:
                line["waehrung"] = "EURO"
        elif fault == "discount_too_high":
            last["rabatt_prozent"] = "75"
        elif fault == "two_faults":
            first["menge"] = "l2"
            last["steuerschluessel"] = "V99"
        elif fault == "postal_code":
            for line in lines:
                line["plz"], line["land"], line["steuerschluessel"], line["waehrung"] = "8033", "DE", "V19", "EUR"
        elif fault == "export_within_eu":
            for line in lines:
                line["plz"], line["ort"], line["land"], line["steuerschluessel"], line["waehrung"] = "1010", "Wien", "AT", "VEX", "EUR"
        elif fault == "position_twice":
            last["position"] = first["position"]
        elif fault == "cancelled_order":
            for line in lines:
                line["status"] = "storniert"
        elif fault == "cancelled_line":
            last["status"] = "storniert"
        elif fault == "free_of_charge":
            last["einzelpreis"] = "0,00"
        elif fault == "long_description":
            last["bezeichnung"] = "Sonderanfertigung nach Zeichnung, " * 4 + "Maße siehe Anlage"
        elif fault == "foreign_currency":
            for line in lines:
                line["plz"], line["ort"], line["land"], line["steuerschluessel"], line["waehrung"] = "20095", "Hamburg", "D", "V19", "CHF"
        return lines

    def file(self, letter):
        rows = []
        reserved = {"A": 1, "B": 2, "C": 1}[letter]
        left = LINES_PER_FILE - reserved
        index = 0
        while left:
            size = min(left, 1 + int(self.rng.random() * 8))
            if left - size == 1:
                size += 1  # never an order of one line just because the file is full
            lines = self.order(size)
            if index % 12 == 7 and size >= 3:
                lines = self.spoil(lines, FAULTS[self.faults % len(FAULTS)])
                self.faults += 1
            # Scattered: a line lands up to 60 lines behind the start of its order.
            rows += [(len(rows) + self.rng.random() * 60, line) for line in lines]
            left -= size
            index += 1
        rows.sort(key=lambda pair: pair[0])
        texts = [line if isinstance(line, str) else row(line) for _, line in rows]
        if letter == "A":
            # A page footer that someone left in the export: neither columns nor an order number.
            texts.insert(2500, ";;;Seite 2")
        if letter == "B":
            # The last row opens a quote that is never closed; its order has a good line before.
            lines = self.order(2)
            texts.insert(LINES_PER_FILE - 40, row(lines[0]))
            spoilt = dict(lines[1], bezeichnung="\0")
            texts.append(row(spoilt).replace("\0", "\"Rohr 1/2 Zoll"))
        if letter == "C":
            lines = self.order(1)
            texts.insert(1700, row(dict(lines[0], auftrag_nr="")))
        assert len(texts) == LINES_PER_FILE, len(texts)
        text = ";".join(COLUMNS) + "\r\n" + "".join(text + "\r\n" for text in texts)
        if letter == "C":
            text += "\r\n"  # an empty line at the end is no row
        # \x81 has no character in Windows-1252, so it is written as the byte itself.
        return b"\x81".join(part.encode("cp1252") for part in text.split("\x81"))


def row(line):
    return ";".join(quoted(line[name]) for name in COLUMNS)


def quoted(text):
    if any(mark in text for mark in ";\"\n"):
        return '"' + text.replace('"', '""').replace("\n", "\r\n") + '"'
    return text


def main():
    folder = Path(__file__).parent / "samples"
    folder.mkdir(exist_ok=True)
    generator = Generator()
    for letter in FILES:
        (folder / f"orders-2026-10-{letter}.csv").write_bytes(generator.file(letter))
    print(f"{generator.number} orders, {generator.faults} of them with a planted fault")


if __name__ == "__main__":
    main()
