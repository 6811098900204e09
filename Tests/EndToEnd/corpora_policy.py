"""What the corpora say and the gateway decides otherwise, case by case, each with the rule; read by test_corpora.py.

The rules are those of the threat model (Sources/Gateway/Gateway.docc), where nothing else is named. Everything that is not
listed here is a gate.
"""

from __future__ import annotations

_REFUSED: dict[str, list[str]] = {
    "rule 1: `#` in a target": [
        "gunicorn:valid/005", "llhttp:request/uri.md:168", "llhttp:url.md:5", "llhttp:url.md:19",
        "llhttp:url.md:129", "llhttp:url.md:140", "llhttp:url.md:155", "llhttp:url.md:169",
    ],
    "rule 1: raw non-ASCII in a path": [
        "gunicorn:valid/027", "pico:139",
    ],
    "rule 1: `%00`, or a `%` without two hexadecimal digits": [
        "httparse:uri.rs:urltest_093", "httparse:uri.rs:urltest_100", "httparse:uri.rs:urltest_101",
        "httparse:uri.rs:urltest_102", "httparse:uri.rs:urltest_103", "httparse:uri.rs:urltest_106",
    ],
    "rule 1: escapes that are not UTF-8": [
        "httparse:uri.rs:urltest_105",
    ],
    "rule 1: `//` has other readings, which find another route here": [
        "httparse:uri.rs:urltest_038", "httparse:uri.rs:urltest_095", "httparse:uri.rs:urltest_233",
    ],
    "rule 9: none of the forms of RFC 9112 section 3.2 for this method": [
        "httparse:uri.rs:urltest_056", "httparse:uri.rs:urltest_057", "httparse:uri.rs:urltest_058",
        "httparse:uri.rs:urltest_059", "httparse:uri.rs:urltest_060", "httparse:uri.rs:urltest_066",
        "httparse:uri.rs:urltest_067", "httparse:uri.rs:urltest_119", "httparse:uri.rs:urltest_129",
        "httparse:uri.rs:urltest_130", "httparse:uri.rs:urltest_131", "httparse:uri.rs:urltest_132",
        "httparse:uri.rs:urltest_133", "httparse:uri.rs:urltest_145", "httparse:uri.rs:urltest_146",
        "httparse:uri.rs:urltest_147", "httparse:uri.rs:urltest_148", "httparse:uri.rs:urltest_149",
        "httparse:uri.rs:urltest_168", "httparse:uri.rs:urltest_169", "httparse:uri.rs:urltest_174",
        "httparse:uri.rs:urltest_175", "httparse:uri.rs:urltest_176", "httparse:uri.rs:urltest_177",
        "httparse:uri.rs:urltest_231", "httparse:uri.rs:urltest_232", "httparse:uri.rs:urltest_244",
        "httparse:uri.rs:urltest_245", "httparse:uri.rs:urltest_248", "llhttp:request/method.md:138",
    ],
    "rule 4: a malformed host": [
        "llhttp:url.md:219", "llhttp:url.md:231",
    ],
    "rule 8: CONNECT never passes (501)": [
        "gunicorn:valid/rfc9112_target_authority_connect_01", "gunicorn:valid/rfc9112_target_authority_ipv6_01",
        "llhttp:request/method.md:30", "llhttp:request/method.md:65", "llhttp:request/method.md:99",
        "llhttp:request/uri.md:191", "h11:conn:22", "h11:conn:24", "h11:conn:26", "h11:conn:33", "h11:conn:34",
        "h11:conn:35",
    ],
    "RFC 6455 section 4.2.1: the handshake of a WebSocket without a key": [
        "cowboy7230:upgrade_safely_ignored:0", "llhttp:request/connection.md:545", "llhttp:request/connection.md:756",
    ],
    "rule 9: a bare LF ends no line": [
        "httparse:lib.rs:test_request_newlines", "httparse:lib.rs:test_request_empty_lines_prefix_lf_only",
        "httparse:lib.rs:test_request_path_backslash", "pico:chunked-10", "pico:chunked-11", "h11:io:64",
        "h11:io:65", "h11:io:66", "httparse:lib.rs:test_response_newlines",
        "httparse:lib.rs:test_response_empty_lines_prefix_lf_only", "httparse:lib.rs:test_response_no_cr",
    ],
    "rule 9: obsolete folding": [
        "h11:io:67", "pico:92", "pico:199",
    ],
    "rule 9: a coding that is not known, before `chunked` or in its place (501)": [
        "gunicorn:valid/025", "gunicorn:valid/025_line", "gunicorn:valid/029", "gunicorn:valid/030",
        "gunicorn:valid/rfc9112_smuggle_gzip_chunked_01", "gunicorn:valid/rfc9112_smuggle_te_identity_chunked_01",
        "llhttp:request/transfer-encoding.md:754", "llhttp:request/transfer-encoding.md:796",
    ],
    "rule 9: both framings": [
        "gunicorn:valid/009",
    ],
    "rule 9: no HTTP version of this major number (RFC 9112 section 2.3)": [
        "llhttp:request/method.md:375", "llhttp:request/method.md:405", "llhttp:request/method.md:433",
        "llhttp:request/sample.md:317",
    ],
    "the end of its body never comes, so that it may be begun but is never complete": [
        "gunicorn:valid/099", "h11:conn:12", "h11:conn:14", "llhttp:request/content-length.md:447",
        "pico:chunked-0", "pico:chunked-1", "pico:chunked-2", "pico:chunked-3", "pico:chunked-4", "h11:conn:9",
        "h11:conn:25", "h11:conn:28", "llhttp:response/connection.md:644", "llhttp:response/content-length.md:126",
    ],
    "rule 12: a switch of protocols that the request did not ask for": [
        "httparse:lib.rs:test_response_reason_with_space_and_tab", "llhttp:response/connection.md:296",
        "llhttp:response/connection.md:334",
    ],
    "rule 12: the status line is malformed (RFC 9112 section 4)": [
        "llhttp:response/connection.md:589", "llhttp:response/sample.md:698", "pico:260",
    ],
}

