"""What an API target implements: two pure functions. The host sends, retries, keeps receipts.

Rows are bytes, one JSON text each. Paste them into the body as they are: read and written again, a number may
lose digits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from .source import Step

Config = TypeVar("Config")
Said = TypeVar("Said")


@dataclass(frozen=True)
class Batch:
    """Rows to send; `keys` has one idempotency key per row, the same at every attempt."""

    stream: str
    rows: list[bytes]
    keys: list[str]


@dataclass
class Call:
    """A request. Each row of the batch is in exactly one, counted from 0."""

    method: str
    path: str
    body: bytes
    rows: list[int]
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=lambda: [("content-type", "application/json")])
    # sent as header `Idempotency-Key`
    idempotency_key: str | None = None
    # any JSON value, given back to `settle`; the host does not read it
    context: Any = None


@dataclass(frozen=True)
class Response:
    """The answer to a call or to an inquiry."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def retry_after_ms(self) -> int | None:
        """`Retry-After` in seconds; the date form is passed over."""
        told = (self.header("retry-after") or "").strip()
        return min(int(told) * 1000, 86_400_000) if told.isdecimal() else None


@dataclass(frozen=True)
class Delivered:
    """The row has arrived. `detail`, a dict, is shown in the report."""

    external_id: str | None = None
    detail: dict[str, Any] | None = None


@dataclass(frozen=True)
class Rejected:
    """The target refuses the row, with its own code and message. `field` is a JSON Pointer into the row."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True)
class Retry:
    """Send again. `kind`: `transient` (wait with backoff), `rate_limited` (wait `retry_after_ms`), `split` (the
    call as a whole was refused: send halves to find the row to blame).
    """

    kind: str
    message: str
    retry_after_ms: int | None = None


Outcome = Delivered | Rejected | Retry


class _OfRows(Protocol):
    """A call or an inquiry."""

    rows: list[int]


def all_rows(call: _OfRows, outcome: Said) -> dict[int, Said]:
    """The same outcome for all rows of a call, the same finding for all rows of an inquiry."""
    return {row: outcome for row in call.rows}


class Target(ABC, Generic[Config]):
    """An API target."""

    @abstractmethod
    def check(self, config: Config) -> Sequence[Step]:
        """Tries the connection; changes nothing on the other side. Raises only if it could not be tried."""

    @abstractmethod
    def prepare(self, config: Config, batch: Batch) -> Sequence[Call]:
        """Turns a batch into calls. Pure: the same batch gives the same calls."""

    @abstractmethod
    def settle(self, config: Config, call: Call, response: Response) -> dict[int, Outcome]:
        """One outcome for each row of the call; `call.body` is empty here. Raises an `Error` for an answer that
        can't be understood (code `target_answer`) or that concerns every call (kind `auth`).
        """
