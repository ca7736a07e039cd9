"""Where the page is found, also for a phone that looks at a QR code."""

import io
import socket

import segno

from installation.plan import LOOPBACK, Plan

LONGEST_NAME = 63  # bytes of one label of a name


def lan_address() -> str:
    """This machine's address on the network, as the route to outside shows it. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation: RFC 5737
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])


def own_names() -> frozenset[str]:
    """What this machine is called on its network, in lower case: as it is announced with the show,
    and as systems announce themselves."""
    host = socket.gethostname()
    return frozenset({announced_name(host), f"{host.partition('.')[0]}.local".lower()})


def announced_name(host: str) -> str:
    """``host``: the machine's own name."""
    return f"{shortened('kaleidream-' + host.partition('.')[0])}.local".lower()


def shortened(name: str) -> str:
    """To one label of a name."""
    return name.encode()[:LONGEST_NAME].decode(errors="ignore")


def page_address(plan: Plan) -> str:
    """With the token, where it is asked for."""
    if plan.web_host == LOOPBACK:
        return f"http://{LOOPBACK}:{plan.web_port}/"
    return f"http://{lan_address()}:{plan.web_port}/?token={plan.token}"


def drawn_address(plan: Plan) -> bytes:
    """An SVG."""
    drawn = io.BytesIO()
    segno.make(page_address(plan)).save(drawn, kind="svg", scale=4, border=3, light="#fff")
    return drawn.getvalue()


def print_address(plan: Plan) -> None:
    segno.make(page_address(plan)).terminal(compact=True)
    print(f"The page: {page_address(plan)}", flush=True)
