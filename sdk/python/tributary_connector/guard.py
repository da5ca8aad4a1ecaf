"""What a connector does not have. WASI is stubbed, so a touch of the clock, of chance or of stdout would end in
an `unreachable` without a word. This puts the word there.
"""

from __future__ import annotations

import random
import secrets
import sys
import time
from typing import Any, TextIO

from .contract import imported


class _Lines:
    """stdout and stderr: whole lines go to the run's log."""

    def __init__(self, level: str) -> None:
        self._level = level
        self._line = ""

    def write(self, text: str) -> int:
        self._line += text
        while "\n" in self._line:
            line, self._line = self._line.split("\n", 1)
            self._tell(line)
        return len(text)

    def flush(self) -> None:
        """Lines are told when they are whole."""

    def _tell(self, line: str) -> None:
        try:
            log = imported("log")
        except ImportError:
            return
        log.log(log.Level[self._level], line, [])


def install() -> None:
    """Replaces what would trap. Done while the component is built, so that it lies in its snapshot."""
    sys.stdout = _as_text(_Lines("INFO"))
    sys.stderr = _as_text(_Lines("WARN"))
    for name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep"):
        setattr(time, name, _refused(f"time.{name}", "use tributary_connector.control"))
    for name in ("random", "randint", "randrange", "choice", "shuffle", "uniform", "getrandbits"):
        setattr(random, name, _refused(f"random.{name}", "there is no chance: a rebuild alone would change it"))
    for name in ("token_bytes", "token_hex", "token_urlsafe"):
        setattr(secrets, name, _refused(f"secrets.{name}", "there is no chance in a connector"))


def _as_text(lines: Any) -> TextIO:
    text: TextIO = lines
    return text


def _refused(name: str, instead: str) -> Any:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError(f"{name}() does not exist in a connector: {instead}")

    return refuse
