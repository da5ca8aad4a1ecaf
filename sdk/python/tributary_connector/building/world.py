"""The WIT world of a connector. Python components import all of their world, so it must be exactly what the
manifest lists: then imports and capabilities are the same. They export all of it, too, so `lookup` and `conclusion`
are in it only for a class that has them.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from .manifest import CONTRACT, Refused

NAME = "connector"
_FOLDER = "connector-0.1.0"


def contract() -> Path:
    """The folder of the contract's WIT: beside the kit in this repository, or in an author's `vendor`."""
    kit = Path(__file__).resolve().parents[2]
    for place in (kit / "wit", kit.parent / "wit"):
        if (place / _FOLDER).is_dir():
            return place / _FOLDER
    raise Refused(f"the contract is not there: wit/{_FOLDER} must lie beside the kit, in {kit} or {kit.parent}")


def text(manifest: dict[str, Any], exports: list[str]) -> str:
    """The world as WIT."""
    package, version = CONTRACT.split("@")
    imports = [f"  import {package}/{name}@{version};" for name in manifest.get("capabilities", [])]
    lines = [*imports, *(f"  export {package}/{name}@{version};" for name in exports)]
    return "\n".join(["package tributary:generated;", "", f"world {NAME} {{", *lines, "}", ""])


def write(manifest: dict[str, Any], exports: list[str], folder: Path) -> None:
    """Puts the world and the contract into `folder`, as the tools want them."""
    source = contract()
    known = {path.name for path in source.glob("*.wit")}
    if not known:
        raise Refused(f"there is no .wit file in {source}")
    shutil.copytree(source, folder / "deps" / "tributary-connector")
    (folder / "world.wit").write_text(text(manifest, exports), "utf-8")
