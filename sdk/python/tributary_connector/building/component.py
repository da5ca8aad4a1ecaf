"""The bytes of a component: what it imports, its digest, the section with the manifest. Reads just enough of
the binary format (WebAssembly component model, `Binary.md`); the platform validates all of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

_PREAMBLE = b"\0asm\x0d\0\x01\0"
_CUSTOM = 0
_IMPORT = 10
MANIFEST = "tributary:manifest"
_NAMESPACE = "tributary:connector/"


def with_manifest(component: bytes, manifest: dict[str, Any]) -> bytes:
    """The component with `connector.json` in its custom section, which may stand at the end."""
    name = MANIFEST.encode()
    data = json.dumps(manifest, separators=(",", ":"), ensure_ascii=False).encode()
    body = _number(len(name)) + name + data
    return component + bytes([_CUSTOM]) + _number(len(body)) + body


def imports(component: bytes) -> list[str]:
    """The names that the component itself imports, in order."""
    if not component.startswith(_PREAMBLE):
        raise ValueError("the file is no WebAssembly component")
    return [name for section in _sections(component) for name in _imported(section)]


def capabilities(component: bytes) -> list[str]:
    """The imported interfaces of the contract, without those that grant nothing."""
    found: list[str] = []
    for name in imports(component):
        if not name.startswith(_NAMESPACE):
            raise ValueError(f"it imports {name!r}; connectors import only {_NAMESPACE}…")
        interface = name.removeprefix(_NAMESPACE).split("@")[0]
        if interface not in ("types", "io"):
            found.append(interface)
    return found


def digest(component: bytes) -> str:
    """As the platform names it."""
    return f"sha256:{hashlib.sha256(component).hexdigest()}"


def _sections(component: bytes) -> Iterator[bytes]:
    """The import sections. Sections of nested components lie within theirs."""
    at = len(_PREAMBLE)
    while at < len(component):
        kind = component[at]
        size, start = _read_number(component, at + 1)
        if kind == _IMPORT:
            yield component[start : start + size]
        at = start + size


def _imported(section: bytes) -> Iterator[str]:
    count, at = _read_number(section, 0)
    for _ in range(count):
        # 0 and 1: a name; 2: a name with a version suffix
        form = section[at]
        size, start = _read_number(section, at + 1)
        yield section[start : start + size].decode()
        at = start + size
        if form == 2:
            suffix, at = _read_number(section, at)
            at += suffix
        at = _after_description(section, at)


def _after_description(section: bytes, at: int) -> int:
    """Behind an import's type: an instance, as everything of the contract, is 5 and an index."""
    if section[at] != 5:
        raise ValueError("it imports something other than an interface")
    return _read_number(section, at + 1)[1]


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _number(value: int) -> bytes:
    out = bytearray()
    while True:
        low = value & 0x7F
        value >>= 7
        if not value:
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)
