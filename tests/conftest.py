import os
import shutil
from collections.abc import Iterator

import pytest
from jack import JACK, Jack, until

from engine.bank import Bank, bank_slot
from installation.settings import table


@pytest.fixture(scope="session", autouse=True)
def user_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the show keeps for its user, also in processes that it starts, is not the tester's."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_DATA_HOME", "LOCALAPPDATA"):
            patch.setenv(variable, str(tmp_path_factory.mktemp("data")))
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
