"""Decoded rows that stay in the host: `decode` hands bytes to a native decoder, `pipe` moves rows on. They
never enter this memory, so a connector in Python is as fast as one in Rust here.
"""

from __future__ import annotations

import json
from typing import Any

from .contract import imported
from .errors import Error, from_host
from .reader import Reader
from .row_handle import Piped, Rows

__all__ = ["Piped", "Rows", "decode"]

_codec = imported("codec")


def decode(reader: Reader, format: str, **options: Any) -> Rows:
    """Hands the bytes to a native decoder. Give `source`, the name by which people call the bytes.

    - `csv`: `delimiter`, `quote`, `encoding`, `header`, `columns`, `expected_columns`, `start`; delimiter and
      encoding that are left out are found out from the first bytes (a comma and UTF-8 when `start` is inside)
    - `json`: `records`, the JSON Pointer to the array of rows
    - `ndjson`: `start`
    """
    if "source" not in options:
        raise Error.bug("decode needs `source`: a file's path or a request")
    return _decode(reader, format, json.dumps(options))


@from_host
def _decode(reader: Reader, format: str, options: str) -> Rows:
    return Rows(_codec.decode(reader.taken(), format, options))
