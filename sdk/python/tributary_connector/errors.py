"""Errors. The kind decides what the platform does next, so choose it with care: only `transient` and
`rate_limited` are tried again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# In the contract's order.
KINDS = (
    "config",
    "auth",
    "not_found",
    "transient",
    "rate_limited",
    "data",
    "unsupported",
    "denied",
    "cancelled",
    "bug",
)


class Error(Exception):
    """What went wrong, and by its kind what the platform does next.

    `code` is a stable code of the platform's catalogue if one is more exact than the kind; `field` a JSON
    Pointer into the connection document, for example `/config/folder`.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of error; there are {', '.join(KINDS)}")
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.code = code
        self.field = field
        self.retry_after_ms = retry_after_ms

    @classmethod
    def config(cls, field: str, message: str) -> Error:
        """The configuration must change; `field` is a JSON Pointer into the connection document."""
        return cls("config", message, field=field)

    @classmethod
    def data(cls, message: str, code: str | None = None) -> Error:
        """What the other side sent can't be used."""
        return cls("data", message, code=code)

    @classmethod
    def transient(cls, message: str, code: str | None = None) -> Error:
        """Worth another try."""
        return cls("transient", message, code=code)

    @classmethod
    def rate_limited(cls, message: str, retry_after_ms: int | None = None) -> Error:
        """The other side asks to wait."""
        return cls("rate_limited", message, retry_after_ms=retry_after_ms)

    @classmethod
    def bug(cls, message: str) -> Error:
        """The connector's own mistake."""
        return cls("bug", message)


def from_host(call: Callable[P, R]) -> Callable[P, R]:
    """Lets an error of the host arrive as `Error`."""

    @functools.wraps(call)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except Error:
            raise
        except Exception as raised:
            told = getattr(raised, "value", None)
            kind = getattr(getattr(told, "kind", None), "name", None)
            if kind is None:
                raise
            raise _error(kind.lower(), told) from None

    return wrapped


def _error(kind: str, told: Any) -> Error:
    return Error(
        kind,
        told.message,
        code=told.code,
        field=told.field,
        retry_after_ms=told.retry_after_ms,
    )
