import gc
import os
import shutil
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import pytest
from jack import JACK, Jack, until

from engine.bank import Bank, bank_slot
from engine.frame import Slot
from engine.parameters import Table
from installation.player import PULSE_CAPACITY, Pulse
from installation.settings import table
from mappings.files import catalogue
from mappings.files.loading import USUAL, load_mapping, shipped_mappings
from mappings.mapping import Mapping, Takeover


def pytest_configure(config: pytest.Config) -> None:
    """Each worker has one core to calculate with."""
    if config.getoption("numprocesses", None):
        os.environ["OPENBLAS_NUM_THREADS"] = "1"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays until the end: 200 000 objects, in which no garbage is looked for."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.enable()
    return collected


@pytest.fixture(scope="session", autouse=True)
def user_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the show keeps for its user, also in processes that it starts, is not the tester's."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_DATA_HOME", "LOCALAPPDATA"):
            patch.setenv(variable, str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session", autouse=True)
def shipped() -> Iterator[None]:
    """What comes along is read once for a table, however many catalogues have it."""
    files, once = shipped_mappings(), cache(load_mapping)

    def read(path: Path, table: Table, takeover: Takeover = USUAL) -> Mapping:
        return (once if path in files else load_mapping)(path, table, takeover)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "load_mapping", read)
        yield


@pytest.fixture
def bank() -> Iterator[Bank]:
    """Everything where it starts."""
    parameters = table()
    slot = bank_slot(parameters)
    made = Bank(parameters, slot)
    made.start(parameters.defaults)
    yield made
    slot.unlink()


@pytest.fixture
def beaten() -> Iterator[Slot]:
    """What a player's pulse is published in."""
    slot = Slot(PULSE_CAPACITY)
    yield slot
    slot.unlink()


@pytest.fixture
def pulse(beaten: Slot) -> Pulse:
    return Pulse(beaten)


@pytest.fixture(scope="module")
def jack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jack]:
    absent = [program for program in JACK if shutil.which(program) is None]
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)}")
    pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel for this Python")
    name = f"kaleidream-{os.getpid()}"
    own = {
        "JACK_DEFAULT_SERVER": name,
        "JACK_NO_AUDIO_RESERVATION": "1",
        "JACK_NO_START_SERVER": "1",
        "MIDO_BACKEND": "mido.backends.rtmidi/UNIX_JACK",
    }
    jack = Jack(tmp_path_factory.mktemp("jack"), {**os.environ, **own})
    # synchronous: it waits for a client that is late, where else its messages would be lost
    server = ("jackd", "-S", "-r", "-n", name, "-d", "dummy", "-r", "48000", "-p", "256")
    with jack.started(*server) as running:
        until(lambda: jack.succeeds("jack_lsp"), running)
        yield jack
