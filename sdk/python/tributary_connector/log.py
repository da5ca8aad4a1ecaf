"""Lines of the run's log; each is cut at 8 KiB, 1 MiB per call is kept."""

from __future__ import annotations

from .contract import imported

_contract = imported("log")


def debug(message: str, **fields: object) -> None:
    _write("DEBUG", message, fields)


def info(message: str, **fields: object) -> None:
    _write("INFO", message, fields)


def warn(message: str, **fields: object) -> None:
    _write("WARN", message, fields)


def error(message: str, **fields: object) -> None:
    _write("ERROR", message, fields)


def _write(level: str, message: str, fields: dict[str, object]) -> None:
    pairs = [(name, str(value)) for name, value in fields.items()]
    _contract.log(_contract.Level[level], message, pairs)
