"""A server of the Model Context Protocol that knows nothing of authorization, run as `python mcp_service.py`; prints its port."""

from __future__ import annotations

from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from harness.serving import serve

server = MCPServer("adder")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


if __name__ == "__main__":
    # Whose name a client gave is the gateway's affair.
    serve(server.streamable_http_app(transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False)))
