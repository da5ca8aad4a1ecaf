"""What crosses between a connector's class and the contract, whichever export it is: the configuration typed on its
way in, errors on their way out.

Invariant: nothing that the connector raises traps: an `Error` goes to the host as it is, anything else as the
connector's own mistake with its place, and its traceback goes into the log.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from . import config as configuration
from .contract import imported, raising
from .errors import Error
from .source import Source
from .target import Target

T = TypeVar("T")


class Unfit(TypeError):
    """What an author has to correct in an exported class, in a line."""


def config_type(connector: type) -> type:
    """The `Config` of `class X(Source[Config])` or `class X(Target[Config])`."""
    for kind in connector.__mro__:
        for base in vars(kind).get("__orig_bases__", ()):
            if typing.get_origin(base) in (Source, Target):
                found = typing.get_args(base)[0]
                if isinstance(found, type):
                    return found
    base = "Target" if issubclass(connector, Target) else "Source"
    raise Unfit(f"write class {connector.__name__}({base}[Config]) with the dataclass of its configuration")


def typed(connector: type, text: str) -> Any:
    """The configuration that the host hands over."""
    return configuration.parse(config_type(connector), text)


def to_text(value: Any) -> str | None:
    """An optional JSON value as the contract has it."""
    return None if value is None else json.dumps(value)


def from_text(text: str | None) -> Any:
    """An optional JSON value of the contract."""
    return None if text is None else json.loads(text)


def answered(work: Callable[[], T]) -> T:
    """Does the work of an export."""
    try:
        return work()
    except Error as error:
        raise _err(error) from None
    except Exception as error:
        places = _places(error)
        _tell("\n".join([f"{type(error).__name__}: {error}", *places]))
        raise _err(Error.bug(f"{type(error).__name__}: {error} ({places[-1]})")) from None


def _places(error: Exception) -> list[str]:
    """Where it came from. By hand: module `traceback` looks for the source files, and there are none."""
    places: list[str] = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}, line {step.tb_lineno}, in {code.co_name}")
        step = step.tb_next
    return places


def _err(error: Error) -> Exception:
    types = imported("types")
    kind = types.ErrorKind[error.kind.upper()]
    value = types.Error(kind, error.code, error.message, error.field, error.retry_after_ms)
    raised: Exception = raising()(value)
    return raised


def _tell(text: str) -> None:
    try:
        log = imported("log")
    except ImportError:
        return
    log.log(log.Level.ERROR, text, [])
