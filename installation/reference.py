"""The reference of everything there is to turn and to ask for, from the declarations."""

import argparse
import json
from typing import Any

from engine.parameters import Choice, Number, Numbered, Parameter, Table
from installation.settings import table
from mappings.osc.requests import VERBS, Verb


def parameters(options: argparse.Namespace) -> int:
    """``kaleidream parameters``"""
    listed, verbs = described(table()), [_asked(verb) for verb in VERBS.values()]
    if options.json:
        print(json.dumps(listed + verbs, indent=2))
    elif options.markdown:
        print(page(listed, verbs))
    else:
        for each in listed:
            print(f"{each['address']:20} {each['doc']}")
            print(f"{'':20} {each['expected']}; {each['default']} at the start")
        for each in verbs:
            print(f"{each['address']:20} {each['doc']}")
            print(f"{'':20} {each['expected']}")
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
    curve = {"curve": kind.curve} if isinstance(kind, Number) else {}
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
        **curve,
    }


def _asked(verb: Verb) -> dict[str, Any]:
    return {
        "address": verb.address,
        "kind": "verb",
        "arguments": list(verb.arguments),
        "types": verb.kinds,
        "expected": verb.expected,
        "doc": verb.doc,
    }


def page(listed: list[dict[str, Any]], verbs: list[dict[str, Any]]) -> str:
    """In Markdown, a table for each group, and one of the verbs."""
    lines = ["# Parameters", "", "Made by `kaleidream parameters --markdown`."]
    group = ""
    for each in listed:
        prefix, _, name = each["address"].rpartition("/")
        if prefix != group:
            group = prefix
            lines += ["", f"## {group}", "", "| | | start | |", "|---|---|---|---|"]
        lines.append(f"| `{name}` | {each['expected']} | {each['default']} | {each['doc']} |")
    lines += ["", "# Verbs", "", "Asked for by OSC; they have no value.", ""]
    lines += ["| | | |", "|---|---|---|"]
    lines += [f"| `{each['address']}` | {each['expected']} | {each['doc']} |" for each in verbs]
    return "\n".join(lines)
