"""A host in memory, for an author's own tests in plain Python. Import it before the connector.

    from tributary_connector import testing
    import connector

    host = testing.Host(answer=lambda request: (200, {}, b'{"orders": []}'))
    read = host.read(connector.Orders, {"page_size": 2}, "orders")

It decodes JSON, NDJSON and CSV as simple as can be; what the platform does with bad bytes is for
`tributary connector test`.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import ModuleType, SimpleNamespace
from typing import Any

from . import config as configuration
from .errors import KINDS, Error
from .export import config_type
from .source import Selection, Step, Stream


@dataclass
class Request:
    """What a connector asked for."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes | None


@dataclass
class Read:
    """What came out of a read."""

    rows: list[Any] = field(default_factory=list)
    checkpoints: list[Any] = field(default_factory=list)
    # how many rows had been handed over at each checkpoint
    covered: list[int] = field(default_factory=list)


Answer = Callable[[Request], tuple[int, dict[str, str], bytes]]
# What was sent over a socket since the last answer, and what comes then; of nothing: a greeting.
Server = Callable[[bytes], bytes]


class Host:
    """Answers requests and queries and holds files. `base_url` is the connection's."""

    def __init__(
        self,
        *,
        answer: Answer | None = None,
        files: dict[str, bytes] | None = None,
        queries: dict[str, list[dict[str, Any]]] | None = None,
        server: Server | None = None,
        base_url: str = "https://api.test/",
    ) -> None:
        self.answer = answer
        self.files = files or {}
        # rows by statement; parameters are in `asked`
        self.queries = queries or {}
        self.asked: list[tuple[str, list[Any]]] = []
        self.server = server
        self.base_url = base_url
        self.requests: list[Request] = []
        self.lines: list[str] = []
        self.now_ms = 1_790_000_000_000
        self.stopping = False
        # rows until the host says that they are not wanted any more: a crash at that place
        self.break_after: int | None = None
        self.out = Read()

    def check(self, connector: Any, config: Any) -> list[Step]:
        return list(self._enter(connector).check(self._typed(connector, config)))

    def discover(self, connector: Any, config: Any) -> list[Stream]:
        return list(self._enter(connector).discover(self._typed(connector, config)))

    def partitions(self, connector: Any, config: Any, stream: str, states: list[Any] | None = None) -> list[Any]:
        """As at the start of a run; `states` are the checkpoints of earlier runs."""
        state = None if states is None else json.dumps(states)
        selection = Selection(stream, states is not None, None, state)
        return list(self._enter(connector).partitions(self._typed(connector, config), selection))

    def read(self, connector: Any, config: Any, stream: str, *, partition: Any = None, checkpoint: Any = None) -> Read:
        """Reads a partition (the first if none is given), from a checkpoint on."""
        if partition is None:
            partition = self.partitions(connector, config, stream)[0]
        state = None if checkpoint is None else json.dumps(checkpoint)
        selection = Selection(stream, False, json.loads(json.dumps(partition)), state)
        self.out = Read()
        self._enter(connector).read(self._typed(connector, config), selection)
        return self.out

    def _enter(self, connector: Any) -> Any:
        _current.host = self
        return connector()

    def _typed(self, connector: Any, config: Any) -> Any:
        return configuration.parse(config_type(connector), json.dumps(config))

    def hand_over(self, rows: list[Any]) -> None:
        """What `pipe` and `emit` do."""
        if self.break_after is not None and len(self.out.rows) + len(rows) > self.break_after:
            raise Error("cancelled", "the rows are not wanted any more")
        self.out.rows.extend(rows)


_current = SimpleNamespace(host=Host())


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


class _Answer:
    """The rows of a query, one to a page."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows
        self._next = 0

    def probe(self, pointer: str) -> str | None:
        return _text(_at(self._rows[self._next - 1], pointer)) if self._next else None

    def pipe(self, max_pages: int) -> Any:
        moved = self._rows[self._next : self._next + max(1, max_pages)]
        _current.host.hand_over(moved)
        self._next += len(moved)
        place = SimpleNamespace(line=self._next + 1, offset=0)
        ended = len(moved) < max(1, max_pages)
        return SimpleNamespace(rows=len(moved), pages=len(moved), next=place, ended=ended)


class _Socket:
    """Ends when the server has nothing to say."""

    def __init__(self) -> None:
        self._sent = b""
        self._came = b""

    def read(self, most: int) -> bytes:
        if not self._came:
            self._came, self._sent = _current.host.server(self._sent), b""
        piece, self._came = self._came[:most], self._came[most:]
        return piece

    def write(self, data: bytes) -> None:
        self._sent += data

    def __exit__(self, *_: object) -> None:
        pass


def _connect(_: Any) -> _Socket:
    if _current.host.server is None:
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
        _current.host.hand_over([row for row, _ in moved])
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
    host = _current.host
    asked = Request(request.method.name, request.path, dict(request.query), dict(request.headers), request.body)
    host.requests.append(asked)
    if host.answer is None:
        raise Error.transient("the test gave the host no answer", "connection_unreachable")
    status, headers, body = host.answer(asked)
    return SimpleNamespace(status=status, headers=list(headers.items()), body=_Reader(body))


def _asked(_: Any, statement: str, params: str) -> list[dict[str, Any]]:
    host = _current.host
    host.asked.append((statement, json.loads(params)))
    if statement not in host.queries:
        raise Error("config", f"the test gave no rows for {statement}")
    found: list[dict[str, Any]] = host.queries[statement]
    return found


def _file(path: str) -> bytes:
    data: bytes | None = _current.host.files.get(path)
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

    inside = [path for path in sorted(_current.host.files) if lies_in(path)]
    return SimpleNamespace(entries=[_entry(path) for path in inside], next=None)


def _checkpoint(state: str) -> None:
    out = _current.host.out
    out.checkpoints.append(json.loads(state))
    out.covered.append(len(out.rows))


def _emit(batch: Any) -> None:
    _current.host.hand_over([json.loads(line) for line in batch.data.splitlines() if line])


def _log(level: Any, message: str, fields: list[tuple[str, str]]) -> None:
    _current.host.lines.append(" ".join([level.name.lower(), message, *(f"{k}={v}" for k, v in fields)]))


def _module(name: str, **members: Any) -> None:
    module = ModuleType(name)
    for member, value in members.items():
        setattr(module, member, value)
    sys.modules[name] = module


def _install() -> None:
    """Puts a `wit_world` in place that leads to the current host."""
    connection = SimpleNamespace(label=lambda: "test", base_url=lambda: _current.host.base_url)
    _module("wit_world", __path__=[])
    _module("wit_world.imports", __path__=[])
    _module(
        "wit_world.imports.types",
        Batch=lambda stream, encoding, rows, data: SimpleNamespace(stream=stream, rows=rows, data=data),
        Encoding=Enum("Encoding", ["NDJSON"]),
        ErrorKind=Enum("ErrorKind", [kind.upper() for kind in KINDS]),
    )
    _module("wit_world.imports.log", Level=Enum("Level", ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]), log=_log)
    _module(
        "wit_world.imports.control",
        stopping=lambda: _current.host.stopping,
        now_ms=lambda: _current.host.now_ms,
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
        query=lambda *given: _Answer(_asked(*given)),
        fetch=lambda *given: json.dumps(_asked(*given)),
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
    )


_install()
