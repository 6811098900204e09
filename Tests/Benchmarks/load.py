"""Load for one contestant: wrk on its own core, or idle connections; everything bounded in time."""

import os
import re
import resource
import socket
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


class Load:
    """What wrk sends: `path`, perhaps a token, perhaps a script."""

    def __init__(self, folder, path="/items/42", token=None, script=None, connections=64):
        self.path, self.token, self.connections = path, token, connections
        self.script = None
        if script:
            self.script = os.path.join(folder, "load.lua")
            with open(self.script, "w") as file:
                file.write(script)

    def run(self, port, seconds):
        """Runs wrk; returns completed requests, those with another status than 2xx or 3xx, and socket errors."""
        command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "10s"]
        if self.token:
            command += ["-H", f"Authorization: Bearer {self.token}"]
        if self.script:
            command += ["-s", self.script]
        output = subprocess.run(command + [f"http://127.0.0.1:{port}{self.path}"], capture_output=True, text=True,
                                timeout=seconds + 30).stdout
        requests = re.search(r"(\d+) requests in", output)
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
        return (int(requests.group(1)) if requests else 0, int(failed.group(1)) if failed else 0,
                sum(map(int, errors.groups())) if errors else 0)


def idle_connections(port, count, token):
    """Opens connections that each had one answer and now wait; the caller closes them."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    request = (f"GET /items/42 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\r\n").encode()
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        connections.append(connection)
        connection.sendall(request)
        answer = b""
        while b"0123456789\"}" not in answer:
            more = connection.recv(65536)
            if not more:
                raise RuntimeError(f"closed after {answer[:200]!r}")
            answer += more
    return connections
