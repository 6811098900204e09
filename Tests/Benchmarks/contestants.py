"""The contestants: how each is configured and started. One worker each, keep-alive on both sides, logs off unless said."""

import json
import os
import shutil
import subprocess
import sys

from processes import Process
from tokens import AUDIENCE, ISSUER

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
UPSTREAM, DELAYED, HTTP2_UPSTREAM, INTROSPECTION = 19000, 19001, 19002, 19003
CONTESTANT_CORE, LOAD_CORE = "0", "1"
PORTS = {"floor": 19101, "nginx": 19102, "haproxy": 19103, "haproxy+jwt": 19104, "envoy": 19105, "envoy+jwt cache": 19106,
         "envoy+jwt": 19107, "gateway": 19108, "nghttpx": 19109}
FORWARDING = ["nginx", "haproxy", "envoy", "nghttpx", "gateway"]
VERIFYING = ["haproxy+jwt", "envoy+jwt cache", "envoy+jwt", "gateway"]

# What a contestant speaks: HTTP/1.1 on both sides; TLS to clients, HTTP/1.1 to the upstream; HTTP/2 without TLS on both.
CLEARTEXT, TLS, H2C = "cleartext", "tls", "h2c"

ANSWER = '{"item":"Foo","value":42,"pad":"0123456789012345678901234567890123456789012345678901234567890123456789"}'

# The load makes every contestant use the same cipher, whatever it prefers.
OPENSSL = """
openssl_conf = all
[all]
ssl_conf = tls
[tls]
system_default = ciphers
[ciphers]
Ciphersuites = TLS_AES_128_GCM_SHA256
CipherString = ECDHE-ECDSA-AES128-GCM-SHA256
"""

NGINX_UPSTREAM = """
worker_processes 1; daemon off; error_log {folder}/upstream.err crit; pid {folder}/upstream.pid;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600; client_max_body_size 0;
  client_body_temp_path {folder}/upstream-body; sendfile on;
  server {{
    listen 127.0.0.1:{upstream} backlog=4096;
    location / {{ default_type application/json;
      return 200 '{answer}'; }}
    location = /items/body {{ root {folder}/www; }}
    # A mirror makes nginx read the whole body before it answers.
    location = /items/upload {{ client_body_buffer_size 2m; mirror /sink; root {folder}/www; error_page 404 405 =200 /done; }}
    location = /sink {{ internal; return 204; }}
  }}
}}
"""

NGINX_PROXY = """
worker_processes 1; daemon off; error_log {folder}/nginx.err crit; pid {folder}/nginx.pid;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600; client_max_body_size 0;
  client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-proxy;
  upstream items {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096{listen};
    location / {{
      proxy_pass http://items; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Request-Id $request_id;
      proxy_request_buffering off; proxy_max_temp_file_size 0;
    }}
  }}
}}
"""

NGINX_TLS = """ ssl http2;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.pem.key"""

HAPROXY = """
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  option http-keep-alive
  http-reuse always
frontend items
  bind 127.0.0.1:{port} backlog 4096{listen}
  option forwardfor
{rules}  default_backend items
backend items
  server one 127.0.0.1:{upstream} pool-max-conn 256{connect}
"""

HAPROXY_RULES = """  http-request set-var(txn.bearer) http_auth_bearer
  http-request deny deny_status 401 unless {{ var(txn.bearer) -m found }}
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request deny deny_status 401 unless {{ var(txn.alg) -m str RS256 }}
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify(txn.alg,"{folder}/rsa.pub") -m int 1 }}
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_payload_query('$.iss') -m str {issuer} }}
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_payload_query('$.aud') -m str {audience} }}
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_payload_query('$.scope') -m sub items:read }}
"""


def gateway_configuration(folder, port, speaks, upstream, workers, log, introspects):
    certificate = os.path.join(folder, "tls.pem")
    tls = {"tls": {"certificates": [{"certificate": certificate, "key": {"file": certificate + ".key"}}]}}
    protocol = {"protocol": "h2c"}
    asked = {"endpoint": f"http://127.0.0.1:{INTROSPECTION}/", "client_id": "gateway", "client_secret": "secret"}
    opaque = {"opaque": {"issuer": "https://opaque.example", "audience": [AUDIENCE], "keys": {"introspection": asked}}}
    return {
        "version": 1,
        "listeners": [{"address": f"127.0.0.1:{port}"} | (tls if speaks == TLS else {})],
        "workers": workers,
        "scopes": {"items:read": "Read items", "items:write": "Change items"},
        "issuers": {"bench": {"issuer": ISSUER, "audience": [AUDIENCE], "algorithms": ["RS256"],
                              "keys": {"jwks_file": os.path.join(folder, "jwks.json")}}} | (opaque if introspects else {}),
        "upstreams": {"items": {"servers": [f"http://127.0.0.1:{upstream}"]} | (protocol if speaks == H2C else {})},
        "route_defaults": {"upstream": "items"},
        "routes": [{"id": "items", "path": "/items/{id}", "methods": ["GET", "POST"], "scopes": ["items:read"]}],
        "access_log": {"output": {"file": log}, "format": "json"},
    }


