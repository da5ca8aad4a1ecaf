"""Builds this connector: python build.py"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "vendor"))

from tributary_connector.building import build, manifest  # noqa: E402 - found in vendor

if __name__ == "__main__":
    try:
        build.build(HERE)
    except manifest.Refused as refused:
        sys.exit(f"error: {refused}")
