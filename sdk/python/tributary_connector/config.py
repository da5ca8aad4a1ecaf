"""Typed configuration: a dataclass says what there is, the JSON Schema of `connector.json` is derived from it,
and the text of the host is read into it.

Invariant: what `schema` allows, `parse` reads; what does not fit is refused with a pointer to its place.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import re
import types
import typing
from typing import Any, TypeVar

from .errors import Error

T = TypeVar("T")
_MISSING = dataclasses.MISSING
# Keywords of JSON Schema that an option takes, by the name that Python allows.
_KEYWORDS = {
    "title": "title",
    "description": "description",
    "examples": "examples",
    "minimum": "minimum",
    "maximum": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "min_items": "minItems",
    "max_items": "maxItems",
    "unique_items": "uniqueItems",
}
_PLAIN: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


def option(default: Any = _MISSING, **keywords: Any) -> Any:
    """A member of the configuration: its default, and what a form shows and checks.

    Keywords: title, description, examples, minimum, maximum, min_length, max_length, pattern, min_items,
    max_items, unique_items. Without a default the tenant must give it.
    """
    for name in keywords:
        if name not in _KEYWORDS:
            raise TypeError(f"{name!r} is no keyword of option(); there are {', '.join(_KEYWORDS)}")
    metadata = {"schema": {_KEYWORDS[name]: value for name, value in keywords.items()}}
    if isinstance(default, (list, dict)):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def schema(config: type) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a configuration."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_schema(config)}


def parse(config: type[T], text: str) -> T:
    """Reads the configuration that the host hands over.

    Raises an `Error` of kind config with the place that does not fit.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Error.config("/config", f"the configuration is not JSON: {error}") from None
    read: T = _read(config, value, "/config")
    return read


def _schema(kind: Any) -> dict[str, Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _object_schema(kind)
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if kind is Any:
        return {}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"enum": [member.value for member in kind]}
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if origin in (typing.Union, types.UnionType):
        given = [argument for argument in arguments if argument is not type(None)]
        if len(given) == 1:
            return _schema(given[0])
        return {"anyOf": [_schema(argument) for argument in given]}
    raise TypeError(f"a configuration can't hold {kind!r}")


def _object_schema(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for member in dataclasses.fields(kind):
        described = {**_schema(hints[member.name]), **member.metadata.get("schema", {})}
        default = _default(member)
        if default is _MISSING:
            required.append(member.name)
        elif default is not None and not dataclasses.is_dataclass(default):
            described["default"] = default.value if isinstance(default, enum.Enum) else default
        properties[member.name] = described
    found: dict[str, Any] = {"type": "object", "additionalProperties": False}
    if required:
        found["required"] = required
    return {**found, "properties": properties}


def _default(member: dataclasses.Field[Any]) -> Any:
    if member.default_factory is not _MISSING:
        return member.default_factory()
    return member.default


def _read(kind: Any, value: Any, at: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _read_object(kind, value, at)
    if kind in _PLAIN:
        return _read_plain(kind, value, at)
    if kind is Any:
        return value
    if origin is typing.Literal:
        if value not in arguments:
            raise Error.config(at, f"{_shown(value)} is none of {', '.join(map(str, arguments))}")
        return value
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        try:
            return kind(value)
        except ValueError:
            known = ", ".join(str(member.value) for member in kind)
            raise Error.config(at, f"{_shown(value)} is none of {known}") from None
    if origin is list:
        if not isinstance(value, list):
            raise Error.config(at, f"{_shown(value)} is no list")
        return [_read(arguments[0], item, f"{at}/{number}") for number, item in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            raise Error.config(at, f"{_shown(value)} is no object")
        return {name: _read(arguments[1], item, f"{at}/{_escaped(name)}") for name, item in value.items()}
    return _read_union(arguments, value, at)


def _read_union(arguments: tuple[Any, ...], value: Any, at: str) -> Any:
    if value is None and type(None) in arguments:
        return None
    refused: Error | None = None
    for argument in arguments:
        if argument is type(None):
            continue
        try:
            return _read(argument, value, at)
        except Error as error:
            refused = refused or error
    raise refused or Error.config(at, f"{_shown(value)} does not fit")


def _read_plain(kind: type, value: Any, at: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise Error.config(at, f"{_shown(value)} is no {_PLAIN[kind]}")
    return value


def _read_object(kind: type, value: Any, at: str) -> Any:
    if not isinstance(value, dict):
        raise Error.config(at, f"{_shown(value)} is no object")
    hints = typing.get_type_hints(kind)
    members = {member.name: member for member in dataclasses.fields(kind)}
    for name in value:
        if name not in members:
            raise Error.config(f"{at}/{_escaped(name)}", f"there is no member {name!r}; there are {', '.join(members)}")
    given: dict[str, Any] = {}
    for name, member in members.items():
        if name in value:
            given[name] = _read(hints[name], value[name], f"{at}/{name}")
            _check(given[name], member.metadata.get("schema", {}), f"{at}/{name}")
        elif _default(member) is _MISSING:
            raise Error.config(f"{at}/{name}", f"{name} is not given")
    return kind(**given)


def _check(value: Any, rules: dict[str, Any], at: str) -> None:
    """What the schema says about a value: the platform checks it too, but a test may not."""
    for rule, limit in rules.items():
        broken = (
            (rule == "minimum" and value is not None and value < limit)
            or (rule == "maximum" and value is not None and value > limit)
            or (rule in ("minLength", "minItems") and value is not None and len(value) < limit)
            or (rule in ("maxLength", "maxItems") and value is not None and len(value) > limit)
            or (rule == "pattern" and value is not None and re.search(limit, value) is None)
        )
        if broken:
            raise Error.config(at, f"{_shown(value)} breaks {rule} {limit}")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
