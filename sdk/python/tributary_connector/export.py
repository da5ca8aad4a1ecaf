"""From the typed classes to the contract's exports.

Invariant: nothing that the connector raises traps: an `Error` goes to the host as it is, anything else as the
connector's own mistake with its place, and its traceback goes into the log.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from . import config as configuration
from . import guard
from .contract import exported, imported, raising
from .errors import Error
from .source import Selection, Source
from .target import Batch, Call, Delivered, Rejected, Response, Retry, Target

T = TypeVar("T")
# What was exported, by role. One module is one connector.
_exported: dict[str, type] = {}


def export_source(source: type[Source[Any]]) -> None:
    """Makes a class the connector's source. To be called once, at the end of the module."""
    _export("source", source, Source)


def export_target(target: type[Target[Any]]) -> None:
    """Makes a class the connector's API target. To be called once, at the end of the module."""
    _export("target", target, Target)


def _export(role: str, connector: type, kind: type) -> None:
    if not issubclass(connector, kind):
        raise TypeError(f"{connector.__name__} is no {kind.__name__}")
    if _exported.setdefault(role, connector) is not connector:
        raise TypeError(f"two classes are exported as {role}")
    config_type(connector)


def exported_class(role: str) -> type | None:
    """What was exported as `source` or `target`; for the build."""
    return _exported.get(role)


def config_type(connector: type) -> type:
    """The `Config` of `class X(Source[Config])`."""
    for base in getattr(connector, "__orig_bases__", ()):
        if typing.get_origin(base) in (Source, Target):
            found = typing.get_args(base)[0]
            if isinstance(found, type):
                return found
    raise TypeError(f"write class {connector.__name__}(Source[Config]) with the dataclass of its configuration")


def exports() -> dict[str, type]:
    """The classes `Base`, `Source`, `Target` that the component is made of."""
    guard.install()
    if not _exported:
        raise TypeError("the module exports nothing: end it with export_source(…) or export_target(…)")
    made: dict[str, type] = {"Base": _base(next(iter(_exported.values())))}
    if "source" in _exported:
        made["Source"] = _source(_exported["source"])
    if "target" in _exported:
        made["Target"] = _target(_exported["target"])
    return made


def _base(connector: type) -> type:
    contract = exported("base")

    class Base:
        def check(self, config: str) -> Any:
            def work() -> Any:
                steps = connector().check(_typed(connector, config))
                return [contract.CheckStep(step.name, step.ok, step.message) for step in steps]

            return _answered(work)

    return Base


def _source(connector: type) -> type:
    contract = exported("source")

    def stream(found: Any) -> Any:
        modes = [(found.full, contract.SyncMode.FULL), (found.incremental, contract.SyncMode.INCREMENTAL)]
        return contract.StreamInfo(
            found.name,
            json.dumps(found.schema),
            list(found.primary_key),
            found.cursor_field,
            [mode for there, mode in modes if there],
            found.partitioned,
        )

    def selected(given: Any) -> Selection:
        partition = None if given.partition is None else json.loads(given.partition)
        return Selection(given.stream, given.mode == contract.SyncMode.INCREMENTAL, partition, given.state)

    class SourceExport:
        def discover(self, config: str) -> Any:
            return _answered(lambda: [stream(found) for found in connector().discover(_typed(connector, config))])

        def partitions(self, config: str, sel: Any) -> Any:
            def work() -> Any:
                found = connector().partitions(_typed(connector, config), selected(sel))
                return [json.dumps(partition) for partition in found]

            return _answered(work)

        def read(self, config: str, sel: Any) -> Any:
            return _answered(lambda: connector().read(_typed(connector, config), selected(sel)))

    return SourceExport


def _target(connector: type) -> type:
    contract = exported("target")

    def to_contract(call: Call) -> Any:
        context = None if call.context is None else json.dumps(call.context)
        return contract.Call(
            call.method, call.path, call.query, call.headers, call.body, call.rows, call.idempotency_key, context
        )

    def from_contract(call: Any) -> Call:
        context = None if call.context is None else json.loads(call.context)
        return Call(
            call.method, call.path, b"", list(call.rows), call.query, call.headers, call.idempotency_key, context
        )

    def outcome(row: int, found: Any) -> Any:
        match found:
            case Delivered():
                detail = None if found.detail is None else json.dumps(found.detail)
                made = contract.Outcome_Delivered(contract.Delivered(found.external_id, detail))
            case Rejected():
                made = contract.Outcome_Rejected(contract.Rejected(found.code, found.message, found.field))
            case Retry():
                kind = contract.RetryKind[found.kind.upper()]
                made = contract.Outcome_Retry(contract.Retry(kind, found.message, found.retry_after_ms))
            case _:
                raise Error.bug(f"settle answered {found!r} for row {row}")
        return contract.RowOutcome(row, made)

    class TargetExport:
        def prepare(self, config: str, batch: Any, keys: list[str]) -> Any:
            def work() -> Any:
                rows = [line for line in bytes(batch.data).split(b"\n") if line]
                if len(rows) != len(keys):
                    raise Error.bug(f"{len(rows)} rows came with {len(keys)} keys")
                given = Batch(batch.stream, rows, list(keys))
                return [to_contract(call) for call in connector().prepare(_typed(connector, config), given)]

            return _answered(work)

        def settle(self, config: str, call: Any, response: Any) -> Any:
            def work() -> Any:
                answer = Response(response.status, list(response.headers), bytes(response.body))
                found = connector().settle(_typed(connector, config), from_contract(call), answer)
                return [outcome(row, one) for row, one in found.items()]

            return _answered(work)

    return TargetExport


def _typed(connector: type, text: str) -> Any:
    return configuration.parse(config_type(connector), text)


def _answered(work: Callable[[], T]) -> T:
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
