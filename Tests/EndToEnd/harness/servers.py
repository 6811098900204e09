"""Real servers behind the gateway that say in their answer which resource they took a path for.

Each has the resources of `RESOURCES`, and answers with the word beside them; anything else is `public` or 404.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .process import free_port, stop_process
from .wire import Client, Closed, Truncated, request

#: Paths of the protected resources and one public one, as the servers know them.
RESOURCES = {
    "/admin/x": "admin", "/admin/y/z": "admin", "/items/1": "items", "/report": "report", "/public/a": "public",
}

TOMCAT = Path("/usr/share/tomcat10")


class Server:
    """A process that listens on a loopback port; ended by its id."""

    def __init__(self, command: list[str], port: int, log: Path, environment: dict[str, str] | None = None):
        self.port = port
        self.log = log
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log.open("wb"), stderr=subprocess.STDOUT,
            env=os.environ | (environment or {}),
        )

    def wait(self) -> None:
        """Until it answers, not only listens."""
        deadline = time.monotonic() + 60
        while self.ask("/public/a") != "public":
            assert self.process.poll() is None, f"the server ended: {self.log.read_text()}"
            assert time.monotonic() < deadline, f"the server does not answer: {self.log.read_text()}"
            time.sleep(0.05)

    def ask(self, path: str) -> str | None:
        """Which resource the server itself takes a path for; None if it serves none."""
        try:
            with Client(("127.0.0.1", self.port)) as client:
                response = client.exchange(request("GET", path))
        except (OSError, Closed, Truncated):
            return None
        return response.body.decode("latin-1") if response.status == 200 else None

    def stop(self) -> None:
        stop_process(self.process)


@contextmanager
def running(command: list[str], port: int, home: Path, environment: dict[str, str] | None = None) -> Iterator[Server]:
    server = Server(command, port, home / "server.log", environment)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@contextmanager
def nginx(home: Path, *, folds: bool = False) -> Iterator[Server]:
    """nginx with regular expressions as locations; `folds` makes them ignore case and a slash at the end."""
    port, binary = free_port(), shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert binary
    match, end = ("~*", "/?") if folds else ("~", "")
    patterns = {"admin": "/admin/.+", "items": f"/items/[^/]+{end}", "report": f"/report{end}"}
    locations = "\n".join(f'location {match} "^{path}$" {{ return 200 "{word}"; }}' for word, path in patterns.items())
    temporary = "\n".join(f"{kind}_temp_path {home}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    configuration = home / "nginx.conf"
    configuration.write_text(f"""
        daemon off; master_process off; pid {home}/nginx.pid; error_log {home}/error.log;
        events {{}}
        http {{
            access_log off; default_type text/plain; {temporary}
            server {{ listen 127.0.0.1:{port}; {locations} location / {{ return 200 "public"; }} }}
        }}""")
    command = [binary, "-p", str(home), "-e", str(home / "error.log"), "-c", str(configuration)]
    with running(command, port, home) as server:
        yield server


@contextmanager
def uvicorn(home: Path, *, folds: bool = False) -> Iterator[Server]:
    """FastAPI on uvicorn; `folds` puts a layer before it that takes lower case and no slash at the end for all."""
    port = free_port()
    script = Path(__file__).with_name("resources_app.py")
    with running([sys.executable, str(script), str(port), "folds" if folds else "plain"], port, home) as server:
        yield server


@contextmanager
def tomcat(home: Path) -> Iterator[Server]:
    """Tomcat with files, and lenient about what it can be lenient about."""
    port = free_port()
    for folder in ("conf", "logs", "temp", "work"):
        (home / folder).mkdir()
    for path, word in RESOURCES.items():
        file = home / "webapps" / "ROOT" / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(word)
    (home / "conf" / "web.xml").write_text("""<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
        <servlet><servlet-name>default</servlet-name>
        <servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class></servlet>
        <servlet-mapping><servlet-name>default</servlet-name><url-pattern>/</url-pattern></servlet-mapping></web-app>""")
    (home / "conf" / "server.xml").write_text(f"""<Server port="-1"><Service name="Catalina">
        <Connector address="127.0.0.1" port="{port}" encodedSolidusHandling="decode" allowBackslash="true"/>
        <Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine>
        </Service></Server>""")
    environment = {
        "CATALINA_HOME": str(TOMCAT), "CATALINA_BASE": str(home), "CATALINA_TMPDIR": str(home / "temp"),
        "JAVA_OPTS": "-Xmx128m",
    }
    # `run` becomes the Java process, so that its id is ours.
    with running([str(TOMCAT / "bin" / "catalina.sh"), "run"], port, home, environment) as server:
        yield server
