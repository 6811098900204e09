"""WebSockets (RFC 6455, RFC 8441): through the gateway they are what they are without it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from conftest import Service
from harness.gateway import Gateway
from harness.http2_client import HTTP2Client
from harness.process import MiB, PeakMemory
from harness.tls import World, over
from harness.tokens import Mint
from harness.websocket_clients import WAYS, Reached, open_library
from harness.websocket_frames import BINARY, Frame
from harness.websocket_server import Visit, WebSocketServer, block
from harness.wire import PATIENCE

ROUTES = [{"id": "ws", "path": "/ws/{rest...}", "methods": ["GET"], "scopes": ["items:read"]}]


@pytest.fixture(scope="module")
def server() -> Iterator[WebSocketServer]:
    server = WebSocketServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def gateway(module_gateway: Any, server: WebSocketServer, world: World) -> Gateway:
    return module_gateway(server.url, listeners=[{"address": "127.0.0.1:0"}, world.listener()], routes=ROUTES)


class Clients:
    """Clients that reach the server by one way."""

    def __init__(self, way: str, listeners: list[Any], world: World, server: WebSocketServer, token: str):
        self.way, self.listeners, self.world, self.server, self.token = way, listeners, world, server, token
        self.reached: list[Reached] = []

    def reach(self) -> Reached:
        self.reached.append(Reached(self.way, self.listeners, self.world))
        return self.reached[-1]

    def open(self, target: str, **options: Any) -> tuple[ClientConnection, Visit]:
        """A WebSocket, from the client's side and from the server's."""
        before = len(self.server.visits)
        connection = open_library(self.reach().socket, target, self.token, **options)
        return connection, self.server.visit(before + 1)


@pytest.fixture(params=["direct", *WAYS])
def clients(request: pytest.FixtureRequest, server: WebSocketServer, world: World, mint: Mint) -> Iterator[Clients]:
    direct = request.param == "direct"
    listeners = [server.address] if direct else request.getfixturevalue("gateway").listeners
    clients = Clients(request.param, listeners, world, server, mint.token())
    yield clients
    for reached in clients.reached:
        reached.close()


@pytest.fixture(params=WAYS)
def through(
    request: pytest.FixtureRequest, gateway: Gateway, server: WebSocketServer, world: World, mint: Mint
) -> Iterator[Clients]:
    """Clients that reach the server through the gateway only."""
    clients = Clients(request.param, gateway.listeners, world, server, mint.token())
    yield clients
    for reached in clients.reached:
        reached.close()


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_messages_of_every_length_of_length_come_back(clients: Clients, compression: str | None) -> None:
    websocket, visit = clients.open("/ws/echo", compression=compression)
    with websocket:
        assert bool(websocket.protocol.extensions) == bool(compression)
        for size in [0, 1, 125, 126, 127, 65535, 65536, 200_000]:
            data = os.urandom(size)
            websocket.send(data)
            assert websocket.recv(PATIENCE) == data
        for text in ["", "a", "héllo — ✓ 🎈", "x" * 70_000]:
            websocket.send(text)
            assert websocket.recv(PATIENCE) == text
    assert visit.code == 1000


def test_many_messages_under_way_at_once_keep_their_order(clients: Clients) -> None:
    websocket, _ = clients.open("/ws/echo")
    with websocket:
        sender = threading.Thread(target=lambda: [websocket.send(str(index)) for index in range(3000)])
        sender.start()
        assert [websocket.recv(PATIENCE) for _ in range(3000)] == [str(index) for index in range(3000)]
        sender.join()


def test_fragments_stay_what_they_are(clients: Clients) -> None:
    websocket, visit = clients.open("/ws/echo")
    with websocket:
        for fragments in (["one ", "", "two ", "three"], [b"\x00" * 10, b"", os.urandom(70_000), b"\xff"]):
            websocket.send(fragments)
            # The library ends a fragmented message by an empty fragment.
            end = type(fragments[0])()
            assert list(websocket.recv_streaming()) == [*fragments, end, end]
            assert visit.fragments.pop() == [*fragments, end]


def test_control_frames_pass_between_fragments(clients: Clients) -> None:
    """RFC 6455 section 5.4: a ping may stand inside a fragmented message, and is answered at once."""
    websocket, _ = clients.open("/ws/echo", compression=None)
    pings = []

    def fragments() -> Iterator[bytes]:
        for index in range(3):
            yield b"part %d" % index
            pings.append(websocket.ping(b"between %d" % index).wait(PATIENCE))

    with websocket:
        websocket.send(fragments())
        assert websocket.recv(PATIENCE) == b"part 0part 1part 2"
    assert pings == [True, True, True]


def test_pings_of_both_sides_are_answered_by_the_other(clients: Clients) -> None:
    websocket, _ = clients.open("/ws/ping")
    with websocket:
        assert websocket.ping(b"x" * 125).wait(PATIENCE)
        assert websocket.recv(PATIENCE) == "answered"


def test_a_message_of_16_MiB_comes_back(clients: Clients) -> None:
    websocket, _ = clients.open("/ws/echo", compression=None)
    data = os.urandom(16 * MiB)
    with websocket:
        websocket.send(data)
        assert websocket.recv(60) == data


def test_the_server_chooses_the_subprotocol(clients: Clients) -> None:
    for offered, chosen in [
        (["other", "chat.v2", "chat.v1"], "chat.v2"), (["chat.v1"], "chat.v1"), (["other"], None), ([], None),
    ]:
        websocket, visit = clients.open("/ws/echo", subprotocols=offered or None)
        with websocket:
            assert (websocket.subprotocol, visit.connection.subprotocol) == (chosen, chosen)
        request = visit.connection.request
        assert request is not None
        assert request.headers.get_all("Sec-WebSocket-Protocol") == ([", ".join(offered)] if offered else [])


CODES = [
    (1000, ""), (1001, "going away"), (1003, "unsupported"), (1008, "policy — ✓"), (1011, "x" * 120), (3000, ""), (4999, "own"),
]


@pytest.mark.parametrize("code, reason", CODES)
def test_a_close_of_the_client_reaches_the_server(clients: Clients, code: int, reason: str) -> None:
    websocket, visit = clients.open("/ws/echo")
    websocket.close(code, reason)
    assert (visit.code, visit.reason) == (code, reason)
    assert (websocket.close_code, websocket.close_reason) == (code, reason)


@pytest.mark.parametrize("code, reason", CODES)
def test_a_close_of_the_server_reaches_the_client(clients: Clients, code: int, reason: str) -> None:
    percent = reason.replace(" ", "_").encode("ascii", "ignore").decode()
    websocket, visit = clients.open(f"/ws/close?{code},{percent}")
    assert websocket.recv(PATIENCE) == "about to close"
    with pytest.raises(ConnectionClosed) as closed:
        websocket.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, percent)
    assert visit.code == code


def test_a_client_that_is_torn_away_is_missed_by_the_server_at_once(clients: Clients) -> None:
    websocket, visit = clients.open("/ws/echo")
    websocket.send("hello")
    assert websocket.recv(PATIENCE) == "hello"
    began = time.monotonic()
    clients.reached[-1].abort()
    assert visit.code == 1006
    assert time.monotonic() - began < 1
    websocket.wait_closed(PATIENCE)


def test_a_server_that_is_torn_away_is_missed_by_the_client_at_once(clients: Clients) -> None:
    websocket, _ = clients.open("/ws/vanish")
    began = time.monotonic()
    websocket.send("now")
    with pytest.raises(ConnectionClosed) as closed:
        websocket.recv(PATIENCE)
    assert closed.value.rcvd is None and websocket.close_code == 1006
    assert time.monotonic() - began < 1


def test_a_refusal_of_the_server_is_the_clients_to_read(clients: Clients) -> None:
    """The server answers what is no WebSocket to it; here an old version of the protocol (RFC 6455 section 4.4)."""
    reached = clients.reach()
    client = over(reached.socket)
    client.send(
        b"GET /ws/echo HTTP/1.1\r\nHost: gateway.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 7\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        + f"Authorization: Bearer {clients.token}\r\n\r\n".encode())
    response = client.read_response()
    assert response.status == 400 and b"invalid Sec-WebSocket-Version header: 7" in response.body


# Back-pressure


def stagnant(progress: Callable[[], int], since: float = 0.7) -> int:
    """Waits until there is no progress any more."""
    last, changed, deadline = progress(), time.monotonic(), time.monotonic() + PATIENCE
    while time.monotonic() - changed < since:
        assert time.monotonic() < deadline, f"no end of progress at {last}"
        time.sleep(0.02)
        if (now := progress()) != last:
            last, changed = now, time.monotonic()
    return last


def test_a_slow_client_makes_the_server_wait(gateway: Gateway, through: Clients) -> None:
    """100 MiB are on their way and nobody reads them: they stay with the server."""
    websocket, visit = through.open("/ws/flood?100", compression=None, max_queue=1)
    with PeakMemory(gateway.pid) as memory:
        assert stagnant(lambda: visit.sent) < 50
        for index in range(100):
            assert websocket.recv(PATIENCE) == block(index), index
    websocket.close()
    assert visit.code == 1000
    assert memory.growth < 8 * MiB, f"{memory.growth / MiB:.1f} MiB"


def test_a_slow_server_makes_the_client_wait(gateway: Gateway, through: Clients, server: WebSocketServer) -> None:
    server.drink.clear()
    websocket, visit = through.open("/ws/sink?100", compression=None)
    sent = []
    sender = threading.Thread(target=lambda: [(websocket.send(block(index)), sent.append(index)) for index in range(100)])
    with PeakMemory(gateway.pid) as memory:
        sender.start()
        assert stagnant(lambda: len(sent)) < 60
        server.drink.set()
        assert websocket.recv(60) == "wrong: []"
    sender.join()
    websocket.close()
    assert visit.code == 1000
    assert memory.growth < 8 * MiB, f"{memory.growth / MiB:.1f} MiB"


def test_a_slow_websocket_holds_up_no_other_stream_of_its_connection(
    gateway: Gateway, server: WebSocketServer, mint: Mint
) -> None:
    """Back-pressure is a stream's own in HTTP/2: WebSockets and requests beside it go on."""
    authorization = f"Authorization: Bearer {mint.token()}"
    with HTTP2Client(gateway.address, window=256 * 1024) as client:
        # Who does not read one stream must not run out of what all have together.
        client.h2.increment_flow_control_window(16 * MiB)
        client.wait_until(lambda: client.allows_websockets, "SETTINGS_ENABLE_CONNECT_PROTOCOL")
        lines = ["Sec-WebSocket-Version: 13", authorization]
        before = len(server.visits)
        slow = client.begin("CONNECT", "/ws/flood?20", *lines, protocol="websocket", end=False)
        client.unread.add(slow)
        streams = [client.begin("CONNECT", "/ws/echo", *lines, protocol="websocket", end=False) for _ in range(50)]
        client.wait_until(lambda: len(client.responses.get(slow, Empty).body) >= 256 * 1024, "a full window")
        for round in range(3):
            messages = {stream: Frame(BINARY, b"%d of %d" % (round, stream) * 100) for stream in streams}
            for stream, message in messages.items():
                client.wait_until(lambda: stream in client.responses, "the handshake")
                client.responses[stream].body = b""
                client.send(stream, message.encode(mask=True), end=False)
            for stream, message in messages.items():
                expected = message.encode(mask=False)
                client.wait_until(lambda: len(client.responses[stream].body) >= len(expected), f"stream {stream}")
                assert client.responses[stream].body == expected
        assert client.exchange("GET", "/ws/echo", authorization).status == 426
        assert {client.responses[stream].status for stream in streams} == {200}
    for index in range(len(streams) + 1):
        assert server.visit(before + index + 1).code == 1006


