"""Who may call what. The contract states it for users, `mesh/callers.yaml` for processes.

1. Every method states exactly one of: a scope, any token, public, internal. A method that does not stops the start.
   Beside a scope it may state another that lets a token in for part of the method; then the handler asks which.
2. Every connection carries a certificate of the mesh; its SPIFFE name is the peer's identity.
3. The edge brings the public: it may call all that is not internal, and needs no entry. Any other process may call
   the methods listed for it, and nothing else.
4. A method with a scope needs a token that carries the scope, whoever brings it; one for any token, a valid one.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from exchange.type.v1 import authorization_pb2
from services.runtime.call import Caller
from services.runtime.refusals import CallerNotAllowed, ScopeMissing, SessionRevoked, Unauthenticated

EDGE = "edge"
TRUST_DOMAIN = "spiffe://exchange/"
BEARER = "Bearer "

VerifyToken = Callable[[str], Awaitable[Caller]]
SessionIsLive = Callable[[Caller], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one method needs: a token with a scope (or the other one), any token, nothing (public), or a listed peer."""

    scope: str = ""
    any_token: bool = False
    public: bool = False
    internal: bool = False
    other_scope: str = ""

    @property
    def token(self) -> bool:
        """True if the caller must show who it is."""
        return self.any_token or bool(self.scope)

    def is_met_by(self, scopes: frozenset[str]) -> bool:
        """Tell whether one of the two scopes is among those of a token."""
        return self.scope in scopes or (bool(self.other_scope) and self.other_scope in scopes)


def rules_of(service: ServiceDescriptor) -> dict[str, Rule]:
    """Map "/package.Service/Method" to its rule; raises ValueError for a method that does not state exactly one."""
    return {f"/{service.full_name}/{method.name}": _rule_of(method) for method in service.methods}


def _rule_of(method: MethodDescriptor) -> Rule:
    stated = method.GetOptions().Extensions[authorization_pb2.authorization]
    if [bool(stated.scope), stated.any_token, stated.public, stated.internal].count(True) != 1:
        raise ValueError(f"{method.full_name} must state one of: scope, any_token, public, internal")
    if stated.other_scope and not stated.scope:
        raise ValueError(f"{method.full_name} states another scope beside none")
    return Rule(stated.scope, stated.any_token, stated.public, stated.internal, stated.other_scope)


def require_scope(caller: Caller, scope: str) -> None:
    """Raise `ScopeMissing` unless the caller's token carries the scope: for methods that state two."""
    if scope not in caller.scopes:
        raise _scope_missing(scope)


@dataclass(frozen=True, slots=True)
class Grant:
    """What one process may do: methods by full name (or "/package.Service/*"), and commands of the engine."""

    methods: frozenset[str]
    commands: frozenset[str]


class Callers:
    """The list of which process may call what."""

    def __init__(self, grants: Mapping[str, Grant]) -> None:
        if EDGE in grants:
            raise ValueError(f"{EDGE} brings the public and takes no entry: it may call all that is not internal")
        self._grants = dict(grants)

    @classmethod
    def load(cls, path: Path) -> "Callers":
        """Read `callers: {orders: {methods: [...], commands: [...]}}`; raises ValueError if the file says otherwise."""
        match yaml.safe_load(path.read_text()):
            case {"callers": dict(entries)}:
                return cls({name: _grant_of(name, entry) for name, entry in entries.items()})
        raise ValueError(f"{path} has no list of callers")

    def allows(self, identity: str, method: str, rule: Rule) -> bool:
        """Tell whether the process may call the method."""
        if identity == EDGE:
            return not rule.internal
        grant = self._grants.get(identity)
        return grant is not None and (method in grant.methods or f"{method.rpartition('/')[0]}/*" in grant.methods)

    def commands_of(self, identity: str) -> frozenset[str]:
        """Return the engine commands that the process may give, by their field name in `Command`."""
        grant = self._grants.get(identity)
        return grant.commands if grant else frozenset()


def _grant_of(name: str, entry: object) -> Grant:
    match entry:
        case {"methods": list(methods), "commands": list(commands)}:
            return Grant(frozenset(methods), frozenset(commands))
        case {"methods": list(methods)}:
            return Grant(frozenset(methods), frozenset())
    raise ValueError(f"caller {name} needs a list `methods` and may have a list `commands`")


def identity_of(auth_context: Mapping[str, Iterable[bytes]]) -> str | None:
    """Return the name in the SPIFFE id of the peer's certificate, or None if it has none of this mesh."""
    for value in auth_context.get("peer_spiffe_id", ()):
        text = value.decode()
        if text.startswith(TRUST_DOMAIN):
            return text.removeprefix(TRUST_DOMAIN)
    return None


class Authorizer:
    """Decides on each call, once, before its handler."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._verify: VerifyToken | None = None
        self._session_is_live: SessionIsLive | None = None

    def use_tokens(self, verify: VerifyToken, session_is_live: SessionIsLive | None) -> None:
        """Say how tokens are verified, and who knows about revoked sessions."""
        self._verify = verify
        self._session_is_live = session_is_live

    @property
    def takes_tokens(self) -> bool:
        """True if methods that need a token can be served."""
        return self._verify is not None

    async def admit(self, method: str, rule: Rule, peer: str | None, authorization: str) -> Caller | None:
        """Return the caller of a method that needs a token, None for others.

        Raises `CallerNotAllowed`, `Unauthenticated`, `TokenExpired`, `ScopeMissing` or `SessionRevoked`.
        """
        if peer is None or not self._callers.allows(peer, method, rule):
            raise CallerNotAllowed(f"The process {peer or 'without a certificate'} may not call {method}.")
        return await self._user(rule, authorization) if rule.token else None

    async def _user(self, rule: Rule, authorization: str) -> Caller:
        assert self._verify is not None
        if not authorization.startswith(BEARER):
            raise Unauthenticated("This method needs a token: log in and send `authorization: Bearer ...`.")
        caller = await self._verify(authorization.removeprefix(BEARER))
        if rule.scope and not rule.is_met_by(caller.scopes):
            raise _scope_missing(rule.scope)
        if self._session_is_live is not None and not await self._session_is_live(caller):
            raise SessionRevoked("The session has ended; log in again.")
        return caller


def _scope_missing(scope: str) -> ScopeMissing:
    return ScopeMissing(f"The token lacks the scope {scope}; log in with it.", metadata={"scope": scope})
