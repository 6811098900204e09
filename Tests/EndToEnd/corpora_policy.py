"""What the corpora call valid and the gateway refuses, case by case, each with the rule; read by test_corpora.py."""

from __future__ import annotations

#: Cases labelled `accept` that are refused: the rule of the design that says so.
REFUSED_BY_RULE: dict[str, str] = {}

#: Cases labelled `reject` or `incomplete` that begin with whole and valid messages: how many, and why they may pass.
STANDS_ALONE: dict[str, tuple[int, str]] = {}
