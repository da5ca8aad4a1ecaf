"""Decoded rows that stay in the host: `decode` hands bytes to a native decoder, `pipe` moves rows on. They
never enter this memory, so a connector in Python is as fast as one in Rust here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .contract import imported
from .errors import Error, from_host
from .reader import Reader

_codec = imported("codec")


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
        """The scalar at a JSON Pointer of the document as text, for example a next-page token. JSON only."""
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


def decode(reader: Reader, format: str, **options: Any) -> Rows:
    """Hands the bytes to a native decoder. Give `source`, the name by which people call the bytes.

    - `csv`: `delimiter`, `quote`, `encoding`, `header`, `columns`, `expected_columns`, `start`
    - `json`: `records`, the JSON Pointer to the array of rows
    - `ndjson`: `start`
    """
    if "source" not in options:
        raise Error.bug("decode needs `source`: a file's path or a request")
    return _decode(reader, format, json.dumps(options))


@from_host
def _decode(reader: Reader, format: str, options: str) -> Rows:
    return Rows(_codec.decode(reader.taken(), format, options))
