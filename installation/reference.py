"""The reference of everything there is to turn, from the declarations."""

import argparse
import json
from typing import Any

from engine.parameters import Choice, Numbered, Parameter, Table
from installation.settings import table


def parameters(options: argparse.Namespace) -> int:
    """``kaleidream parameters``"""
    listed = described(table())
    if options.json:
        print(json.dumps(listed, indent=2))
    elif options.markdown:
        print(page(listed))
    else:
        for each in listed:
            print(f"{each['address']:20} {each['doc']}")
            print(f"{'':20} {each['expected']}; {each['default']} at the start")
    return 0


def described(parameters: Table) -> list[dict[str, Any]]:
    return [
        _described(parameter, start)
        for parameter, start in zip(parameters, parameters.defaults, strict=True)
    ]


def _described(parameter: Parameter, start: float) -> dict[str, Any]:
    kind = parameter.kind
    options = {"options": list(kind.options)} if isinstance(kind, Choice) else {}
    names = {"names": list(kind.names)} if isinstance(kind, Numbered) else {}
    return {
        "address": parameter.address,
        "kind": type(kind).__name__.lower(),
        "default": kind.decoded(start),
        "low": kind.low,
        "high": kind.high,
        "unit": kind.unit,
        "expected": kind.expected,
        "doc": kind.doc,
        **options,
        **names,
    }


def page(listed: list[dict[str, Any]]) -> str:
    """In Markdown, a table for each group."""
    lines = ["# Parameters", "", "Made by `kaleidream parameters --markdown`."]
    group = ""
    for each in listed:
        prefix, _, name = each["address"].rpartition("/")
        if prefix != group:
            group = prefix
            lines += ["", f"## {group}", "", "| | | start | |", "|---|---|---|---|"]
        lines.append(f"| `{name}` | {each['expected']} | {each['default']} | {each['doc']} |")
    return "\n".join(lines)
