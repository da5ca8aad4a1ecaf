"""What a target implements beside `Target` if it leaves a word at the end of a run, such as a list of what it made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Config = TypeVar("Config")


@dataclass(frozen=True)
class Written:
    """One thing that came to be at the target, with the number of its records in this run."""

    external_id: str
    rows: int
    # of the first of them, as `settle` answered it
    detail: dict[str, Any] | None = None


@dataclass(frozen=True)
class Document:
    """What the host then puts there (`PUT` on the connection), over what was there under that path."""

    path: str
    content: bytes


class Conclude(ABC, Generic[Config]):
    """A target with a last word: `class X(Target[Config], Conclude[Config])`."""

    @abstractmethod
    def conclude(self, config: Config, run: str, written: Sequence[Written]) -> Sequence[Document]:
        """What is put at the target once all records of the run have an end state. It may be asked again: the same
        run must get the same paths, whatever was written, so make them of `run` and the configuration alone.
        `written` is in the order of the external ids.
        """
