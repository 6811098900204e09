"""Child processes: started pinned to cores, ended by their own id, and measured through /proc."""

import atexit
import os
import signal
import socket
import subprocess
import time

_children = []


class Process:
    """A child on the given cores; `pid` is the process whose time counts."""

    def __init__(self, name, command, cores, folder, ready_port=None, environment=None):
        self.name = name
        self.log = os.path.join(folder, name + ".out")
        with open(self.log, "wb") as output:
            self.child = subprocess.Popen(
                ["taskset", "-c", cores] + command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder,
                env=dict(os.environ, **(environment or {})))
        _children.append(self.child)
        if ready_port:
            self._wait_for(ready_port)
        # nginx answers from a child of its own.
        self.pid = self.child.pid
        with open(f"/proc/{self.pid}/task/{self.pid}/children") as file:
            below = file.read().split()
        if len(below) == 1:
            self.pid = int(below[0])

    def _wait_for(self, port):
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                break
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    time.sleep(0.2)
                    return
            time.sleep(0.05)
        self.stop()
        with open(self.log, errors="replace") as file:
            raise RuntimeError(f"{self.name} does not listen on {port}: {file.read()[-2000:].strip()}")

    def cpu_seconds(self):
        """User and system time of all threads: the scheduler's sum in nanoseconds, /proc/PID/stat being too coarse."""
        total = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            try:
                with open(f"/proc/{self.pid}/task/{task}/schedstat") as file:
                    total += int(file.read().split()[0])
            except FileNotFoundError:
                pass
        return total / 1e9

    def resident_kib(self):
        with open(f"/proc/{self.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))

    def stop(self):
        stop(self.child)


def stop(child):
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(3)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(3)
    if child in _children:
        _children.remove(child)


def stop_all():
    for child in list(reversed(_children)):
        stop(child)


def stop_on_exit():
    atexit.register(stop_all)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: exit(1))
