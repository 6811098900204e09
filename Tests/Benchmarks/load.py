"""Load for one contestant, on its own core: requests, TLS handshakes or idle connections; everything bounded in time."""

import os
import re
import resource
import socket
import ssl
import subprocess

from contestants import LOAD_CORE

TOKENS_SCRIPT = """
local tokens, position = {}, 0
function init(arguments)
  for line in io.lines("%s") do tokens[#tokens + 1] = "Bearer " .. line end
end
function request()
  position = position + 1
  if position > #tokens then wrk.thread:stop() position = 1 end
  return wrk.format("GET", nil, { ["Authorization"] = tokens[position] })
end
"""

UPLOAD_SCRIPT = """
wrk.method = "POST"
wrk.body = string.rep("x", 1048576)
"""


def run_pinned(command, seconds, environment=None):
    """What the command prints; it has half a minute beyond `seconds`."""
    return subprocess.run(["taskset", "-c", LOAD_CORE] + command, capture_output=True, text=True, timeout=seconds + 30,
                          env=dict(os.environ, **(environment or {}))).stdout


class Load:
    """What wrk sends by HTTP/1.1: `path`, perhaps a token, perhaps a script, perhaps over TLS."""

    def __init__(self, folder, path="/items/42", token=None, script=None, connections=64, tls=False):
        self.path, self.token, self.connections = path, token, connections
        self.scheme = "https" if tls else "http"
        self.environment = {"OPENSSL_CONF": os.path.join(folder, "openssl.cnf")}
        self.script = None
        if script:
            self.script = os.path.join(folder, "load.lua")
            with open(self.script, "w") as file:
                file.write(script)

    def run(self, port, seconds):
        """Runs wrk; returns completed requests, those with another status than 2xx or 3xx, and socket errors."""
        command = ["wrk", "-t1", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "10s"]
        if self.token:
            command += ["-H", f"Authorization: Bearer {self.token}"]
        if self.script:
            command += ["-s", self.script]
        output = run_pinned(command + [f"{self.scheme}://127.0.0.1:{port}{self.path}"], seconds, self.environment)
        requests = re.search(r"(\d+) requests in", output)
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
        return (int(requests.group(1)) if requests else 0, int(failed.group(1)) if failed else 0,
                sum(map(int, errors.groups())) if errors else 0)


class StreamLoad:
    """What h2load sends by HTTP/2: 16 requests at a time on each of 8 connections, with a token."""

    def __init__(self, token, tls):
        self.token, self.scheme = token, "https" if tls else "http"

    def run(self, port, seconds):
        """Runs h2load; returns completed requests, those with another status than 2xx or 3xx, and what failed besides."""
        command = ["h2load", "-t1", "-c8", "-m16", f"-D{seconds}", "-H", f"Authorization: Bearer {self.token}"]
        output = run_pinned(command + [f"{self.scheme}://127.0.0.1:{port}/items/42"], seconds)
        requests = re.search(r"(\d+) done, \d+ succeeded, (\d+) failed", output)
        # A server that does not speak HTTP/2 would be spoken to in HTTP/1.1.
        if not requests or "Application protocol: h2" not in output:
            return 0, 0, 1
        done, failed = map(int, requests.groups())
        refused = sum(map(int, re.search(r"(\d+) 4xx, (\d+) 5xx", output).groups()))
        return done, refused, failed - refused


class HandshakeLoad:
    """TLS handshakes of `kind` (full or resumed) with a version of TLS, each on a connection of its own."""

    def __init__(self, program, kind, version):
        self.command = [program, kind, version]

    def run(self, port, seconds):
        """Returns handshakes, those that were not of the kind, and those that failed."""
        program, kind, version = self.command
        output = run_pinned([program, str(port), str(seconds), kind, version], seconds)
        counts = re.search(r"(\d+) made, (\d+) unlike, (\d+) failed", output)
        return tuple(map(int, counts.groups())) if counts else (0, 0, 1)


def idle_connections(port, count, token, authority=None):
    """Opens connections that each had one answer and now wait, over TLS if there is an authority to check certificates
    with; the caller closes them."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    request = (f"GET /items/42 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n").encode()
    context = ssl.create_default_context(cafile=authority) if authority else None
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        if context:
            connection = context.wrap_socket(connection, server_hostname="localhost")
        connections.append(connection)
        connection.sendall(request)
        answer = b""
        while b"0123456789\"}" not in answer:
            more = connection.recv(65536)
            if not more:
                raise RuntimeError(f"closed after {answer[:200]!r}")
            answer += more
    return connections
