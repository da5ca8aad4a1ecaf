"""From the typed classes to the contract's exports. The build asks here which of them there are.

Invariant: what is exported is complete: a class with half of an interface is refused when it is exported.
"""

from __future__ import annotations

import json
from abc import ABCMeta
from typing import Any

from . import export_target as of_target
from . import guard
from .boundary import Unfit, answered, config_type, typed
from .conclusion import Conclude
from .contract import exported
from .lookup import Ask
from .source import Selection, Source
from .target import Target

# What a target may implement beside `Target`, by the contract's export.
_BESIDE: dict[str, ABCMeta] = {"lookup": Ask, "conclusion": Conclude}
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
        raise Unfit(f"{connector.__name__} is no {kind.__name__}")
    config_type(connector)
    _check(connector)
    if _exported.setdefault(role, connector) is not connector:
        raise Unfit(f"two classes are exported as {role}")


def _check(connector: type) -> None:
    """Whether nothing is missing, and nothing there in vain."""
    name = connector.__name__
    lacking = sorted(getattr(connector, "__abstractmethods__", ()))
    if lacking:
        owners = {base.__name__ for base in connector.__mro__ for method in lacking if method in vars(base)}
        raise Unfit(f"{name} lacks {' and '.join(lacking)} of {' and '.join(sorted(owners))}")
    for beside in _BESIDE.values():
        if issubclass(connector, beside) and not issubclass(connector, Target):
            raise Unfit(f"{name} has the base {beside.__name__}, which is for targets")
        stray = [method for method in sorted(beside.__abstractmethods__) if hasattr(connector, method)]
        if stray and not issubclass(connector, beside) and issubclass(connector, Target):
            wanted = f"class {name}(Target[Config], {beside.__name__}[Config])"
            raise Unfit(f"{name} has {' and '.join(stray)} without the base {beside.__name__}: write {wanted}")


def exported_class(role: str) -> type | None:
    """What was exported as `source` or `target`; for the build."""
    return _exported.get(role)


def exported_beside() -> list[str]:
    """The exports of the target beside `target`, by the contract's names; for the build."""
    target = _exported.get("target", object)
    return [name for name, kind in _BESIDE.items() if issubclass(target, kind)]


def exports() -> dict[str, type]:
    """The classes `Base`, `Source`, `Target` and so on that the component is made of."""
    guard.install()
    if not _exported:
        raise TypeError("the module exports nothing: end it with export_source(…) or export_target(…)")
    made: dict[str, type] = {"Base": _base(next(iter(_exported.values())))}
    if "source" in _exported:
        made["Source"] = _source(_exported["source"])
    if "target" in _exported:
        made["Target"] = of_target.target(_exported["target"])
    beside = exported_beside()
    if "lookup" in beside:
        made["Lookup"] = of_target.lookup(_exported["target"])
    if "conclusion" in beside:
        made["Conclusion"] = of_target.conclusion(_exported["target"])
    return made


def _base(connector: type) -> type:
    contract = exported("base")

    class Base:
        def check(self, config: str) -> Any:
            def work() -> Any:
                steps = connector().check(typed(connector, config))
                return [contract.CheckStep(step.name, step.ok, step.message) for step in steps]

            return answered(work)

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
            return answered(lambda: [stream(found) for found in connector().discover(typed(connector, config))])

        def partitions(self, config: str, sel: Any) -> Any:
            def work() -> Any:
                found = connector().partitions(typed(connector, config), selected(sel))
                return [json.dumps(partition) for partition in found]

            return answered(work)

        def read(self, config: str, sel: Any) -> Any:
            return answered(lambda: connector().read(typed(connector, config), selected(sel)))

    return SourceExport
