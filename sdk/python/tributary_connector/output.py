"""Rows that the connector made itself, and checkpoints. Calls block in the host: that is the back-pressure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass
from typing import Any

from .contract import imported
from .errors import from_host

_contract = imported("output")

# The host takes 4 MiB and 10,000 rows at most in one batch.
BATCH_BYTES = 1 << 20
BATCH_ROWS = 5_000


def emit(stream: str, rows: Iterable[Any]) -> int:
    """Hands over rows that were made here, each any JSON value, in batches. Gives their number."""
    lines: list[bytes] = []
    size = total = 0
    for row in rows:
        line = row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode()
        if lines and (size + len(line) > BATCH_BYTES or len(lines) >= BATCH_ROWS):
            _emit(stream, lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line) + 1
        total += 1
    if lines:
        _emit(stream, lines)
    return total


@from_host
def checkpoint(state: Any) -> None:
    """All rows handed over so far are covered by this state (a dataclass or any JSON value, at most 1 MiB).
    Rows and state become durable together, in order and soon after; `flush` waits for it.
    """
    plain = asdict(state) if is_dataclass(state) and not isinstance(state, type) else state
    _contract.checkpoint(json.dumps(plain, ensure_ascii=False))


@from_host
def flush() -> None:
    """Returns when everything up to the last checkpoint is durable. Before it, the source's copy must not go: a read
    that breaks is called again with an earlier checkpoint.
    """
    _contract.flush()


@from_host
def _emit(stream: str, lines: list[bytes]) -> None:
    types = imported("types")
    data = b"\n".join(lines) + b"\n"
    _contract.emit(types.Batch(stream, types.Encoding.NDJSON, len(lines), data))
