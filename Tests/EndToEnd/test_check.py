"""`gateway check`: what people and machines read of it, and what it ends with."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.gateway import REPOSITORY, binary, configuration
from harness.tokens import Mint

SHADOW = [{"id": "tried", "path": "/tried", "scopes": ["me"], "shadow": True}]


@pytest.fixture
def write(tmp_path: Path, mint: Mint) -> Any:
    def write(name: str, **changes: Any) -> str:
        settings = configuration("http://127.0.0.1:1", mint, tmp_path / "log", **changes)
        (tmp_path / name).write_text(json.dumps(settings, indent=2))
        return name

    return write


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [binary(), "check", *arguments], capture_output=True, text=True, timeout=30, cwd=tmp_path,
            env=os.environ | environment)

    return run


def test_a_good_file_is_one_line_on_standard_output(write: Any, run: Any) -> None:
    result = run("--config", write("gateway.json"))
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("gateway.json: good (") and result.stdout.count("\n") == 1


def test_the_whole_policy_of_the_readme_is_good_and_short(run: Any, tmp_path: Path, mint: Mint) -> None:
    """KrakenD takes 45 lines for the same, Envoy 76."""
    text = (REPOSITORY / "README.md").read_text()
    policy = text.split("## A whole policy")[1].split("```json\n")[1].split("```")[0]
    assert len(policy.splitlines()) <= 15
    (tmp_path / "gateway.json").write_text(policy)
    (tmp_path / "jwks.json").write_text(json.dumps(mint.jwks()))
    result = run("--strict")
    assert result.stdout.startswith("gateway.json: good (3 routes"), result.stderr


def test_warnings_go_to_standard_error_and_are_fatal_only_if_strict(write: Any, run: Any) -> None:
    name = write("a file.json", routes=SHADOW)
    for flags, status in [([], 0), (["--strict"], 1)]:
        result = run("--config", name, *flags)
        assert result.returncode == status
        assert "a file.json:" in result.stderr and ": warning: everyone may use the route" in result.stderr
        assert "warning" in result.stderr.splitlines()[-1]
        assert ("good" in result.stdout) == (status == 0)
    assert run("--config", write("good.json"), "--strict").returncode == 0


def test_json_is_one_object_for_each_file(write: Any, run: Any, tmp_path: Path) -> None:
    names = [write("good.json"), write("warned.json", routes=SHADOW), write("bad.json", refusals={"relam": "x"}), "none.json"]
    result = run("--json", *(argument for name in names for argument in ("--config", name)))
    assert (result.returncode, result.stderr) == (1, "")
    good, warned, bad, missing = map(json.loads, result.stdout.splitlines())
    assert good == {"file": "good.json", "hash": good["hash"], "valid": True, "errors": [], "warnings": []}
    assert warned["valid"] and warned["errors"] == []
    assert {"rule": "shadow_route", "pointer": "/routes/0/shadow"}.items() <= warned["warnings"][-1].items()
    assert not bad["valid"] and bad["warnings"] == [] and "hash" not in bad
    lines = (tmp_path / "bad.json").read_text().splitlines()
    place = next(number for number, line in enumerate(lines, 1) if "relam" in line)
    assert bad["errors"] == [
        {"rule": "unknown_key", "message": 'unknown key "relam"', "file": "bad.json", "line": place,
         "column": lines[place - 1].index('"') + 1, "pointer": "/refusals/relam", "suggestion": "realm"}
    ]
    assert [error["rule"] for error in missing["errors"]] == ["unreadable"]
    assert missing["errors"][0]["line"] == 0


def test_sarif_names_rules_and_places_as_code_scanning_wants_them(write: Any, run: Any) -> None:
    names = [write("a file.json", routes=SHADOW), write("bad.json", refusals={"relam": "x"}), "none.json"]
    result = run("--sarif", *(argument for name in names for argument in ("--config", name)))
    assert (result.returncode, result.stderr) == (1, "")
    log = json.loads(result.stdout)
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json")
    (report,) = log["runs"]
    rules = {rule["id"]: rule for rule in report["tool"]["driver"]["rules"]}
    assert report["tool"]["driver"]["name"] == "gateway"
    for rule in rules.values():
        assert rule["shortDescription"]["text"] and rule["defaultConfiguration"]["level"] in ("error", "warning")
    uris = []
    for found in report["results"]:
        assert found["level"] == rules[found["ruleId"]]["defaultConfiguration"]["level"]
        assert found["message"]["text"]
        (location,) = found["locations"]
        uris.append(location["physicalLocation"]["artifactLocation"]["uri"])
        region = location["physicalLocation"].get("region")
        assert (region is None) == (uris[-1] == "none.json")
        assert region is None or region["startLine"] >= 1 and region["endColumn"] > region["startColumn"] >= 1
    assert set(uris) == {"a%20file.json", "bad.json", "none.json"}


def test_the_effective_configuration_is_a_file_of_the_same_meaning(write: Any, run: Any, tmp_path: Path) -> None:
    name = write(
        "gateway.json", refusals={"realm": "${REALM}"}, route_defaults={"timeout": "3s", "upstream": "service"},
        routes=[{"id": "a", "path": "/a", "scopes": ["me"], "$comment": "kept"}])
    result = run("--config", name, "--effective", REALM="from outside")
    assert result.returncode == 0
    effective = json.loads(result.stdout)
    assert effective["refusals"] == {"realm": "from outside", "insufficient_scope_status": 401, "unmatched_status": 401}
    assert effective["limits"]["timeout"] == "60s"
    (route,) = effective["routes"]
    assert (route["timeout"], route["idle_timeout"], route["$comment"]) == ("3s", "75s", "kept")
    (tmp_path / "effective.json").write_text(result.stdout)
    again = run("--config", "effective.json", "--effective")
    assert again.stdout == result.stdout


def test_an_effective_configuration_with_errors_shows_the_errors(write: Any, run: Any) -> None:
    result = run("--config", write("bad.json", refusals={"relam": "x"}), "--effective")
    assert (result.returncode, result.stdout) == (1, "")
    assert "relam" in result.stderr


@pytest.mark.parametrize("flags", [["--json", "--sarif"], ["--effective", "--json"]])
def test_flags_that_contradict_are_refused(write: Any, run: Any, flags: list[str]) -> None:
    assert run("--config", write("gateway.json"), *flags).returncode == 64


@pytest.mark.corpus
def test_the_strict_reader_follows_the_json_test_suite(corpora: Path, run: Any) -> None:
    """nst/JSONTestSuite: y_ must parse, n_ must not, i_ may; beyond it, repeated keys are refused."""
    files = sorted((corpora / "json" / "test_parsing").glob("*.json"))
    assert len(files) > 300
    result = run("--json", *(argument for file in files for argument in ("--config", str(file))))
    assert result.returncode == 1, result.stderr
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert [report["file"] for report in reports] == [str(file) for file in files]
    wrong = []
    for file, report in zip(files, reports, strict=True):
        rules = {error["rule"] for error in report["errors"]}
        assert rules, "no file of the suite is a configuration"
        refused = bool(rules & {"syntax", "duplicate_key", "unreadable"})
        expected = {"n": True, "i": refused, "y": "duplicated_key" in file.name}[file.name[0]]
        if refused != expected:
            wrong.append((file.name, rules))
    assert wrong == []
