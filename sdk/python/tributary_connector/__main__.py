"""`python -m tributary_connector build [DIR] [--out FILE]` and `… schema [DIR]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .building import build, manifest


def main() -> int:
    parser = argparse.ArgumentParser(prog="tributary_connector")
    commands = parser.add_subparsers(dest="command", required=True)
    built = commands.add_parser("build", help="build the connector to a component")
    built.add_argument("folder", nargs="?", default=".", type=Path)
    built.add_argument("--out", type=Path, help="the component's file; dist/NAME.wasm if not given")
    derived = commands.add_parser("schema", help="renew config_schema in connector.json from the dataclass")
    derived.add_argument("folder", nargs="?", default=".", type=Path)
    given = parser.parse_args()
    try:
        if given.command == "build":
            build.build(given.folder, given.out)
        elif manifest.derive(given.folder.resolve(), manifest.load(given.folder)):
            print("connector.json: config_schema is renewed from the dataclass")
    except manifest.Refused as refused:
        print(f"error: {refused}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
