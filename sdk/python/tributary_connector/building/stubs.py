"""Joins the stubs of WASI. componentize-py puts a core module of its own in place of each of 25 interfaces; each
would be an instance of its own at every call, and the host allows a component 24. All their functions trap and
nothing else, so one instance (two, where names collide) can stand for all.

Invariant: no index changes. A joined stub's instance becomes an empty one, which costs nothing, and whoever
referred to it refers to the instance that stands for all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .binary import COMPONENT_PREAMBLE, MODULE_PREAMBLE, Cursor, name, number, section, sections, vector

# Sections of components, and of core modules.
_CORE_MODULE, _CORE_INSTANCE, _ALIAS = 1, 2, 6
_TYPES, _IMPORTS, _FUNCTIONS, _EXPORTS, _CODE = 1, 2, 3, 7, 10
_UNREACHABLE = b"\x00\x00\x0b"

# A function's type as bytes, by the name under which it is exported.
Functions = dict[bytes, bytes]


@dataclass
class _Group:
    """Stubs that one module stands for."""

    functions: Functions = field(default_factory=dict)
    # module and instance that stand for all, by index
    module: int = -1
    instance: int = -1

    def takes(self, functions: Functions) -> bool:
        return all(self.functions.get(known, of) == of for known, of in functions.items())


def joined(component: bytes) -> bytes:
    """The component with as few stubs as can be."""
    parts = list(sections(component, COMPONENT_PREAMBLE))
    groups: list[_Group] = []
    by_module: dict[int, _Group] = {}
    count = 0
    for kind, data in parts:
        if kind != _CORE_MODULE:
            continue
        functions = _stub(data)
        if functions:
            group = next((group for group in groups if group.takes(functions)), None)
            if group is None:
                group = _Group(module=count)
                groups.append(group)
            group.functions |= functions
            by_module[count] = group
        count += 1
    instances = _Instances(by_module)
    out = [COMPONENT_PREAMBLE]
    modules = 0
    for kind, data in parts:
        if kind == _CORE_MODULE:
            group = by_module.get(modules)
            data = _module(group.functions) if group and group.module == modules else data
            modules += 1
        elif kind == _CORE_INSTANCE:
            data = instances.rewritten(data)
        elif kind == _ALIAS:
            data = _aliases(data, instances)
        out.append(section(kind, data))
    return b"".join(out)


class _Instances:
    """The core instances in their order, and which of them stands for which."""

    def __init__(self, by_module: dict[int, _Group]) -> None:
        self._by_module = by_module
        self._count = 0
        self._stands_for: dict[int, int] = {}

    def of(self, instance: int) -> int:
        return self._stands_for.get(instance, instance)

    def rewritten(self, data: bytes) -> bytes:
        cursor = Cursor(data)
        entries: list[bytes] = []
        for _ in range(cursor.number()):
            entries.append(self._entry(cursor))
            self._count += 1
        return vector(entries)

    def _entry(self, cursor: Cursor) -> bytes:
        if cursor.byte() == 1:
            exports = [name(cursor.name()) + cursor.take(1) + number(cursor.number()) for _ in range(cursor.number())]
            return b"\x01" + vector(exports)
        module = cursor.number()
        arguments = [
            name(cursor.name()) + cursor.take(1) + number(self.of(cursor.number())) for _ in range(cursor.number())
        ]
        group = self._by_module.get(module)
        if group is None:
            return b"\x00" + number(module) + vector(arguments)
        if group.instance < 0:
            group.instance = self._count
            return b"\x00" + number(group.module) + vector([])
        self._stands_for[self._count] = group.instance
        return b"\x01" + vector([])


def _aliases(data: bytes, instances: _Instances) -> bytes:
    cursor = Cursor(data)
    entries: list[bytes] = []
    for _ in range(cursor.number()):
        sort = cursor.take(1)
        if sort == b"\x00":
            sort += cursor.take(1)
        target = cursor.byte()
        first = cursor.number()
        if target == 1:
            first = instances.of(first)
        # an export of an instance has a name behind it, an outer alias a second number
        last = number(cursor.number()) if target == 2 else name(cursor.name())
        entries.append(sort + bytes([target]) + number(first) + last)
    return vector(entries)


def _stub(module: bytes) -> Functions | None:
    """The functions of a module that imports nothing and only traps; None for any other."""
    parts: dict[int, bytes] = {}
    for kind, data in sections(module, MODULE_PREAMBLE):
        if kind != 0:
            parts[kind] = data
    if set(parts) != {_TYPES, _FUNCTIONS, _EXPORTS, _CODE}:
        return None
    code = Cursor(parts[_CODE])
    if any(code.name() != _UNREACHABLE for _ in range(code.number())):
        return None
    types = _types(parts[_TYPES])
    functions = Cursor(parts[_FUNCTIONS])
    of = [types[functions.number()] for _ in range(functions.number())]
    exports = Cursor(parts[_EXPORTS])
    found: Functions = {}
    for _ in range(exports.number()):
        exported, sort, index = exports.name(), exports.byte(), exports.number()
        if sort != 0:
            return None
        found[exported] = of[index]
    return found


def _types(data: bytes) -> list[bytes]:
    """Function types of numbers, whose parts are one byte each."""
    cursor = Cursor(data)
    found: list[bytes] = []
    for _ in range(cursor.number()):
        form = cursor.byte()
        if form != 0x60:
            raise ValueError("a stub has a type that is no function")
        found.append(b"\x60" + name(cursor.name()) + name(cursor.name()))
    return found


def _module(functions: Functions) -> bytes:
    """A core module of functions that trap."""
    types = sorted(set(functions.values()))
    index = {of: place for place, of in enumerate(types)}
    exports = [name(exported) + b"\x00" + number(place) for place, exported in enumerate(functions)]
    return b"".join(
        [
            MODULE_PREAMBLE,
            section(_TYPES, vector(types)),
            section(_FUNCTIONS, vector([number(index[of]) for of in functions.values()])),
            section(_EXPORTS, vector(exports)),
            section(_CODE, vector([name(_UNREACHABLE)] * len(functions))),
        ]
    )
