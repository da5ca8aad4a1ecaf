"""Where the generated bindings come in. `wit_world` is made by the build from `connector.json`; in plain
Python it exists only while `tributary_connector.testing` stands in for the host.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


def imported(interface: str) -> ModuleType:
    """The bindings of a capability.

    Raises ImportError if the manifest does not list it, or outside of a connector.
    """
    try:
        return importlib.import_module(f"wit_world.imports.{interface}")
    except ModuleNotFoundError:
        raise ImportError(
            f'the capability "{interface}" is not there: list it under "capabilities" in connector.json, '
            "or use tributary_connector.testing in a test"
        ) from None


def raising() -> Any:
    """What carries an error of the contract out of an export."""
    return importlib.import_module("componentize_py_types").Err


def exported(interface: str) -> ModuleType:
    """The types of an export."""
    return importlib.import_module(f"wit_world.exports.{interface}")
