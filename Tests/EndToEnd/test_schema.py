"""The schemas that `gateway schema` writes say what the gateway does."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harness.configurations import Generator
from harness.gateway import REPOSITORY, Gateway, binary
from harness.tokens import Mint
from harness.wire import request

SEED = 20261124
COUNT = 2000

# What a schema cannot know, by the rule, the message and the place of an error; all other errors must be the schema's, too.
BEYOND_A_SCHEMA = {
    "names that refer to others": "unknown_name",
    "routes that clash": "route_conflict",
    "roles that include themselves": "role_circle",
    "whether route_defaults says who may use a route": "unclear_access",
    "sockets that lead to each other": "exposed_admin",
    "the environment": "^environment: ",
    "files": "unreadable|cannot read",
    "what must be unique in different places": "used_twice: (the (route|issuer|listener|key) on line|a listener has this address)",
    "days that a month does not have": r'"\d{4}-(02-(29|3\d)|(04|06|09|11)-31)[^"]*" is not a time',
    "names of fields that mean something already": 'the field "[^"]*" already has a meaning',
    "origins that stand alone": r'"\*" stands for every origin|every page could act',
    "ranges of quantities": r'invalid_value: "[^"]*" is out of range',
    "algorithms and keys": "one takes a secret|takes a secret, but|takes public keys, but|no secret is fit",
    "providers that are asked in the clear": "could answer in the place of this provider",
    "what discovery begins with": '"discovery" begins with this',
    "ages of keys": "keys would be too old",
    "how the gateway says who it is": "has no use for|does not fit the type of",
    "issuers that an opaque token may be of": "an opaque token would have to be asked about",
    "certificates and their keys": "not usable as|TLS cannot be set up",
    "key sets": "these keys are not usable",
    "route_defaults as a part of routes": 'missing_key: "upstream" is missing, here and',
    "issuers that routes ask for": 'there are no "issuers"',
    "servers that are written in two ways": "used_twice: .* at [^ ]*/servers/",
    "more than one server": "several servers are not supported",
    "paths and what is taken from them": "the paths of this route do not all start with",
    "paths and methods": r'contradiction: "(\*|/)" (is the target of OPTIONS|has no form)',
    "upstreams with the same server": "contradiction: the upstream on line",
    "servers and what is spoken with them": r'contradiction: ("h2c?" is HTTP/2|"tls" has no effect|the servers of an upstream)',
    "what says how certificates are checked where none is": r'contradiction: "\w+" has no effect (while|where)',
    "certificates of clients and their authorities": 'missing_key: "client_authorities" is missing: it says',
    "proxies whose headers are believed": 'contradiction: "proxy_protocol" is believed',
}


def schema(*arguments: str) -> dict[str, Any]:
    result = subprocess.run([binary(), "schema", *arguments], capture_output=True, text=True, timeout=30, check=True)
    return json.loads(result.stdout)


def check(paths: list[Path]) -> list[dict[str, Any]]:
    """The reports about many files by one process."""
    arguments = [argument for path in paths for argument in ("--config", str(path))]
    result = subprocess.run([binary(), "check", "--json", *arguments], capture_output=True, text=True, timeout=60)
    assert result.returncode in (0, 1), result.stderr
    assert result.stderr == ""
    return [json.loads(line) for line in result.stdout.splitlines()]


def is_beyond_a_schema(error: dict[str, Any]) -> bool:
    text = f"{error['rule']}: {error['message']} at {error['pointer']}"
    return any(re.search(pattern, text) for pattern in BEYOND_A_SCHEMA.values())


def test_the_schemas_are_schemas_and_the_shipped_one_is_current() -> None:
    for arguments in ([], ["--log"]):
        Draft202012Validator.check_schema(schema(*arguments))
    shipped = json.loads((REPOSITORY / "Deploy" / "gateway.schema.json").read_text())
    assert shipped == schema()
    Draft202012Validator(shipped).validate(json.loads((REPOSITORY / "gateway.json").read_text()))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["valid", "broken"])
def test_the_schema_and_the_reader_accept_the_same_configurations(tmp_path: Path, kind: str) -> None:
    generator = Generator(SEED)
    validator = Draft202012Validator(schema())
    configurations = [getattr(generator, kind)() for _ in range(COUNT)]
    paths = [tmp_path / f"{number}.json" for number in range(COUNT)]
    for path, configuration in zip(paths, configurations, strict=True):
        path.write_text(json.dumps(configuration))
    reports = [report for start in range(0, COUNT, 500) for report in check(paths[start : start + 500])]
    assert len(reports) == COUNT

    differences, accepted = [], 0
    for configuration, report in zip(configurations, reports, strict=True):
        errors = [error for error in report["errors"] if not is_beyond_a_schema(error)]
        accepted += not errors
        if validator.is_valid(configuration) == bool(errors):
            faults = [f"{fault.json_path}: {fault.message[:200]}" for fault in validator.iter_errors(configuration)]
            differences.append({"reader": errors, "schema": faults, "file": report["file"]})
    assert not differences, f"{len(differences)} of {COUNT}: {json.dumps(differences[:15], indent=1, ensure_ascii=False)}"
    # Both kinds must be there, or nothing was compared.
    assert accepted > COUNT * (0.95 if kind == "valid" else 0.1)
    assert kind == "valid" or accepted < COUNT * 0.7


def test_lines_of_the_access_log_follow_their_schema(gateway: Gateway, mint: Mint) -> None:
    validator = Draft202012Validator(schema("--log"))
    token = mint.token(scope="items:read")
    for line, fields in [
        ("GET /health", []), ("GET /items/1", [f"Authorization: Bearer {token}"]),
        ("DELETE /items/1", [f"Authorization: Bearer {token}"]), ("GET /items/1", []), ("GET /nowhere", []),
        ("GET /items/1", ["Content-Type: application/grpc"]),
    ]:
        method, path = line.split()
        gateway.exchange(request(method, path, *fields))
    gateway.exchange(b"NOT HTTP\r\n\r\n")
    lines = gateway.wait_for_log_count(7)
    for line in lines:
        validator.validate(line)
    assert [line.get("grpc_status") for line in lines].count(16) == 1
