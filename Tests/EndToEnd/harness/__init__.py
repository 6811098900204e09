"""Peers of the gateway under test: clients and upstreams that see every byte, a token mint, and the process itself."""
