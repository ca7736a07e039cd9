"""A client of OSCQuery, written from the proposal and from the specification of OSC 1.0 alone."""

import http.client
import json
import struct
from collections.abc import Iterator
from typing import Any

import aiohttp

Node = dict[str, Any]


class Explorer:
    """Asks one server. ``get`` blocks."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port

    def get(self, url: str) -> tuple[int, Any]:
        """The status, and the JSON if there is any."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        try:
            connection.request("GET", url)
            answer = connection.getresponse()
            body = answer.read()
            if answer.headers.get_content_type() == "application/json":
                return answer.status, json.loads(body)
            return answer.status, None
        finally:
            connection.close()

    def methods(self) -> dict[str, Node]:
        """Everything that takes or holds a value, by its address."""
        status, root = self.get("/")
        assert status == 200
        assert root["FULL_PATH"] == "/"
        return {node["FULL_PATH"]: node for node in walked(root) if "TYPE" in node}

    def websocket(self) -> str:
        """Where values are streamed from."""
        _, info = self.get("/?HOST_INFO")
        assert info["EXTENSIONS"]["LISTEN"]
        return f"ws://{info.get('WS_IP', self.host)}:{info.get('WS_PORT', self.port)}/"


def walked(node: Node) -> Iterator[Node]:
    yield node
    for name, below in node.get("CONTENTS", {}).items():
        assert below["FULL_PATH"] == f"{node['FULL_PATH'].rstrip('/')}/{name}"
        yield from walked(below)


async def command(socket: aiohttp.ClientWebSocketResponse, word: str, address: str) -> None:
    await socket.send_str(json.dumps({"COMMAND": word, "DATA": address}))


async def streamed(socket: aiohttp.ClientWebSocketResponse) -> tuple[str, list[Any]]:
    """The next packet."""
    message = await socket.receive(timeout=10)
    assert message.type is aiohttp.WSMsgType.BINARY
    return read(message.data)


def read(packet: bytes) -> tuple[str, list[Any]]:
    address, at = _string(packet, 0)
    tags, at = _string(packet, at)
    arguments: list[Any] = []
    for tag in tags[1:]:
        match tag:
            case "i" | "f":
                arguments += struct.unpack_from(f">{tag}", packet, at)
                at += 4
            case "s":
                text, at = _string(packet, at)
                arguments.append(text)
            case "T" | "F":
                arguments.append(tag == "T")
    assert at == len(packet)
    return address, arguments


def written(address: str, tags: str, *arguments: Any) -> bytes:
    data = _padded(address) + _padded("," + tags)
    for tag, argument in zip(tags, arguments, strict=False):
        data += _padded(argument) if tag == "s" else struct.pack(f">{tag}", argument)
    return data


def fitting(node: Node) -> tuple[str, list[Any]]:
    """The type tags and arguments of a message to ``node`` that is not what it holds already."""
    tags, limits = node["TYPE"], node.get("RANGE", [{}])[0]
    held = node["VALUE"][0]
    if tags == "T":
        return ("F", []) if held else ("T", [])
    if "VALS" in limits:
        return tags, [next(each for each in limits["VALS"] if each != held)]
    return tags, [next(limits[end] for end in ("MIN", "MAX") if limits[end] != held)]


def _string(packet: bytes, at: int) -> tuple[str, int]:
    end = packet.index(0, at)
    return packet[at:end].decode(), (end // 4 + 1) * 4


def _padded(text: str) -> bytes:
    data = text.encode() + b"\0"
    return data + b"\0" * (-len(data) % 4)
