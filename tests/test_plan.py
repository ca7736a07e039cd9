import os

import pytest

from installation.plan import dream_threads


@pytest.mark.parametrize(
    ("cores", "threads"), [(1, 1), (2, 1), (3, 2), (4, 2), (6, 4), (10, 8), (64, 8)]
)
@pytest.mark.parametrize("affinity", [True, False])
def test_the_dream_leaves_cores_to_the_other_players(
    monkeypatch: pytest.MonkeyPatch, cores: int, threads: int, affinity: bool
) -> None:
    if affinity:
        here = set(range(cores))
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: here, raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: 1000)
    else:
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert dream_threads() == threads