def gateway_command(configuration_file):
    return [os.path.join(ROOT, ".build", "release", "gateway"), "serve", "--config", configuration_file]


def envoy_configuration(folder, jwks, port, speaks, upstream, verifies, caches):
    extensions = "type.googleapis.com/envoy.extensions."
    types = extensions + "filters."
    filters = []
    if verifies:
        provider = {"issuer": ISSUER, "audiences": [AUDIENCE], "forward": True, "payload_in_metadata": "claims",
                    "local_jwks": {"inline_string": jwks}}
        if caches:
            provider["jwt_cache_config"] = {"jwt_cache_size": 1000}
        filters.append({"name": "envoy.filters.http.jwt_authn", "typed_config": {
            "@type": types + "http.jwt_authn.v3.JwtAuthentication", "providers": {"bench": provider},
            "rules": [{"match": {"prefix": "/items"}, "requires": {"provider_name": "bench"}}]}})
        scope = {"metadata": {"filter": "envoy.filters.http.jwt_authn", "path": [{"key": "claims"}, {"key": "scope"}],
                              "value": {"string_match": {"contains": "items:read"}}}}
        policy = {"permissions": [{"url_path": {"path": {"prefix": "/items"}}}], "principals": [scope]}
        filters.append({"name": "envoy.filters.http.rbac", "typed_config": {
            "@type": types + "http.rbac.v3.RBAC", "rules": {"action": "ALLOW", "policies": {"items": policy}}}})
    filters.append({"name": "envoy.filters.http.router", "typed_config": {"@type": types + "http.router.v3.Router"}})

    def address(number):
        return {"socket_address": {"address": "127.0.0.1", "port_value": number}}

    routes = {"virtual_hosts": [{"name": "all", "domains": ["*"],
                                 "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "items"}}]}]}
    manager = {"@type": types + "network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "bench",
               "use_remote_address": True, "normalize_path": True, "http_filters": filters, "route_config": routes}
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    if speaks == TLS:
        certificate = os.path.join(folder, "tls.pem")
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": {
            "@type": extensions + "transport_sockets.tls.v3.DownstreamTlsContext", "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"], "tls_certificates": [{
                    "certificate_chain": {"filename": certificate}, "private_key": {"filename": certificate + ".key"}}]}}}
    limits = {"max_connections": 8192, "max_requests": 8192, "max_pending_requests": 8192}
    endpoints = {"cluster_name": "items", "endpoints": [
        {"lb_endpoints": [{"endpoint": {"address": address(upstream)}}]}]}
    cluster = {"name": "items", "type": "STATIC", "connect_timeout": "1s",
               "circuit_breakers": {"thresholds": [limits]}, "load_assignment": endpoints}
    if speaks == H2C:
        cluster["typed_extension_protocol_options"] = {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": extensions + "upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}}}}
    return {"static_resources": {"listeners": [{"name": "items", "address": address(port), "filter_chains": [chain]}],
                                 "clusters": [cluster]}}


