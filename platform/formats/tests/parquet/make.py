"""Makes the Parquet files beside it and what must come out of each, as NDJSON.

By hand, with pyarrow 26.0.1 from PyPI: `python make.py`. Both are committed; no test needs Python. What
comes out is told by pyarrow's own reader and the rules in platform/docs/formats.md, by another hand than
the reader that is tested.
"""

import base64
import datetime
import decimal
import json
import pathlib
import random
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
D = decimal.Decimal


def text(value, kind):
    """One value as JSON."""
    if value is None:
        return "null"
    if pa.types.is_struct(kind):
        parts = (f"{json.dumps(f.name)}:{text(value[f.name], f.type)}" for f in kind)
        return "{" + ",".join(parts) + "}"
    if pa.types.is_map(kind):
        parts = []
        for key, item in value:
            key = text(key, kind.key_type)
            key = key if key.startswith('"') else f'"{key}"'
            parts.append(f"{key}:{text(item, kind.item_type)}")
        return "{" + ",".join(parts) + "}"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return "[" + ",".join(text(item, kind.value_type) for item in value) + "]"
    if pa.types.is_boolean(kind):
        return "true" if value else "false"
    if pa.types.is_decimal(kind):
        return f"{value:f}"
    if pa.types.is_timestamp(kind):
        return json.dumps(moment(value, kind.unit) + ("Z" if kind.tz else ""))
    if pa.types.is_time(kind):
        return json.dumps(clock(value.hour * 3600 + value.minute * 60 + value.second, value.microsecond * 1000, kind.unit))
    if pa.types.is_date(kind):
        return json.dumps(value.isoformat())
    if isinstance(value, uuid.UUID):
        return json.dumps(str(value))
    if isinstance(value, bytes):
        return json.dumps(base64.b64encode(value).decode())
    if isinstance(value, float):
        if value == int(value) and abs(value) < 1e15:
            return str(int(value))
        return repr(value).replace("e+", "e")
    return json.dumps(value, ensure_ascii=False)


def clock(seconds, nanos, unit):
    digits = {"ms": 3, "us": 6, "ns": 9}[unit]
    fraction = "." + f"{nanos:09}"[:digits] if nanos else ""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


def moment(value, unit):
    day = f"{value.year:04}-{value.month:02}-{value.day:02}"
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    nanos = value.microsecond * 1000 + getattr(value, "nanosecond", 0)
    return f"{day}T{clock(seconds, nanos, unit)}"


def write(name, table, **options):
    options = {"compression": "snappy", **options}
    path = HERE / f"{name}.parquet"
    pq.write_table(table, path, **options)
    rows = []
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    for at in range(table.num_rows):
        parts = []
        for field in table.schema:
            value = columns[field.name][at]
            kind = field.type
            if isinstance(kind, pa.BaseExtensionType):
                kind = kind.storage_type
            parts.append(f"{json.dumps(field.name)}:{text(value, kind)}")
        rows.append("{" + ",".join(parts) + "}")
    (HERE / f"{name}.ndjson").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    size = path.stat().st_size
    assert size < 20_000, (name, size)
    print(name, size, len(rows))


def flat():
    utc = datetime.timezone.utc
    when = datetime.datetime(2024, 2, 29, 23, 59, 58, 123456)
    old = datetime.datetime(1, 1, 1)
    columns = {
        "flag": pa.array([True, None, False]),
        "tiny": pa.array([-128, None, 127], pa.int8()),
        "byte": pa.array([255, None, 0], pa.uint8()),
        "int": pa.array([-(2**31), None, 2**31 - 1], pa.int32()),
        "long": pa.array([-(2**63), None, 2**63 - 1], pa.int64()),
        "unsigned": pa.array([2**32 - 1, None, 0], pa.uint32()),
        "unsigned_long": pa.array([2**64 - 1, None, 0], pa.uint64()),
        "single": pa.array([0.5, None, -2.25], pa.float32()),
        "double": pa.array([0.1, None, 1e300], pa.float64()),
        "money": pa.array([D("-12.30"), None, D("9999999.99")], pa.decimal128(9, 2)),
        "large": pa.array([D("-0.000000000000000001"), None, D("12345678901234567890.000000000000000001")], pa.decimal128(38, 18)),
        "day": pa.array([datetime.date(2024, 2, 29), None, datetime.date(1969, 12, 31)]),
        "millis": pa.array([when.replace(microsecond=123000), None, old], pa.timestamp("ms")),
        "micros_utc": pa.array([when.replace(tzinfo=utc), None, datetime.datetime(1969, 12, 31, 23, 59, 59, 1, utc)], pa.timestamp("us", "UTC")),
        "time": pa.array([datetime.time(1, 2, 3, 4000), None, datetime.time(23, 59, 59)], pa.time32("ms")),
        "time_micros": pa.array([datetime.time(1, 2, 3, 4), None, datetime.time(0, 0, 0)], pa.time64("us")),
        "text": pa.array(["Müller; \"Söhne\"\n", None, ""]),
        "bytes": pa.array([b"\x00\xff", None, b""]),
        "fixed": pa.array([b"abc", None, b"\x00\x01\x02"], pa.binary(3)),
        "half": pa.array([1.5, None, -0.25], pa.float16()),
        "nothing": pa.nulls(3),
    }
    table = pa.table(columns)
    write("flat_snappy", table)
    write("flat_v2_zstd", table, compression="zstd", data_page_version="2.0", write_page_checksum=True)
    ids = [uuid.UUID(int=number) for number in (1, 2**127)]
    storage = pa.array([ids[0].bytes, None, ids[1].bytes], pa.binary(16))
    write("uuid", pa.table({"id": pa.ExtensionArray.from_storage(pa.uuid(), storage)}), compression="none")


