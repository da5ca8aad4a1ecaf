"""`connector.json`, and the configuration's schema derived into it."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from ..boundary import Unfit, config_type
from ..config import schema
from ..export import exported_beside, exported_class

CONTRACT = "tributary:connector@0.1.0"
# The role of the manifest by the export's name.
ROLES = {"source": "source", "api_target": "target"}


class Refused(Exception):
    """What an author has to correct, in a line."""


def load(folder: Path) -> dict[str, Any]:
    """Reads and checks what the build needs of `connector.json`; the platform checks the rest."""
    path = folder / "connector.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise Refused(f"{path} is not there: a connector has a manifest") from None
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {error}") from None
    if manifest.get("contract") != CONTRACT:
        raise Refused(f'{path}: "contract" must be "{CONTRACT}"')
    unknown = [role for role in manifest.get("roles", []) if role not in ROLES]
    if unknown or not manifest.get("roles"):
        raise Refused(f'{path}: "roles" must be of {", ".join(ROLES)}')
    return manifest


def derive(folder: Path, manifest: dict[str, Any]) -> bool:
    """Loads the connector and checks what it exports. Writes the schema of its configuration into `connector.json`;
    tells whether it changed.
    """
    from .. import testing  # noqa: F401, PLC0415 - stands in for the host while the module is imported

    sys.path.insert(0, str(folder))
    try:
        importlib.import_module("connector")
    except Unfit as unfit:
        raise Refused(f"connector.py: {unfit}") from None
    classes = []
    for role in manifest["roles"]:
        found = exported_class(ROLES[role])
        if found is None:
            raise Refused(f'connector.py exports no {ROLES[role]}, but connector.json has the role "{role}"')
        classes.append(found)
    _check_delivery(manifest.get("delivery") or {})
    derived = schema(config_type(classes[0]))
    if manifest.get("config_schema") == derived:
        return False
    manifest["config_schema"] = derived
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / "connector.json").write_text(text + "\n", "utf-8")
    return True


def exports(manifest: dict[str, Any]) -> list[str]:
    """The interfaces that the component exports, by the contract's names; once the connector is loaded."""
    return ["base", *(ROLES[role] for role in manifest["roles"]), *exported_beside()]


def _check_delivery(delivery: dict[str, Any]) -> None:
    """The platform refuses a target that is to be asked and can't be."""
    if delivery.get("capability") == "lookup":
        wanted = 'the delivery capability "lookup"'
    elif delivery.get("lookup_after_window"):
        wanted = '"lookup_after_window"'
    else:
        return
    if "lookup" not in exported_beside():
        raise Refused(
            f"connector.json: {wanted} needs a target that can be asked: give its class the base Ask[Config], "
            "with inquire and judge"
        )
