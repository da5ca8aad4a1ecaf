"""What can't work in a component, told before it is built. Not a fence: the fence is the sandbox."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_HOST = "a connector asks the host: tributary_connector.http, .files, .sql, .tcp"
_ALONE = "a component has one thread and no processes; the platform runs partitions side by side"
_CHANCE = "there is no chance in a component: its seed would be fixed when it is built"
_FORBIDDEN = {
    "aiohttp": _HOST,
    "asyncio": _ALONE,
    "ftplib": _HOST,
    "http": _HOST,
    "httpx": _HOST,
    "multiprocessing": _ALONE,
    "paramiko": _HOST,
    "pathlib": _HOST,
    "random": _CHANCE,
    "requests": _HOST,
    "secrets": _CHANCE,
    "shutil": _HOST,
    "socket": _HOST,
    "ssl": _HOST,
    "subprocess": _ALONE,
    "tempfile": _HOST,
    "threading": _ALONE,
    "urllib3": _HOST,
    "urllib.request": _HOST,
    "uuid": _CHANCE,
}
# The kit's modules that are a capability each.
_CAPABILITIES = {
    name: name
    for name in ("changes", "connections", "control", "files", "http", "log", "metrics", "output", "sql", "tcp")
} | {
    "rows": "codec"
}


def faults(folder: Path, capabilities: list[str]) -> list[str]:
    """A line for each fault in the connector's own modules. `capabilities` are those of the manifest."""
    found: list[str] = []
    for path in modules(folder):
        tree = ast.parse(path.read_text("utf-8"), str(path))
        place = path.relative_to(folder)
        for node, name in _imports(tree):
            reason = _FORBIDDEN.get(name) or _FORBIDDEN.get(name.split(".")[0])
            wanted = _CAPABILITIES.get(name.removeprefix("tributary_connector."))
            if name.startswith("tributary_connector.") and wanted and wanted not in capabilities:
                reason = f'list "{wanted}" under "capabilities" in connector.json'
            if reason:
                found.append(f"{place}, line {node.lineno}: import {name}: {reason}")
        for node in _late(tree):
            found.append(f"{place}, line {node.lineno}: import at the top: a component has no files to load from")
    return found


def modules(folder: Path) -> list[Path]:
    """`connector.py` and what lies beside it, without tests, tools and hidden folders."""
    found: list[Path] = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        outside = parts[0] in ("vendor", "dist", "tests") or any(part.startswith((".", "test_")) for part in parts)
        if not outside and "site-packages" not in parts and path.name != "build.py":
            found.append(path)
    return found


def _imports(tree: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node, node.module
            for alias in node.names:
                yield node, f"{node.module}.{alias.name}"


def _late(tree: ast.Module) -> Iterator[ast.stmt]:
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.Lambda)):
            for node in ast.walk(function):
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    yield node
