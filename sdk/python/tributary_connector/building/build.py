"""The steps from a folder to a component, in order."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import component, lint, manifest, stubs, world
from .manifest import Refused

KIT = Path(__file__).resolve().parents[2]


def build(folder: Path, out: Path | None = None) -> Path:
    """Builds the connector in `folder` to `dist/NAME.wasm` (or `out`) and says what it is."""
    folder = folder.resolve()
    found = manifest.load(folder)
    faults = lint.faults(folder, found.get("capabilities", []))
    if faults:
        raise Refused("\n".join(faults))
    if manifest.derive(folder, found):
        print("connector.json: config_schema is renewed from the dataclass")
    with tempfile.TemporaryDirectory(prefix="tributary-build-") as scratch:
        raw = stubs.joined(_componentize(folder, found, Path(scratch)))
    _compare(raw, found)
    finished = component.with_manifest(raw, found)
    out = out or folder / "dist" / f"{found['name']}.wasm"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(finished)
    _tell(out, finished, found)
    return out


def _componentize(folder: Path, found: dict[str, Any], scratch: Path) -> bytes:
    program = shutil.which("componentize-py", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
    if program is None:
        raise Refused("componentize-py is not there; run: pip install componentize-py==0.25.1")
    world.write(found, manifest.exports(found), scratch / "wit")
    # Only what belongs in: the kit's own package and the connector's modules.
    app = scratch / "app"
    shutil.copytree(KIT / "tributary_connector", app / "tributary_connector", ignore=_left_out)
    for path in lint.modules(folder):
        place = app / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    raw = scratch / "raw.wasm"
    command = [program, "-q", "-d", str(scratch / "wit"), "-w", world.NAME, "componentize"]
    command += ["tributary_connector.entry", "-p", str(app), "--stub-wasi", "-o", str(raw)]
    # A virtual environment's packages would come in unasked; the hash seed would change the bytes.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(command, env={**environment, "PYTHONHASHSEED": "0"}, capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(f"componentize-py failed:\n{_said(done.stdout + done.stderr)}")
    return raw.read_bytes()


def _said(text: str) -> str:
    """The connector's own traceback, without the tool's."""
    own = text.split("\nCaused by:")[0].split("\nStack backtrace:")[0]
    return own.split("AssertionError: ")[-1].strip()


def _left_out(folder: str, names: list[str]) -> list[str]:
    outside = ("building", "testing.py", "testing_contract.py", "__main__.py", "__pycache__")
    return [name for name in names if name in outside]


def _compare(raw: bytes, found: dict[str, Any]) -> None:
    imported = component.capabilities(raw)
    listed = [name for name in found.get("capabilities", []) if name not in ("types", "io")]
    if sorted(imported) != sorted(listed):
        raise Refused(f"the component imports {imported}, connector.json lists {listed}")


def _tell(out: Path, finished: bytes, found: dict[str, Any]) -> None:
    print(f"connector  {found['name']} {found['version']}")
    print(f"file       {out} ({len(finished) / 1e6:.1f} MB)")
    print(f"digest     {component.digest(finished)}")
    print(f"imports    {', '.join(component.capabilities(finished)) or 'nothing'}")
