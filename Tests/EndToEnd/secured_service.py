"""An application that does its own authorization with FastAPI's security tools, the reference for the gateway's decisions.

Run as `python secured_service.py ISSUER AUDIENCE JWKS [open]`; prints its port. With `open` nothing is checked: what stands
behind a gateway that checks instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import jwt
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Security
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from pydantic import BaseModel, ValidationError

from harness.serving import serve

SCOPES = {name: name for name in ("me", "items:read", "items:write", "owners", "users", "reports", "orders")}
ROLES = {
    "viewer": {"scopes": ["items:read"]},
    "editor": {"includes": ["viewer"], "scopes": ["items:write"]},
    "admin": {"includes": ["editor"], "scopes": ["me"]},
    "auditor": {"scopes": ["reports"]},
}

ISSUER, AUDIENCE = sys.argv[1:3]
KEYS = jwt.PyJWKSet.from_json(sys.argv[3]).keys
ALGORITHMS = [key.algorithm_name for key in KEYS]

oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token", scopes=SCOPES)


class Principal(BaseModel):
    name: str
    scopes: list[str] = []
    roles: list[str] = []

    def held_roles(self) -> set[str]:
        """The roles of the token that are known, and those that they include."""
        held: set[str] = set()
        left = [role for role in self.roles if role in ROLES]
        while left:
            held.add(role := left.pop())
            left += ROLES[role].get("includes", [])
        return held

    def held_scopes(self) -> set[str]:
        return set(self.scopes).union(*(ROLES[role]["scopes"] for role in self.held_roles()))


def refusal(detail: str, scopes: SecurityScopes) -> HTTPException:
    challenge = f'Bearer scope="{scopes.scope_str}"' if scopes.scopes else "Bearer"
    return HTTPException(401, detail, {"WWW-Authenticate": challenge})


def signing_key(token: str) -> jwt.PyJWK:
    header = jwt.get_unverified_header(token)
    for key in KEYS:
        if header.get("kid", key.key_id) == key.key_id and header.get("alg") == key.algorithm_name:
            return key
    raise jwt.InvalidTokenError("no such key")


async def current_principal(
    security_scopes: SecurityScopes, token: Annotated[str, Depends(oauth2_scheme)]
) -> Principal:
    try:
        claims: dict[str, Any] = jwt.decode(
            token, signing_key(token), algorithms=ALGORITHMS, audience=AUDIENCE, issuer=ISSUER
        )
        scope, roles = claims.get("scope", ""), claims.get("roles", [])
        principal = Principal(
            name=claims.get("sub"),
            scopes=scope.split(" ") if isinstance(scope, str) else scope,
            roles=[roles] if isinstance(roles, str) else roles,
        )
    except (jwt.InvalidTokenError, ValidationError):
        raise refusal("Could not validate credentials", security_scopes) from None
    held = principal.held_scopes()
    for required in security_scopes.scopes:
        if required not in held:
            raise refusal("Not enough permissions", security_scopes)
    return principal


def any_role(*names: str) -> Callable[..., Any]:
    async def check(principal: Annotated[Principal, Depends(current_principal)]) -> Principal:
        if not principal.held_roles() & set(names):
            raise HTTPException(401, "Not enough permissions", {"WWW-Authenticate": "Bearer"})
        return principal

    return check


async def active(principal: Annotated[Principal, Security(current_principal, scopes=["me"])]) -> Principal:
    return principal


async def reporter(principal: Annotated[Principal, Security(active, scopes=["items:read"])]) -> Principal:
    return principal


async def twice(principal: Annotated[Principal, Security(current_principal, scopes=["reports"])]) -> Principal:
    return principal


app = FastAPI(openapi_url=None)
orders = APIRouter(prefix="/orders", dependencies=[Security(current_principal, scopes=["orders"])])
Anyone = Annotated[Principal, Depends(current_principal)]


def holding(*scopes: str) -> Any:
    return Security(current_principal, scopes=list(scopes))


@app.get("/health")
@app.get("/files/{rest:path}")
async def public() -> str:
    return "public"


@app.get("/status/")
async def status(principal: Anyone) -> str:
    return principal.name


# Whichever comes first is chosen, and decorators work from the last to the first.
@app.get("/users/me", dependencies=[holding("me")])
async def about_oneself() -> str:
    return "protected"


@app.get("/users/me/items", dependencies=[Security(active, scopes=["items:read"])])
@app.get("/users/{name}", dependencies=[holding("users")])
@app.put("/users/{name}", dependencies=[holding("users")])
@app.post("/items/", dependencies=[holding("items:write")])
@app.get("/items/{item}", dependencies=[holding("items:read")])
@app.put("/items/{item}", dependencies=[holding("items:write", "items:read")])
@app.delete("/items/{item}", dependencies=[holding("items:write", "items:read")])
@app.get("/items/{item}/owner", dependencies=[holding("owners")])
@app.get("/reports/{name}/lines/{line}", dependencies=[Security(reporter, scopes=["reports"])])
@app.get("/audit", dependencies=[Security(twice, scopes=["reports"])])
@app.get("/admin/{rest:path}", dependencies=[Depends(any_role("admin"))])
@app.post("/admin/{rest:path}", dependencies=[Depends(any_role("admin"))])
@app.get("/desk", dependencies=[Depends(any_role("auditor", "viewer"))])
@app.post("/desk", dependencies=[holding("me"), Depends(any_role("auditor", "viewer"))])
@orders.get("/{order}", dependencies=[holding("items:read")])
async def protected() -> str:
    return "protected"


app.include_router(orders)


if __name__ == "__main__":
    if sys.argv[4:] == ["open"]:
        everything = Principal(name="anyone", scopes=list(SCOPES), roles=list(ROLES))
        app.dependency_overrides[current_principal] = lambda: everything
    serve(app)
