"""The contestants: how each is configured and started. One worker each, keep-alive on both sides, logs off unless said."""

import json
import os
import shutil
import subprocess

from processes import Process
from tokens import AUDIENCE, ISSUER

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
UPSTREAM, DELAYED = 19000, 19001
CONTESTANT_CORE, LOAD_CORE = "0", "1"
PORTS = {"floor": 19101, "nginx": 19102, "haproxy": 19103, "haproxy+jwt": 19104, "envoy": 19105, "envoy+jwt cache": 19106,
         "envoy+jwt": 19107, "gateway": 19108}
VERIFYING = ["haproxy+jwt", "envoy+jwt cache", "envoy+jwt", "gateway"]

NGINX_UPSTREAM = """
worker_processes 1; daemon off; error_log {folder}/upstream.err crit; pid {folder}/upstream.pid;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600; client_max_body_size 0;
  client_body_temp_path {folder}/upstream-body; sendfile on;
  server {{
    listen 127.0.0.1:{upstream} backlog=4096;
    location / {{ default_type application/json;
      return 200 '{{"item":"Foo","value":42,"pad":"0123456789012345678901234567890123456789012345678901234567890123456789"}}'; }}
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
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://items; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Request-Id $request_id;
      proxy_request_buffering off; proxy_max_temp_file_size 0;
    }}
  }}
}}
"""

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
  bind 127.0.0.1:{port} backlog 4096
  option forwardfor
{rules}  default_backend items
backend items
  server one 127.0.0.1:{upstream} pool-max-conn 256
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


def gateway_configuration(folder, port, upstream, workers, log):
    return {
        "version": 1,
        "listeners": [{"address": f"127.0.0.1:{port}"}],
        "workers": workers,
        "scopes": {"items:read": "Read items", "items:write": "Change items"},
        "issuers": {"bench": {"issuer": ISSUER, "audience": [AUDIENCE], "algorithms": ["RS256"],
                              "keys": {"jwks_file": os.path.join(folder, "jwks.json")}}},
        "upstreams": {"items": {"servers": [f"http://127.0.0.1:{upstream}"]}},
        "route_defaults": {"upstream": "items"},
        "routes": [{"id": "items", "path": "/items/{id}", "methods": ["GET", "POST"], "scopes": ["items:read"]}],
        "access_log": {"output": {"file": log}, "format": "json"},
    }


def gateway_command(configuration_file):
    return [os.path.join(ROOT, ".build", "release", "gateway"), "serve", "--config", configuration_file]


def envoy_configuration(jwks, port, upstream, verifies, caches):
    types = "type.googleapis.com/envoy.extensions.filters."
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
    limits = {"max_connections": 8192, "max_requests": 8192, "max_pending_requests": 8192}
    endpoints = {"cluster_name": "items", "endpoints": [
        {"lb_endpoints": [{"endpoint": {"address": address(upstream)}}]}]}
    cluster = {"name": "items", "type": "STATIC", "connect_timeout": "1s",
               "circuit_breakers": {"thresholds": [limits]}, "load_assignment": endpoints}
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
            subprocess.run(["cc", "-O2", "-o", os.path.join(folder, name), os.path.join(HERE, name + ".c")], check=True,
                           timeout=60)
        with open(os.path.join(folder, "www", "items", "body"), "wb") as file:
            file.write(b"x" * (1 << 20))

    def installed(self):
        present = {"floor": True, "nginx": shutil.which("nginx"), "haproxy": shutil.which("haproxy"),
                   "envoy": self.envoy, "gateway": os.path.exists(gateway_command("")[0])}
        return [name for name in PORTS if present[name.split("+")[0]]]

    def start_upstream(self):
        self._start_nginx("upstream", NGINX_UPSTREAM, UPSTREAM, LOAD_CORE)

    def start_delayed(self):
        return Process("delayed", [os.path.join(self.folder, "delayed"), str(DELAYED)], LOAD_CORE, self.folder, DELAYED)

    def start(self, name, upstream=UPSTREAM, workers=1, cores=CONTESTANT_CORE):
        """Starts a contestant anew and returns its process."""
        if name in self.running:
            self.running.pop(name).stop()
        port = PORTS[name]
        values = {"folder": self.folder, "port": port, "upstream": upstream, "issuer": ISSUER, "audience": AUDIENCE}
        if name == "nginx":
            process = self._start_nginx(name, NGINX_PROXY, port, cores)
        elif name == "floor":
            command = [os.path.join(self.folder, "relay"), str(port), str(upstream)]
            process = Process(name, command, cores, self.folder, port)
        elif name.startswith("haproxy"):
            rules = HAPROXY_RULES.format(**values) if name == "haproxy+jwt" else ""
            path = self._write(name + ".cfg", HAPROXY.format(rules=rules, **values))
            process = Process(name, ["haproxy", "-db", "-q", "-f", path], cores, self.folder, port)
        elif name.startswith("envoy"):
            configuration = envoy_configuration(self.mint.jwks, port, upstream, "+jwt" in name, "cache" in name)
            path = self._write(name.replace(" ", "-") + ".json", json.dumps(configuration))
            command = [self.envoy, "-c", path, "--concurrency", str(workers), "--use-dynamic-base-id",
                       "--disable-hot-restart", "-l", "error"]
            process = Process(name, command, cores, self.folder, port)
        else:
            log = os.path.join(self.folder, "gateway.log")
            if os.path.exists(log):
                os.remove(log)
            path = self._write("gateway.json", json.dumps(
                gateway_configuration(self.folder, port, upstream, workers, log), indent=2))
            process = Process(name, gateway_command(path), cores, self.folder, port)
        self.running[name] = process
        return process

    def stop(self, name):
        if name in self.running:
            self.running.pop(name).stop()

    def _start_nginx(self, name, template, port, cores):
        text = template.format(folder=self.folder, port=port, upstream=UPSTREAM)
        # Started by root, workers would run as another user, who may not read the folder.
        path = self._write(name + ".conf", ("user root;" if os.geteuid() == 0 else "") + text)
        command = ["nginx", "-p", self.folder, "-e", os.path.join(self.folder, name + ".err"), "-c", path]
        return Process(name, command, cores, self.folder, port)

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path
