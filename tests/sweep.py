import inspect
from collections.abc import Callable, Iterable
from functools import wraps

import pytest

from engine.parameters import Parameter

REFUSALS = (AssertionError, LookupError, TypeError, ValueError, pytest.fail.Exception)

Test = Callable[..., None]


def over(parameters: Iterable[Parameter]) -> Callable[[Test], Test]:
    """A test of ``parameter``, held with each in turn; all that fail are named, each with why.

    A test for each of hundreds would take longer to collect and to report than to run."""

    every = tuple(parameters)

    def swept(test: Test) -> Test:
        @wraps(test)
        def sweep(**fixtures: object) -> None:
            found = {each.address: refusal(test, parameter=each, **fixtures) for each in every}
            failed = [f"{address}: {reason}" for address, reason in found.items() if reason]
            assert found, "no parameter to sweep over"
            assert not failed, "\n".join([f"{len(failed)} of {len(found)}", *failed])

        signature = inspect.signature(test)
        kept = [each for name, each in signature.parameters.items() if name != "parameter"]
        sweep.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return sweep

    return swept


def refusal(test: Test, **given: object) -> str:
    """Why ``test`` fails, or nothing."""
    try:
        test(**given)
    except REFUSALS as refused:
        return f"{type(refused).__name__}: {refused}"
    return ""
