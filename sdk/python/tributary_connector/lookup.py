"""What a target implements beside `Target` if it can be asked whether a record is there: two pure functions.

The host asks before it sends what may have been done already. `delivery` in `connector.json` says when: the
capability `lookup`, for a target that knows no key again, or `lookup_after_window`, for one whose memory for keys
may be over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .target import Batch, Response

Config = TypeVar("Config")


@dataclass
class Inquiry:
    """A GET that changes nothing. Each row of the batch is in exactly one, counted from 0."""

    path: str
    rows: list[int]
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=lambda: [("accept", "application/json")])
    # any JSON value, given back to `judge`; the host does not read it
    context: Any = None


@dataclass(frozen=True)
class There:
    """It was done: this very record is there. `detail`, a dict, is shown in the report."""

    external_id: str | None = None
    detail: dict[str, Any] | None = None


@dataclass(frozen=True)
class Absent:
    """It was not done, so it is sent. Only for a status or an answer that says so."""


@dataclass(frozen=True)
class Unclear:
    """Something is there, and it does not tell whether it is this record. The row stays uncertain, and a person
    reads the message. Always right when in doubt.
    """

    message: str


@dataclass(frozen=True)
class Later:
    """The target cannot say now."""

    message: str
    retry_after_ms: int | None = None


Finding = There | Absent | Unclear | Later


class Ask(ABC, Generic[Config]):
    """A target that can be asked: `class X(Target[Config], Ask[Config])`."""

    @abstractmethod
    def inquire(self, config: Config, batch: Batch) -> Sequence[Inquiry]:
        """The requests that ask for the rows; `batch.keys` are those that they were sent under. Pure: the same
        batch gives the same inquiries.
        """

    @abstractmethod
    def judge(self, config: Config, inquiry: Inquiry, answer: Response) -> dict[int, Finding]:
        """One finding for each row of the inquiry. Raises an `Error` for an answer that can't be understood (code
        `target_answer`) or that concerns every call (kind `auth`).
        """