class Ring:
    """Builds, configures and starts whatever of the contestants is installed."""

    def __init__(self, folder, mint, envoy):
        self.folder, self.mint = folder, mint
        self.envoy = envoy or shutil.which("envoy")
        self.running = {}
        os.makedirs(os.path.join(folder, "www", "items"), exist_ok=True)
        for name in ("relay", "delayed"):
            self.compile(name)
        with open(os.path.join(folder, "www", "items", "body"), "wb") as file:
            file.write(b"x" * (1 << 20))
        self._write("www/items/42", ANSWER)
        self._write("openssl.cnf", OPENSSL)
        self.certificate = os.path.join(folder, "tls.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
                        "-days", "7", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", self.certificate + ".key", "-out", self.certificate],
                       check=True, timeout=60, stderr=subprocess.DEVNULL)

    def compile(self, name, *libraries):
        """Compiles a program of this folder and returns where it is."""
        program = os.path.join(self.folder, name)
        subprocess.run(["cc", "-O2", "-o", program, os.path.join(HERE, name + ".c"), *libraries], check=True, timeout=60)
        return program

    def installed(self):
        present = {"floor": True, "nginx": shutil.which("nginx"), "haproxy": shutil.which("haproxy"),
                   "envoy": self.envoy, "gateway": os.path.exists(gateway_command("")[0]),
                   "nghttpx": shutil.which("nghttpx")}
        return [name for name in PORTS if present[name.split("+")[0]]]

    def start_upstreams(self):
        """One that speaks HTTP/1.1, and one that speaks HTTP/2 where nghttpd is installed."""
        self._start_nginx("upstream", NGINX_UPSTREAM, UPSTREAM, LOAD_CORE)
        if shutil.which("nghttpd"):
            command = ["nghttpd", "--no-tls", "-a", "127.0.0.1", "-m", "1000", "-d", os.path.join(self.folder, "www")]
            Process("nghttpd", command + [str(HTTP2_UPSTREAM)], LOAD_CORE, self.folder, HTTP2_UPSTREAM)

    def start_delayed(self):
        return Process("delayed", [os.path.join(self.folder, "delayed"), str(DELAYED)], LOAD_CORE, self.folder, DELAYED)

    def start_introspection(self):
        command = [sys.executable, "-B", os.path.join(HERE, "introspection.py"), str(INTROSPECTION)]
        return Process("introspection", command, LOAD_CORE, self.folder, INTROSPECTION)

    def start(self, name, speaks=CLEARTEXT, upstream=None, workers=1, cores=CONTESTANT_CORE, introspects=False):
        """Starts a contestant anew and returns its process; the floor relays HTTP/1.1, whatever the others speak, and only
        the gateway asks about opaque tokens."""
        self.stop(name)
        port = PORTS[name]
        upstream = upstream or (HTTP2_UPSTREAM if speaks == H2C and name != "floor" else UPSTREAM)
        if name == "nginx":
            process = self._start_nginx(name, NGINX_PROXY, port, cores, NGINX_TLS if speaks == TLS else "")
        elif name == "floor":
            command = [os.path.join(self.folder, "relay"), str(port), str(upstream)]
            process = Process(name, command, cores, self.folder, port)
        else:
            command = {"haproxy": self._haproxy, "envoy": self._envoy, "gateway": self._gateway,
                       "nghttpx": self._nghttpx}[name.split("+")[0]](name, port, speaks, upstream, workers, introspects)
            process = Process(name, command, cores, self.folder, port)
        self.running[name] = process
        return process

    def stop(self, name):
        if name in self.running:
            self.running.pop(name).stop()

    def _haproxy(self, name, port, speaks, upstream, *_):
        rules = HAPROXY_RULES.format(folder=self.folder, issuer=ISSUER, audience=AUDIENCE)
        listen = {CLEARTEXT: "", TLS: f" ssl crt {self.folder}/tls.pem alpn h2,http/1.1", H2C: " proto h2"}[speaks]
        path = self._write(name + ".cfg", HAPROXY.format(
            rules=rules if name == "haproxy+jwt" else "", port=port, upstream=upstream, listen=listen,
            connect=" proto h2" if speaks == H2C else ""))
        return ["haproxy", "-db", "-q", "-f", path]

    def _envoy(self, name, port, speaks, upstream, workers, *_):
        path = self._write(name.replace(" ", "-") + ".json", json.dumps(envoy_configuration(
            self.folder, self.mint.jwks, port, speaks, upstream, "+jwt" in name, "cache" in name)))
        return [self.envoy, "-c", path, "--concurrency", str(workers), "--use-dynamic-base-id", "--disable-hot-restart",
                "-l", "error"]

    def _gateway(self, _, port, speaks, upstream, workers, introspects):
        log = os.path.join(self.folder, "gateway.log")
        if os.path.exists(log):
            os.remove(log)
        return gateway_command(self._write("gateway.json", json.dumps(
            gateway_configuration(self.folder, port, speaks, upstream, workers, log, introspects), indent=2)))

    def _nghttpx(self, name, port, speaks, upstream, workers, *_):
        return ["nghttpx", f"--workers={workers}", f"--frontend=127.0.0.1,{port}{'' if speaks == TLS else ';no-tls'}",
                f"--backend=127.0.0.1,{upstream}{';;proto=h2' if speaks == H2C else ''}",
                "--backend-connections-per-host=256", "--conf=/dev/null", "--accesslog-file=/dev/null",
                "--log-level=ERROR", "--no-ocsp", self.certificate + ".key", self.certificate]

    def _start_nginx(self, name, template, port, cores, listen=""):
        text = template.format(folder=self.folder, port=port, upstream=UPSTREAM, answer=ANSWER,
                               listen=listen.format(folder=self.folder))
        # Started by root, workers would run as another user, who may not read the folder.
        path = self._write(name + ".conf", ("user root;" if os.geteuid() == 0 else "") + text)
        command = ["nginx", "-p", self.folder, "-e", os.path.join(self.folder, name + ".err"), "-c", path]
        return Process(name, command, cores, self.folder, port)

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path
