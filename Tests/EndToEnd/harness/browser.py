"""A real browser on a page of the test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

#: What keeps it from doing anything but showing the page.
QUIET = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--no-proxy-server",
    "--ignore-certificate-errors",
]


class Browser:
    """Chromium with a profile of its own in `home`; it is there as long as the `with` block."""

    def __init__(self, url: str, home: Path):
        binary = shutil.which("chromium")
        assert binary, "chromium is not installed"
        self.log = home / "browser.log"
        # Without a port for debugging, a headless browser prints the page and leaves.
        command = [binary, *QUIET, "--remote-debugging-port=0", f"--user-data-dir={home / 'profile'}", url]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=os.environ | {"HOME": str(home)})

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        """With all its processes, which are a group."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
