"""The command line: help, version, completions, suggestions, the list of routes, and how commands end."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import ROUTES, binary, configuration
from harness.tokens import Mint

SUBCOMMANDS = (
    "serve", "check", "routes", "token", "hash", "mint", "inspect", "api-key", "example-upstream", "explain", "test", "jwks",
    "fetch")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [binary(), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
    )


@pytest.fixture
def write(tmp_path: Path, mint: Mint) -> Any:
    def write(**changes: Any) -> str:
        path = tmp_path / "gateway.json"
        path.write_text(json.dumps(configuration("http://127.0.0.1:9", mint, tmp_path / "log", **changes), indent=2))
        return str(path)

    return write


# Help, version, completions, suggestions


def test_help_names_the_commands() -> None:
    result = run("--help")
    assert result.returncode == 0
    for word in ("serve", "check", "routes", "token"):
        assert word in result.stdout


def test_version_names_what_matters_to_a_bug_report() -> None:
    result = run("--version")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"gateway \d+\.\d+\.\d+", lines[0])
    assert re.fullmatch(r"build: (release|debug)", lines[1])
    assert re.fullmatch(r"Swift: \d+\.\d+\.\d+", lines[2])
    assert re.fullmatch(r"OpenSSL: OpenSSL 3\.\d+\.\d+ .*\(compiled with OpenSSL 3\..*\)", lines[3])
    assert len(lines) == 4


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_know_every_subcommand(shell: str, tmp_path: Path) -> None:
    result = run("--generate-completion-script", shell)
    assert (result.returncode, result.stderr) == (0, "")
    for word in SUBCOMMANDS:
        assert re.search(rf"\b{word}\b", result.stdout), word
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(result.stdout)
        assert subprocess.run([shell, "-n", str(script)], check=False).returncode == 0


@pytest.mark.parametrize("arguments, suggestion", [
    (["chek"], "check"), (["route"], "routes"), (["token", "insepct"], "inspect"), (["serv", "-f", "x"], "serve"),
    (["check", "--confg", "x"], "--config"), (["routes", "--jsn"], "--json"),
])
def test_a_mistyped_word_gets_a_suggestion_and_64(arguments: list[str], suggestion: str) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (64, "")
    assert re.search(rf"[Dd]id you mean ['\"]?{suggestion}\b", result.stderr), result.stderr


def test_a_word_that_is_near_nothing_gets_no_suggestion() -> None:
    result = run("no-such-command")
    assert (result.returncode, result.stdout) == (64, "")
    assert "id you mean" not in result.stderr


# Exit statuses


@pytest.mark.parametrize("command, status", [("check", 66), ("routes", 66), ("token mint alice", 66), ("serve", 78)])
def test_a_configuration_that_is_not_there(command: str, status: int, tmp_path: Path) -> None:
    result = run(*command.split(), "--config", str(tmp_path / "none.json"))
    assert (result.returncode, result.stdout) == (status, "")
    assert "none.json: cannot read the configuration: No such file" in result.stderr


@pytest.mark.parametrize("command, status", [("check", 1), ("routes", 1), ("serve", 78)])
def test_a_configuration_with_errors(command: str, status: int, write: Any) -> None:
    result = run(command, "--config", write(routes=[]))
    assert (result.returncode, result.stdout) == (status, "")
    assert "this list must not be empty" in result.stderr


@pytest.mark.parametrize("arguments", [
    [], ["--bogus"], ["routes", "--public", "--scopes", "me"], ["routes", "--all"], ["routes", "surplus"],
    ["token", "mint"], ["example-upstream", "--listen", "nowhere"],
])
def test_a_wrong_command_line_is_64(arguments: list[str]) -> None:
    # Without a subcommand there is help and nothing wrong.
    assert run(*arguments).returncode == (64 if arguments else 0)


# Routes


def listed(path: str, *arguments: str) -> list[dict[str, Any]]:
    result = run("routes", "--config", path, "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_routes_as_json_say_everything_and_where_it_stands(write: Any) -> None:
    path = write(routes=[
        {"id": "a", "path": "/a/{id}", "host": "*.Example.com", "methods": ["GET", "PURGE"], "shadow": True,
         "any_scopes": [["me"], ["items:read", "items:write"]], "roles": ["admin"], "issuers": ["main"],
         "timeout": "1500ms", "stream_idle_timeout": "2m", "outlive_token": True, "max_body": "1KiB", "allow": ["encoded_slash"], "trailing_slash": "either"},
        {"id": "b", "path": "/b", "authenticated": True},
    ], listeners=[{"address": "127.0.0.1:0", "livez": True}])
    live, first, second = listed(path)
    assert (live["id"], live["path"], live["public"], live["line"]) == ("gateway.livez", "/livez", True, None)
    expected = {
        "id": "a", "host": "*.example.com", "path": "/a/{id}", "trailing_slash": "either", "methods": ["GET", "PURGE"],
        "any_scopes": [["me"], ["items:read", "items:write"]], "roles": ["admin"], "issuers": ["main"],
        "upstream": "service", "timeout": 1500, "stream_idle_timeout": 120_000, "outlive_token": True, "max_body": 1024,
        "allow": ["encoded_slash"], "shadow": True,
    }
    assert {key: first.get(key) for key in expected} == expected
    lines = Path(path).read_text().splitlines()
    assert lines[first["line"] - 1][first["column"] - 1] == "{"
    assert '"id": "a"' in lines[first["line"]]
    assert (second["authenticated"], second["methods"], second["host"], second["max_body"]) == (True, None, None, None)
    assert (second["stream_idle_timeout"], second["outlive_token"]) == (600_000, False)


def test_routes_for_people(write: Any) -> None:
    result = run("routes", "--config", write(routes=ROUTES + [
        {"id": "dark", "path": "/dark", "scopes": ["me"], "roles": ["viewer", "editor"], "shadow": True},
        {"id": "feed", "path": "/feed", "scopes": ["me"], "outlive_token": True},
        {"id": "open", "path": "/open", "public": True, "outlive_token": True}]))
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert re.split(r" {2,}", lines[0]) == ["ID", "METHODS", "PATH", "ACCESS", "UPSTREAM", "FLAGS"]
    assert len(lines) == len(ROUTES) + 4
    rows = {cells[0]: cells[1:] for cells in (re.split(r" {2,}", line) for line in lines[1:])}
    assert rows["items.read"] == ["GET,HEAD", "/items/{id}", "scopes items:read", "service", "-"]
    assert rows["any"][2] == "scopes items:read me or items:write"
    assert rows["dark"] == ["all", "/dark", "scopes me, and role viewer or editor", "service", "shadow"]
    assert (rows["feed"][-1], rows["open"][-1]) == ("streams outlive tokens", "-")
    starts = {line.index("service") for line in lines[1:]}
    assert starts == {lines[0].index("UPSTREAM")}, "the columns are aligned"


OPEN = {"root", "health", "public"}


@pytest.mark.parametrize("arguments, expected", [
    (["--public"], OPEN),
    (["--scopes", ""], OPEN | {"status"}),
    (["--scopes", "items:read"], OPEN | {"status", "items.read"}),
    (["--scopes", "items:read,items:write"], OPEN | {"status", "items.read", "items.write", "any"}),
    (["--scopes", "items:read", "--scopes", "me"], OPEN | {"status", "items.read", "any"}),
    (["--roles", "viewer"], OPEN | {"status", "items.read", "edit"}),
    (["--roles", "admin"], {route["id"] for route in ROUTES}),
    (["--roles", "viewer", "--scopes", "items:write"], OPEN | {"status", "items.read", "items.write", "any", "edit"}),
])
def test_routes_of_a_holder_are_those_that_the_policy_permits(write: Any, arguments: list[str], expected: set[str]) -> None:
    assert {route["id"] for route in listed(write(), *arguments)} == expected


def test_routes_respect_the_grant(write: Any) -> None:
    path = write(grant="intersection")
    assert {route["id"] for route in listed(path, "--roles", "editor")} == OPEN | {"status", "edit"}
    both = listed(path, "--roles", "editor", "--scopes", "items:read")
    assert {route["id"] for route in both} == OPEN | {"status", "edit", "items.read"}


def test_all_says_what_is_missing(write: Any) -> None:
    path = write()
    routes = {route["id"]: route for route in listed(path, "--scopes", "items:read", "--all")}
    assert len(routes) == len(ROUTES)
    assert (routes["items.read"]["permitted"], routes["items.read"]["reason"]) == (True, None)
    write = routes["items.write"]
    assert (write["permitted"], write["reason"], write["missing_scopes"]) == (False, "insufficient_scope", ["items:write"])
    assert (routes["admin"]["reason"], routes["admin"]["missing_any_role"]) == ("insufficient_role", ["admin"])
    text = run("routes", "--config", path, "--scopes", "items:read", "--all").stdout
    assert re.search(r"^items\.write .* scopes items:write$", text, re.MULTILINE)


@pytest.mark.parametrize("arguments, message", [
    (["--scopes", "items:raed"], 'the scope "items:raed" is not in "scopes" of .*; did you mean "items:read"?'),
    (["--roles", "admim"], 'the role "admim" is not in "roles" of .*; did you mean "admin"?'),
])
def test_names_that_the_configuration_lacks_are_errors(write: Any, arguments: list[str], message: str) -> None:
    result = run("routes", "--config", write(), *arguments)
    assert (result.returncode, result.stdout) == (64, "")
    assert re.search(message.replace("?", r"\?"), result.stderr), result.stderr
