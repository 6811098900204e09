"""WebSockets of a browser, which can set no field but the subprotocols (HTML, "WebSockets")."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.browser import Browser
from harness.tls import World
from harness.tokens import Mint
from harness.upstream import Exchange
from harness.websocket_frames import CLOSE, PING, PONG, Frame, WebSocketUpstream, accept_websocket

ROUTES = [
    {"id": "page", "path": "/page", "methods": ["GET"], "public": True},
    {"id": "result", "path": "/result", "methods": ["POST"], "public": True},
    {"id": "ws", "path": "/ws/{rest...}", "methods": ["GET"], "scopes": ["items:read"]},
]

PAGE = """<!doctype html><script>
const use = (path, protocols) => new Promise(resolve => {
    const socket = new WebSocket(location.origin.replace("http", "ws") + path, protocols);
    const seen = {messages: []};
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
        seen.protocol = socket.protocol;
        socket.send("héllo");
        socket.send(new Uint8Array(100000).fill(7));
    };
    socket.onmessage = event => {
        const {data} = event;
        seen.messages.push(typeof data === "string" ? data : [data.byteLength, new Uint8Array(data).every(x => x === 7)]);
        if (seen.messages.length === 2 && path === "/ws/echo") socket.close(4000, "done");
    };
    socket.onclose = ({code, reason, wasClean}) => resolve({...seen, code, reason, wasClean});
});
(async () => {
    const results = [];
    for (const [path, protocols] of WANTED) results.push(await use(path, protocols));
    await fetch("/result", {method: "POST", body: JSON.stringify(results)});
})();
</script>"""

BINARY_ECHO = [100000, True]


class Site:
    """The page, the service that its script talks to, and what the script says in the end."""

    def __init__(self, mint: Mint):
        self.mint, self.results, self.told = mint, None, threading.Event()
        self.offers: list[list[str]] = []
        self.codes: list[int | None] = []

    def __call__(self, exchange: Exchange) -> None:
        message = exchange.message
        if message.target == "/page":
            exchange.respond(200, "Content-Type: text/html; charset=utf-8", body=self.page().encode())
        elif message.target == "/result":
            self.results = json.loads(exchange.read_body())
            exchange.respond(204)
            self.told.set()
        elif message.get("upgrade"):
            self.serve(exchange)
        else:
            exchange.respond(404)

    def page(self) -> str:
        """Made anew for each visit, so that the short token begins when the browser is there."""
        good, brief = self.mint.token(), self.mint.token(lifetime=3)
        bad = self.mint.token(aud="another")
        wanted = [
            ["/ws/stays", ["bearer", brief]], ["/ws/echo", ["bearer", good]], ["/ws/echo", ["chat", "bearer", good]],
            ["/ws/echo", ["bearer", bad]], ["/ws/echo", ["chat"]],
        ]
        return PAGE.replace("WANTED", json.dumps(wanted))

    def serve(self, exchange: Exchange) -> None:
        """Sends everything back; asks for a pong, too."""
        offered = exchange.message.all("sec-websocket-protocol")
        self.offers.append(offered)
        socket = accept_websocket(exchange, *(["Sec-WebSocket-Protocol: chat"] if offered else []))
        socket.send(Frame(PING, b"?"))
        while (frame := socket.receive()).opcode != CLOSE:
            if frame.opcode != PONG:
                socket.send(Frame(frame.opcode, frame.payload, frame.final))
        self.codes.append(frame.code)
        socket.send(Frame(CLOSE, frame.payload))


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_a_browser_sends_its_token_as_a_subprotocol(
    start_gateway: Any, mint: Mint, world: World, tmp_path: Path, scheme: str
) -> None:
    site = Site(mint)
    upstream = WebSocketUpstream(site)
    issuer = {
        "issuer": mint.issuer, "audience": [mint.audience], "algorithms": ["ES256"], "keys": {"jwks": mint.jwks()},
        "clock_skew": "0s",
    }
    gateway = start_gateway(
        upstream, listeners=[world.listener() if scheme == "wss" else {"address": "127.0.0.1:0"}], routes=ROUTES,
        workers=1, issuers={"main": issuer}, token_locations={"websocket_protocol": "bearer"})
    page = f"{'https' if scheme == 'wss' else 'http'}://127.0.0.1:{gateway.address[1]}/page"
    with Browser(page, tmp_path) as browser:
        assert site.told.wait(60), (browser.log.read_text()[-3000:], gateway.log_lines())
    upstream.stop()
    ended, marked, chosen, bad, none = site.results
    assert (ended["code"], ended["wasClean"], ended["protocol"]) == (1008, True, "bearer")
    assert marked == {
        "messages": ["héllo", BINARY_ECHO], "protocol": "bearer", "code": 4000, "reason": "done", "wasClean": True}
    assert chosen == marked | {"protocol": "chat"}
    for refused in (bad, none):
        assert refused == {"messages": [], "code": 1006, "reason": "", "wasClean": False}
    assert site.offers == [[], [], ["chat"]]
    assert site.codes == [1008, 4000, 4000]
    assert upstream.violations == []
    lines = [line for line in gateway.wait_for_log_count(7) if line.get("route") == "ws"]
    assert [line["reason"] for line in lines] == ["allowed", "allowed", "allowed", "wrong_audience", "no_token"]
    # Inside TLS the browser opens them as streams of the connection that it has.
    protocol, status = ("HTTP/2.0", 200) if scheme == "wss" else ("HTTP/1.1", 101)
    assert {(line["proto"], line["status"]) for line in lines[:3]} == {(protocol, status)}
    assert [line.get("ended") for line in lines[:3]] == ["token_expired", None, None]