class Empty:
    body = b""


# A service of FastAPI


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("websockets") / "service.log", "websocket_service.py")
    yield service
    service.stop()


@pytest.fixture(params=["direct", *WAYS])
def service_socket(
    request: pytest.FixtureRequest, application: Service, module_gateway: Any, world: World, mint: Mint
) -> Iterator[Callable[..., ClientConnection]]:
    """Opens WebSockets of the service, with it or through the gateway."""
    listeners, opened = [application.address], []
    if request.param != "direct":
        listeners = request.getfixturevalue("application_gateway").listeners

    def open_one(target: str, **options: Any) -> ClientConnection:
        opened.append(Reached(request.param, listeners, world))
        return open_library(opened[-1].socket, target, mint.token(), **options)

    yield open_one
    for reached in opened:
        reached.close()


@pytest.fixture(scope="module")
def application_gateway(module_gateway: Any, application: Service, world: World) -> Gateway:
    return module_gateway(application.url, listeners=[{"address": "127.0.0.1:0"}, world.listener()], routes=ROUTES)


def test_fastapi_receives_and_sends_json(service_socket: Callable[..., ClientConnection]) -> None:
    with service_socket("/ws/rooms/a%20room?since=%C3%A9", subprotocols=["chat"]) as websocket:
        assert websocket.subprotocol == "chat"
        for number in range(20):
            websocket.send('{"number": %d, "text": "✓"}' % number)
            answer = websocket.recv(PATIENCE)
            assert answer == f'{{"room":"a room","since":"é","received":{{"number":{number},"text":"✓"}}}}'


def test_fastapi_sees_the_client_leave(service_socket: Callable[..., ClientConnection]) -> None:
    websocket = service_socket("/ws/rooms/leaving?since=now")
    websocket.close(4001, "enough")
    with service_socket("/ws/left/leaving") as asking:
        assert asking.recv(PATIENCE) == "4001 enough"


def test_fastapi_denies_with_a_code_after_it_has_accepted(service_socket: Callable[..., ClientConnection]) -> None:
    websocket = service_socket("/ws/rooms/closed?since=now")
    with pytest.raises(ConnectionClosed) as closed:
        websocket.recv(PATIENCE)
    assert closed.value.rcvd is not None and (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "closed")


@pytest.mark.parametrize("target, status", [("/ws/denied", 403), ("/ws/busy", 503), ("/ws/nothing", 403)])
def test_fastapi_refuses_a_handshake(
    service_socket: Callable[..., ClientConnection], target: str, status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        service_socket(target)
    assert refused.value.response.status_code == status
    if status == 503:
        assert refused.value.response.body == b"come back later"
        assert refused.value.response.headers["X-Reason"] == "busy"
