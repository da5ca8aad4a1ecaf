"""All interfaces of the contract over the host in memory that is current; see `testing`."""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import dataclass
from enum import Enum
from types import ModuleType, SimpleNamespace
from typing import Any

from .errors import KINDS, Error

# `host` is the `testing.Host` that answers.
current = SimpleNamespace(host=None)


@dataclass
class Request:
    """What a connector asked for."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes | None


class _Reader:
    def __init__(self, data: bytes, origin: int = 0) -> None:
        self.data = data
        self.origin = origin
        self._at = 0

    def size(self) -> int:
        return len(self.data)

    def read(self, most: int) -> bytes:
        piece = self.data[self._at : self._at + most]
        self._at += len(piece)
        return piece


class _Paged:
    """Rows of a query or of a log, one to a page. A page is the rows of it and what `probe` looks into after it."""

    def __init__(self, pages: list[tuple[list[dict[str, Any]], dict[str, Any]]]) -> None:
        self._pages = pages
        self._next = 0
        self._rows = 0

    def probe(self, pointer: str) -> str | None:
        return _text(_at(self._pages[self._next - 1][1], pointer)) if self._next else None

    def pipe(self, max_pages: int) -> Any:
        pages = self._pages[self._next : self._next + max(1, max_pages)]
        moved = [row for rows, _ in pages for row in rows]
        current.host.hand_over(moved)
        self._next += len(pages)
        self._rows += len(moved)
        place = SimpleNamespace(line=self._rows + 1, offset=0)
        ended = len(pages) < max(1, max_pages)
        return SimpleNamespace(rows=len(moved), pages=len(moved), next=place, ended=ended)


class _Socket:
    """Ends when the server has nothing to say."""

    def __init__(self) -> None:
        self._sent = b""
        self._came = b""

    def read(self, most: int) -> bytes:
        if not self._came:
            self._came, self._sent = current.host.server(self._sent), b""
        piece, self._came = self._came[:most], self._came[most:]
        return piece

    def write(self, data: bytes) -> None:
        self._sent += data

    def __exit__(self, *_: object) -> None:
        pass


def _connect(_: Any) -> _Socket:
    if current.host.server is None:
        raise Error("transient", "the test gave the host no server", code="connection_unreachable")
    return _Socket()


class _Rows:
    """One row is one page: a test sees every place where a read may break."""

    def __init__(self, reader: _Reader, format: str, options: dict[str, Any]) -> None:
        self._document: Any = None
        self._columns: list[str] = []
        self._end = (0, 0)
        if format == "json":
            self._document = json.loads(reader.data)
            found = _at(self._document, options.get("records", ""))
            self._rows = [(row, (number + 2, len(reader.data))) for number, row in enumerate(found)]
        else:
            self._rows = list(self._lines(reader, format, options))
        self._next = 0

    def _lines(self, reader: _Reader, format: str, options: dict[str, Any]) -> Any:
        line = options.get("start", {}).get("line", 1)
        offset = reader.origin
        self._columns = list(options.get("columns", []))
        header = format == "csv" and options.get("header", True)
        for raw in reader.data.splitlines(keepends=True):
            text = raw.decode(options.get("encoding", "utf-8")).rstrip("\r\n")
            line, offset = line + 1, offset + len(raw)
            self._end = (line, offset)
            if format == "ndjson":
                yield json.loads(text), (line, offset)
                continue
            cells = next(csv.reader(io.StringIO(text), delimiter=options.get("delimiter", ",")), [])
            if header:
                header, self._columns = False, cells
                _expect(options, cells)
                continue
            yield dict(zip(self._columns, cells, strict=False)), (line, offset)

    def schema(self) -> str:
        return json.dumps({"columns": self._columns} if self._document is None else {})

    def probe(self, pointer: str) -> str | None:
        return _text(_at(self._document, pointer))

    def pluck(self, pointer: str) -> list[str | None]:
        return [_text(_at(row, pointer)) for row, _ in self._rows]

    def pipe(self, max_pages: int) -> Any:
        moved = self._rows[self._next : self._next + max(1, max_pages)]
        current.host.hand_over([row for row, _ in moved])
        self._next += len(moved)
        line, offset = moved[-1][1] if moved else self._end
        place = SimpleNamespace(line=line, offset=offset)
        ended = len(moved) < max(1, max_pages)
        return SimpleNamespace(rows=len(moved), pages=len(moved), next=place, ended=ended)


def _expect(options: dict[str, Any], columns: list[str]) -> None:
    missing = [name for name in options.get("expected_columns", []) if name not in columns]
    if missing:
        raise Error.data(f"{options['source']}: the header lacks {', '.join(missing)}", "csv_header")


def _at(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and part.isdecimal():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _send(_: Any, request: Any) -> Any:
    host = current.host
    asked = Request(request.method.name, request.path, dict(request.query), dict(request.headers), request.body)
    host.requests.append(asked)
    if host.answer is None:
        raise Error.transient("the test gave the host no answer", "connection_unreachable")
    status, headers, body = host.answer(asked)
    return SimpleNamespace(status=status, headers=list(headers.items()), body=_Reader(body))


def _asked(_: Any, statement: str, params: str) -> list[dict[str, Any]]:
    host = current.host
    host.asked.append((statement, json.loads(params)))
    if statement not in host.queries:
        raise Error("config", f"the test gave no rows for {statement}")
    found: list[dict[str, Any]] = host.queries[statement]
    return found


def _log_of(log: str) -> Any:
    """The log of the current host, which must be asked for as the platform wants it."""
    _only(json.loads(log), ("slot", "publication"))
    if current.host.log is None:
        raise Error.config("/config", "the test gave the host no log")
    return current.host.log


def _only(given: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    for name in given:
        if name not in known:
            raise Error.bug(f"what changes are asked of has no {name!r}; there are {', '.join(known)}")
    return given


def _changes(_: Any, log: str, tables: str, since: str, until: str) -> _Paged:
    """A page without a row first, as a log with changes of other tables has them, then a row to each."""
    found = _log_of(log)
    columns: dict[str, list[str]] = {}
    for table in json.loads(tables):
        _only(table, ("schema", "table", "columns", "key"))
        columns[table["table"]] = table.get("columns") or []
    if not columns:
        raise Error.bug("changes of no table are asked for")
    rows = [_cut_to(columns[row["_change_table"]], row) for row in found.between(since, until, columns)]
    return _Paged([([], {"_change_position": since}), *(([row], row) for row in rows)])


def _cut_to(columns: list[str], row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in row if not columns or name in columns or name.startswith("_change_")}


def _file(path: str) -> bytes:
    data: bytes | None = current.host.files.get(path)
    if data is None:
        raise Error("not_found", f"{path} does not exist", code="source_not_found")
    return data


def _entry(path: str) -> Any:
    return SimpleNamespace(path=path, size=len(_file(path)), modified_ms=1_780_000_000_000, version=None)


def _open(_: Any, path: str, offset: int, version: str | None) -> Any:
    return _Reader(_file(path)[offset:], offset)


def _open_entry(_: Any, entry: Any, offset: int) -> Any:
    if entry.size != len(_file(entry.path)):
        raise Error("transient", f"{entry.path} is another file by now", code="file_changed")
    return _Reader(_file(entry.path)[offset:], offset)


def _list(_: Any, folder: str, recursive: bool, page: str | None) -> Any:
    below = folder.rstrip("/")

    def lies_in(path: str) -> bool:
        return path.startswith(f"{below}/") if recursive else path.rsplit("/", 1)[0] == below

    inside = [path for path in sorted(current.host.files) if lies_in(path)]
    return SimpleNamespace(entries=[_entry(path) for path in inside], next=None)


def _checkpoint(state: str) -> None:
    out = current.host.out
    out.checkpoints.append(json.loads(state))
    out.covered.append(len(out.rows))


def _flush() -> None:
    out = current.host.out
    out.flushed.append(len(out.checkpoints))


def _emit(batch: Any) -> None:
    current.host.hand_over([json.loads(line) for line in batch.data.splitlines() if line])


def _log(level: Any, message: str, fields: list[tuple[str, str]]) -> None:
    current.host.lines.append(" ".join([level.name.lower(), message, *(f"{k}={v}" for k, v in fields)]))


def _observe(name: str, kind: Any, value: float, labels: list[tuple[str, str]]) -> None:
    current.host.figures.append((kind.name.lower(), name, value, dict(labels)))


def _module(name: str, **members: Any) -> None:
    module = ModuleType(name)
    for member, value in members.items():
        setattr(module, member, value)
    sys.modules[name] = module


def install() -> None:
    """Puts a `wit_world` in place that leads to the current host."""
    connection = SimpleNamespace(label=lambda: "test", base_url=lambda: current.host.base_url)
    _module("wit_world", __path__=[])
    _module("wit_world.imports", __path__=[])
    _module(
        "wit_world.imports.types",
        Batch=lambda stream, encoding, rows, data: SimpleNamespace(stream=stream, rows=rows, data=data),
        Encoding=Enum("Encoding", ["NDJSON"]),
        ErrorKind=Enum("ErrorKind", [kind.upper() for kind in KINDS]),
    )
    _module("wit_world.imports.log", Level=Enum("Level", ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]), log=_log)
    _module("wit_world.imports.metrics", Kind=Enum("Kind", ["COUNTER", "GAUGE", "HISTOGRAM"]), observe=_observe)
    _module(
        "wit_world.imports.control",
        stopping=lambda: current.host.stopping,
        now_ms=lambda: current.host.now_ms,
        sleep_ms=lambda ms: None,
    )
    _module("wit_world.imports.connections", get=lambda label: connection)
    _module(
        "wit_world.imports.http",
        Method=Enum("Method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
        Request=lambda *given: SimpleNamespace(
            **dict(zip(("method", "path", "query", "headers", "body", "key", "timeout"), given, strict=True))
        ),
        send=_send,
    )
    _module(
        "wit_world.imports.files",
        list=_list,
        stat=lambda connection, path: _entry(path),
        open=_open,
        open_entry=_open_entry,
        Entry=lambda path, size, modified_ms, version: SimpleNamespace(
            path=path, size=size, modified_ms=modified_ms, version=version
        ),
    )
    _module(
        "wit_world.imports.sql",
        speaks=lambda connection: SimpleNamespace(name="POSTGRES"),
        query=lambda *given: _Paged([([row], row) for row in _asked(*given)]),
        fetch=lambda *given: json.dumps(_asked(*given)),
    )
    _module(
        "wit_world.imports.changes",
        end=lambda connection, log: _log_of(log).end(),
        start=lambda connection, log: _log_of(log).end(),
        read=_changes,
        release=lambda connection, log, until: _log_of(log).release(until),
    )
    _module("wit_world.imports.tcp", connect=_connect)
    _module("wit_world.imports.io")
    _module(
        "wit_world.imports.codec",
        decode=lambda reader, format, options: _Rows(reader, format, json.loads(options)),
    )
    _module(
        "wit_world.imports.output",
        emit=_emit,
        pipe=lambda stream, rows, max_pages: rows.pipe(max_pages),
        checkpoint=_checkpoint,
        flush=_flush,
    )
