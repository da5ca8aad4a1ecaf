"""Figures of the connector's own, added up by the host for the run and told with its log.

Names and labels: 1 to 64 of a-z, 0-9 and `_`, first a letter; at most 5 labels with values of up to 64
characters, and 100 series a run. What breaks a rule is dropped, and the log says how often.
"""

from __future__ import annotations

from .contract import imported

_contract = imported("metrics")


def count(name: str, more: float = 1.0, **labels: object) -> None:
    """Adds to what happened."""
    _observe(name, "COUNTER", more, labels)


def gauge(name: str, value: float, **labels: object) -> None:
    """How much there is now."""
    _observe(name, "GAUGE", value, labels)


def sample(name: str, value: float, **labels: object) -> None:
    """How large one of many was."""
    _observe(name, "HISTOGRAM", value, labels)


def _observe(name: str, kind: str, value: float, labels: dict[str, object]) -> None:
    pairs = [(label, str(text)) for label, text in labels.items()]
    _contract.observe(name, _contract.Kind[kind], value, pairs)
