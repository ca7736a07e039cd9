import json
import shutil
import subprocess
import sys

import pytest

from installation.music.link import LinkSession

ALONE = ("unshare", "--net", "--map-root-user", "sh", "-ec")
# Multicast, on a network that holds nothing but these two.
TWO = """
ip link set lo up
ip link set lo multicast on
ip route add 224.0.0.0/4 dev lo
"{python}" -c '{peer}' 100 0 &
"{python}" -c '{peer}' 140 1
wait
"""
# Joins, waits for the other, turns the tempo if it is the second, and says where it is in the bar.
PEER = """
import json, sys, time
from installation.music.link import LinkSession
tempo, turns = float(sys.argv[1]), int(sys.argv[2])
session = LinkSession(tempo)
end = time.monotonic() + 15
while not session.peers and time.monotonic() < end:
    time.sleep(0.02)
time.sleep(1.0)
joined = session.tempo
if turns:
    session.turn(90.0)
while abs(session.tempo - 90.0) > 0.01 and time.monotonic() < end:
    time.sleep(0.02)
time.sleep(1.0)
now = time.monotonic()
print(json.dumps([session.peers, joined, session.tempo, now, session.beat(now)]), flush=True)
time.sleep(1.0)
session.close()
"""


def test_without_its_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "link", None)
    with pytest.raises(OSError, match=r"pip install 'kaleidream\[link\]'"):
        LinkSession(120.0)


@pytest.mark.e2e
def test_two_programs_share_a_tempo_and_their_bars() -> None:
    pytest.importorskip("link", reason="LinkPython-extern is not installed")
    if not shutil.which("unshare") or subprocess.run([*ALONE, "ip link"], check=False).returncode:
        pytest.skip("no network namespaces here: Link would be heard outside")
    script = TWO.format(python=sys.executable, peer=PEER)
    done = subprocess.run([*ALONE, script], stdout=subprocess.PIPE, timeout=60, check=True)
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    for peers, joined, tempo, *_ in (first, second):
        assert peers == 1
        assert tempo == pytest.approx(90.0, abs=0.01)
        assert min(abs(joined - each) for each in (90.0, 100.0, 140.0)) < 0.01
    apart = second[4] - first[4] - (second[3] - first[3]) * 90 / 60
    assert abs((apart + 2) % 4 - 2) < 0.01
