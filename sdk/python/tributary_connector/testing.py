"""A host in memory, for an author's own tests in plain Python. Import it before the connector.

    from tributary_connector import testing
    import connector

    host = testing.Host(answer=lambda request: (200, {}, b'{"orders": []}'))
    read = host.read(connector.Orders, {"page_size": 2}, "orders")
    outcomes = host.deliver(connector.Invoices, {}, [{"number": "4711"}])

It decodes JSON, NDJSON and CSV as simple as can be; what the platform does with bad bytes is for
`tributary connector test`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import config as configuration
from .boundary import config_type
from .conclusion import Document, Written
from .errors import Error
from .lookup import Finding, Inquiry
from .source import Selection, Step, Stream
from .target import Batch, Call, Outcome, Response
from .testing_contract import Request, current, install

__all__ = ["Answer", "DatabaseLog", "Host", "Read", "Request", "Server"]


@dataclass
class Read:
    """What came out of a read."""

    rows: list[Any] = field(default_factory=list)
    checkpoints: list[Any] = field(default_factory=list)
    # how many rows had been handed over at each checkpoint
    covered: list[int] = field(default_factory=list)
    # how many checkpoints there were at each flush: these were durable
    flushed: list[int] = field(default_factory=list)


Answer = Callable[[Request], tuple[int, dict[str, str], bytes]]
# What was sent over a socket since the last answer, and what comes then; of nothing: a greeting.
Server = Callable[[bytes], bytes]


class Host:
    """Answers requests and queries, holds files and a database's log. `base_url` is the connection's."""

    def __init__(
        self,
        *,
        answer: Answer | None = None,
        files: dict[str, bytes] | None = None,
        queries: dict[str, list[dict[str, Any]]] | None = None,
        log: Iterable[dict[str, Any]] | None = None,
        server: Server | None = None,
        base_url: str = "https://api.test/",
    ) -> None:
        self.answer = answer
        self.files = files or {}
        # rows by statement; parameters are in `asked`
        self.queries = queries or {}
        self.asked: list[tuple[str, list[Any]]] = []
        # what `changes` is asked of
        self.log = None if log is None else DatabaseLog(log)
        self.server = server
        self.base_url = base_url
        self.requests: list[Request] = []
        self.lines: list[str] = []
        # what `metrics` was told: kind, name, value, labels
        self.figures: list[tuple[str, str, float, dict[str, str]]] = []
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

    def prepare(self, connector: Any, config: Any, rows: Sequence[Any]) -> list[Call]:
        """The calls for rows, which are JSON values, or bytes as they come; their keys are `key-0`, `key-1` and so
        on.
        """
        calls = list(self._enter(connector).prepare(self._typed(connector, config), _batch(rows)))
        _each_once("prepare", [row for call in calls for row in call.rows], range(len(rows)))
        return calls

    def settle(self, connector: Any, config: Any, call: Call, response: Response) -> dict[int, Outcome]:
        """The outcome of each row of a call."""
        given = replace(call, body=b"", context=_through_text(call.context))
        outcomes = dict(self._enter(connector).settle(self._typed(connector, config), given, response))
        _each_once("settle", list(outcomes), call.rows)
        return outcomes

    def deliver(self, connector: Any, config: Any, rows: Sequence[Any]) -> dict[int, Outcome]:
        """Prepares rows, sends each call once to `answer`, and settles: the outcome of each row."""
        outcomes: dict[int, Outcome] = {}
        for call in self.prepare(connector, config, rows):
            key = [] if call.idempotency_key is None else [("idempotency-key", call.idempotency_key)]
            response = self._sent(call.method, call, [*call.headers, *key], call.body)
            outcomes |= self.settle(connector, config, call, response)
        return dict(sorted(outcomes.items()))

    def inquire(self, connector: Any, config: Any, rows: Sequence[Any]) -> list[Inquiry]:
        """The inquiries for rows, which have the keys that `prepare` gives them."""
        inquiries = list(self._enter(connector).inquire(self._typed(connector, config), _batch(rows)))
        _each_once("inquire", [row for inquiry in inquiries for row in inquiry.rows], range(len(rows)))
        return inquiries

    def judge(self, connector: Any, config: Any, inquiry: Inquiry, answer: Response) -> dict[int, Finding]:
        """The finding for each row of an inquiry."""
        given = replace(inquiry, context=_through_text(inquiry.context))
        findings = dict(self._enter(connector).judge(self._typed(connector, config), given, answer))
        _each_once("judge", list(findings), inquiry.rows)
        return findings

    def ask(self, connector: Any, config: Any, rows: Sequence[Any]) -> dict[int, Finding]:
        """Asks `answer` for rows, as the platform does before it sends again: the finding for each."""
        findings: dict[int, Finding] = {}
        for inquiry in self.inquire(connector, config, rows):
            response = self._sent("GET", inquiry, inquiry.headers, None)
            findings |= self.judge(connector, config, inquiry, response)
        return dict(sorted(findings.items()))

    def conclude(self, connector: Any, config: Any, written: Sequence[Written], run: str = "run_1") -> list[Document]:
        """The documents at the end of a run."""
        return list(self._enter(connector).conclude(self._typed(connector, config), run, written))

    def _sent(
        self, method: str, asked: Call | Inquiry, headers: list[tuple[str, str]], body: bytes | None
    ) -> Response:
        self.requests.append(Request(method, asked.path, dict(asked.query), dict(headers), body))
        if self.answer is None:
            raise Error.transient("the test gave the host no answer", "connection_unreachable")
        status, answered, said = self.answer(self.requests[-1])
        return Response(status, list(answered.items()), said)

    def _enter(self, connector: Any) -> Any:
        current.host = self
        return connector()

    def _typed(self, connector: Any, config: Any) -> Any:
        return configuration.parse(config_type(connector), json.dumps(config))

    def hand_over(self, rows: list[Any]) -> None:
        """What `pipe` and `emit` do."""
        if self.break_after is not None and len(self.out.rows) + len(rows) > self.break_after:
            raise Error("cancelled", "the rows are not wanted any more")
        self.out.rows.extend(rows)


class DatabaseLog:
    """Changes of a database in the order of their commits: rows with `_change_op`, `_change_table` and
    `_change_position`, which those of one transaction share. Its end after n changes is the position `end-n`.
    """

    def __init__(self, changes: Iterable[dict[str, Any]] = ()) -> None:
        self.changes: list[dict[str, Any]] = []
        # positions that a connector gave free; what comes before the last is gone
        self.released: list[str] = []
        self._first = 0
        self.add(*changes)

    def add(self, *changes: dict[str, Any]) -> None:
        """What happens next."""
        for change in changes:
            for name in ("_change_op", "_change_table", "_change_position"):
                if not isinstance(change.get(name), str):
                    raise ValueError(f"a change needs {name}: {change}")
            self.changes.append({"_change_time": "2026-01-02T03:04:05Z", "_change_unchanged": None, **change})

    def end(self) -> str:
        return f"end-{len(self.changes)}"

    def between(self, since: str, until: str, tables: Collection[str]) -> list[dict[str, Any]]:
        rows = self.changes[self._place(since) : self._place(until)]
        return [row for row in rows if row["_change_table"] in tables]

    def release(self, until: str) -> None:
        self._first = max(self._first, self._place(until))
        self.released.append(until)

    def _place(self, position: str) -> int:
        """How many changes come before it."""
        places = {f"end-{number}": number for number in range(len(self.changes) + 1)}
        for number, change in reversed(list(enumerate(self.changes))):
            places[change["_change_position"]] = number
        if places.get(position, -1) < self._first:
            raise Error.data(f"the log does not have the position {position!r} (any more)", "changes_gone")
        return places[position]


def _batch(rows: Sequence[Any]) -> Batch:
    lines = [row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() for row in rows]
    return Batch("records", lines, [f"key-{number}" for number in range(len(rows))])


def _each_once(function: str, rows: list[int], wanted: Sequence[int]) -> None:
    """What the platform refuses of a connector, refused in a test."""
    if sorted(rows) != sorted(wanted):
        raise AssertionError(f"{function} has the rows {rows}; it must have each of {list(wanted)} once")


def _through_text(context: Any) -> Any:
    """As it comes back: by way of JSON."""
    return None if context is None else json.loads(json.dumps(context))


current.host = Host()
install()
