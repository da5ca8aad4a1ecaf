"""Time, waiting, and whether to come to an end."""

from __future__ import annotations

from .contract import imported

_contract = imported("control")


def stopping() -> bool:
    """Cancelled, or the deadline is near: come to a checkpoint and return. A read is called again with it."""
    return bool(_contract.stopping())


def now_ms() -> int:
    """Milliseconds since 1970-01-01T00:00:00Z."""
    return int(_contract.now_ms())


def sleep_ms(ms: int) -> None:
    """Waits, at most 60,000 ms at a time."""
    _contract.sleep_ms(ms)
