"""Rows that stay in the host, whoever made them: a decoder (`rows`) or a query (`sql`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .contract import imported
from .errors import from_host


@dataclass(frozen=True)
class Piped:
    """What one `pipe` moved, and where the next row starts."""

    rows: int
    pages: int
    line: int
    offset: int
    ended: bool


class Rows:
    """A handle to rows."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    @from_host
    def columns(self) -> list[str]:
        """Column names of delimited text."""
        return list(json.loads(self._handle.schema()).get("columns", []))

    @from_host
    def probe(self, pointer: str) -> str | None:
        """The scalar at a JSON Pointer of the document as text, for example a next-page token. JSON only.

        Of a query: of the last row that was moved on.
        """
        found: str | None = self._handle.probe(pointer)
        return found

    @from_host
    def pluck(self, pointer: str) -> list[str | None]:
        """One scalar field (JSON Pointer within a row) of all rows, in order. JSON only."""
        return list(self._handle.pluck(pointer))

    @from_host
    def pipe(self, stream: str, max_pages: int = 1) -> Piped:
        """Moves at most `max_pages` pages (each at most 1 MiB, or one row) on. Only while reading."""
        piped = imported("output").pipe(stream, self._handle, max_pages)
        place = piped.next
        return Piped(int(piped.rows), int(piped.pages), int(place.line), int(place.offset), bool(piped.ended))

    def pipe_all(self, stream: str) -> int:
        """Moves all rows on; for one answer of an API. Gives their number."""
        total = 0
        while True:
            piped = self.pipe(stream, 100)
            total += piped.rows
            if piped.ended:
                return total
