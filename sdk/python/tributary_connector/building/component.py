"""The bytes of a component: what it imports, its digest, the section with the manifest. Reads just enough of
the binary format (WebAssembly component model, `Binary.md`); the platform validates all of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from .binary import COMPONENT_PREAMBLE, Cursor, name, section, sections

_CUSTOM = 0
_IMPORT = 10
MANIFEST = b"tributary:manifest"
_NAMESPACE = "tributary:connector/"


def with_manifest(component: bytes, manifest: dict[str, Any]) -> bytes:
    """The component with `connector.json` in its custom section, which may stand at the end."""
    data = json.dumps(manifest, separators=(",", ":"), ensure_ascii=False).encode()
    return component + section(_CUSTOM, name(MANIFEST) + data)


def capabilities(component: bytes) -> list[str]:
    """The imported interfaces of the contract, without those that grant nothing."""
    found: list[str] = []
    for imported in imports(component):
        if not imported.startswith(_NAMESPACE):
            raise ValueError(f"it imports {imported!r}; connectors import only {_NAMESPACE}…")
        interface = imported.removeprefix(_NAMESPACE).split("@")[0]
        if interface not in ("types", "io"):
            found.append(interface)
    return found


def imports(component: bytes) -> list[str]:
    """The names that the component itself imports, in order."""
    parts = sections(component, COMPONENT_PREAMBLE)
    return [imported for kind, data in parts if kind == _IMPORT for imported in _imported(data)]


def digest(component: bytes) -> str:
    """As the platform names it."""
    return f"sha256:{hashlib.sha256(component).hexdigest()}"


def _imported(data: bytes) -> Iterator[str]:
    cursor = Cursor(data)
    for _ in range(cursor.number()):
        # 0 and 1: a name; 2: a name with a version suffix
        form = cursor.byte()
        yield cursor.name().decode()
        if form == 2:
            cursor.name()
        # an interface is 5 and the index of its type
        if cursor.byte() != 5:
            raise ValueError("it imports something other than an interface")
        cursor.number()