def nested():
    struct = pa.struct([("sku", pa.string()), ("tags", pa.list_(pa.string()))])
    lines = [
        [{"sku": "A", "tags": ["x", None, "y"]}, {"sku": None, "tags": []}],
        [],
        None,
        [None, {"sku": "B", "tags": None}],
    ]
    maps = [[("a", 1), ("b", None)], [], None, [("ü", 3)]]
    numbers = [[(7, "seven")], [(1, None), (2, "two")], None, []]
    deep = [[[1, 2], [], None], [], None, [[3], [None]]]
    address = [
        {"city": "Köln", "geo": {"lat": 50.94, "lon": 6.96}},
        {"city": None, "geo": None},
        None,
        {"city": "", "geo": {"lat": None, "lon": 1.0}},
    ]
    table = pa.table(
        {
            "no": pa.array([1, 2, 3, 4], pa.int32()),
            "lines": pa.array(lines, pa.list_(struct)),
            "rates": pa.array(maps, pa.map_(pa.string(), pa.int64())),
            "names": pa.array(numbers, pa.map_(pa.int32(), pa.string())),
            "deep": pa.array(deep, pa.list_(pa.list_(pa.int64()))),
            "address": pa.array(address, pa.struct([("city", pa.string()), ("geo", pa.struct([("lat", pa.float64()), ("lon", pa.float64())]))])),
        }
    )
    write("nested_zstd", table, compression="zstd", row_group_size=2)
    write("nested_v2_gzip", table, compression="gzip", data_page_version="2.0")
    write("nested_old_lists", table, compression="none", use_compliant_nested_type=False)


def encodings():
    chance = random.Random(1)
    count = 160
    some = lambda make: [make(at) if at % 7 else None for at in range(count)]
    table = pa.table(
        {
            "ints": pa.array(some(lambda at: at * at - 1000), pa.int32()),
            "longs": pa.array(some(lambda at: (-1) ** at * 3**(at % 39)), pa.int64()),
            "texts": pa.array(some(lambda at: f"customer {at // 10:04}")),
            "keys": pa.array(some(lambda at: f"order-{at:05}")),
            "doubles": pa.array(some(lambda at: at / 8), pa.float64()),
            "singles": pa.array(some(lambda at: at / 8), pa.float32()),
            "flags": pa.array(some(lambda at: at % 3 == 0)),
        }
    )
    chosen = {
        "ints": "DELTA_BINARY_PACKED",
        "longs": "DELTA_BINARY_PACKED",
        "texts": "DELTA_LENGTH_BYTE_ARRAY",
        "keys": "DELTA_BYTE_ARRAY",
        "doubles": "BYTE_STREAM_SPLIT",
        "singles": "BYTE_STREAM_SPLIT",
        "flags": "RLE",
    }
    plain = {"use_dictionary": False, "compression": "zstd", "write_statistics": False}
    write("encodings", table, column_encoding=chosen, data_page_version="2.0", row_group_size=150, **plain)
    count = 600
    lists = [[chance.randrange(100) for _ in range(at % 5)] for at in range(count)]
    table = pa.table({"no": pa.array(range(count)), "list": pa.array(lists, pa.list_(pa.int32()))})
    write("small_pages", table, data_page_size=64, write_batch_size=8, row_group_size=400, dictionary_pagesize_limit=200)
    chance = random.Random(2)
    table = pa.table({"customer": [f"c{chance.randrange(40)}" for _ in range(count)], "qty": [chance.randrange(5) for _ in range(count)]})
    write("dictionary", table, compression="none", data_page_size=256, write_batch_size=32)


def others():
    when = [datetime.datetime(2024, 2, 29, 12, 30, 1, 5), None, datetime.datetime(1900, 1, 1)]
    table = pa.table({"at": pa.array(when, pa.timestamp("ns"))})
    write("int96", table, use_deprecated_int96_timestamps=True)
    write("nanos", table, version="2.6")
    write("empty", pa.table({"a": pa.array([], pa.int32()), "b": pa.array([], pa.string())}))
    # rows that cannot be told: their place is in the test
    bad = pa.table(
        {
            "no": pa.array([1, 2, 3, 4], pa.int32()),
            "rate": pa.array([1.5, float("nan"), 2.5, 3.5]),
            "day": pa.array([0, 1, 2**31 - 1, 3], pa.int32()).cast(pa.date32()),
            "text": pa.array([b"a", b"b", b"c", b"\xff"]).view(pa.string()),
        }
    )
    pq.write_table(bad, HERE / "bad_values.parquet", compression="snappy")


flat()
nested()
encodings()
others()
