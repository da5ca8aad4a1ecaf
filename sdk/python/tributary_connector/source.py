"""What a source implements."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from .errors import Error

Config = TypeVar("Config")


@dataclass(frozen=True)
class Step:
    """One step of a check, for a person. No step follows one that failed."""

    name: str
    ok: bool
    message: str

    @classmethod
    def passed(cls, name: str, message: str) -> Step:
        return cls(name, True, message)

    @classmethod
    def failed(cls, name: str, error: Error) -> Step:
        return cls(name, False, error.message)


@dataclass(frozen=True)
class Stream:
    """A stream that can be read. `schema` is the JSON Schema of one row."""

    name: str
    schema: dict[str, Any]
    primary_key: list[str] = field(default_factory=list)
    cursor_field: str | None = None
    full: bool = True
    incremental: bool = False
    partitioned: bool = False


@dataclass(frozen=True)
class Selection:
    """What to read."""

    stream: str
    incremental: bool
    # as `partitions` answered it
    partition: Any
    # the text of the host; see the two functions
    state: str | None = None

    def checkpoint(self) -> Any:
        """In `read`: the last checkpoint of this partition in this run, or None."""
        return None if self.state is None else json.loads(self.state)

    def checkpoints(self) -> list[Any]:
        """In `partitions`: the last checkpoints of the partitions of earlier runs."""
        state = self.checkpoint()
        if state is None:
            return []
        return state if isinstance(state, list) else [state]


class Source(ABC, Generic[Config]):
    """A source. The functions get their configuration typed; what does not fit is refused before.

    A partition is any JSON value. An object with a member `key` keeps its checkpoint under that name from run
    to run.
    """

    @abstractmethod
    def check(self, config: Config) -> Sequence[Step]:
        """Tries the connection; changes nothing on the other side. Raises only if it could not be tried."""

    @abstractmethod
    def discover(self, config: Config) -> Sequence[Stream]:
        """The streams there are."""

    def partitions(self, config: Config, selection: Selection) -> Sequence[Any]:
        """What can be read side by side; the stream as a whole if nothing else is said."""
        return [{"stream": selection.stream}]

    @abstractmethod
    def read(self, config: Config, selection: Selection) -> None:
        """Reads one partition: pipe rows, and a checkpoint after each page."""