_PASSING: dict[tuple[int, str], list[str]] = {
    (1, "the label is about what follows the whole and valid message in front"): [
        "cowboy7230:no_empty_line_after_request_line:0", "cowboy7230:no_empty_line_in_headers:0",
        "llhttp:request/connection.md:84", "llhttp:request/connection.md:297", "llhttp:request/connection.md:347",
        "llhttp:request/connection.md:113", "llhttp:request/connection.md:397",
        "llhttp:request/lenient-headers.md:37", "llhttp:response/connection.md:167", "llhttp:response/connection.md:230",
    ],
    (2, "the label is about what follows the two whole and valid messages in front"): [
        "h11:conn:17",
    ],
    (1, "RFC 9112 section 3: spaces between the words of a request line may be taken as one (pico:157 demands it)"): [
        "cowboy7230:reject_two_sp_between_method_and_request_target:0",
        "cowboy7230:reject_two_sp_between_request_target_and_version:0",
    ],
    (1, "RFC 9112 section 3.2.2: user information in absolute form is not sent on; other suites call it valid"): [
        "cowboy7230:absolute_form_reject_userinfo:0",
    ],
    (1, "RFC 9110 section 2.5: a higher minor version is taken as the highest that is known"): [
        "cowboy7230:reject_invalid_version_http12:0",
    ],
    (1, "rule 8: what `Connection` says never crosses; an option that is no token names no field"): [
        "cowboy7230:connection_invalid:0", "cowboy7230:http10_connection_invalid:0",
    ],
    (1, "rule 4: the authority of absolute form wins over `Host`"): [
        "cowboy7230:reject_absolute_form_different_host:0",
    ],
    (1, "rule 4: which hosts are served is what the routes say; those of this test take any"): [
        "cowboy7230:reject_non_authoritative_host:0",
    ],
    (1, "within the limits of the gateway, which are larger than those of the suite"): [
        "gunicorn:invalid/006", "gunicorn:invalid/007", "gunicorn:invalid/008", "gunicorn:invalid/017",
    ],
    (1, "rule 6: forwarding fields of a client are removed, contradictory or not"): [
        "gunicorn:invalid/019",
    ],
    (1, "rule 5: fields with an underscore in their names are dropped"): [
        "gunicorn:invalid/040", "gunicorn:invalid/chunked_07",
    ],
    (1, "rule 7: not among the fields that must not be repeated"): [
        "gunicorn:invalid/041",
    ],
    (1, "RFC 9110 section 5.5: control characters other than NUL, CR and LF may be kept (h11:io:75 demands it)"): [
        "gunicorn:invalid/rfc9110_field_value_ctl_bel_01", "gunicorn:invalid/rfc9110_field_value_ctl_del_01",
        "h1spec:26", "llhttp:request/lenient-header-value-relaxed.md:43",
        "llhttp:request/lenient-header-value-relaxed.md:13", "llhttp:request/lenient-headers.md:85",
        "llhttp:request/lenient-headers.md:9", "pico:137",
    ],
    (1, "rule 8: framing and routing names in trailers are dropped"): [
        "gunicorn:invalid/rfc9110_trailer_forbidden_cl_01", "gunicorn:invalid/rfc9110_trailer_forbidden_host_01",
        "gunicorn:invalid/rfc9110_trailer_forbidden_te_01",
    ],
    (1, "RFC 9110 section 9.1: any token is a method; which ones pass is what the routes say"): [
        "llhttp:request/invalid.md:69", "llhttp:request/invalid.md:359",
    ],
}

#: Cases labelled `accept` that are refused: the rule that says so.
REFUSED_BY_RULE = {case: rule for rule, cases in _REFUSED.items() for case in cases}

#: Cases labelled `reject`, `incomplete` or `lenient` that are, or begin with, valid messages: how many, and why they pass.
STANDS_ALONE = {case: reason for reason, cases in _PASSING.items() for case in cases}
