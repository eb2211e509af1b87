"""Auth's use cases over ports in memory, with a real but cheap Argon2."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from services.auth.hasher import Argon2Hasher, HashCost
from services.auth.model import Subaccount, TokenLifetimes, TokenPair, User
from services.auth.throttle import MemoryThrottle, ThrottleLimits
from services.auth.usecases.create_subaccount import CreateSubaccount, NewSubaccount
from services.auth.usecases.issue_tokens import IssueTokens
from services.auth.usecases.list_subaccounts import ListSubaccounts
from services.auth.usecases.login import Login, LoginAttempt
from services.auth.usecases.logout import Logout
from services.auth.usecases.refresh_token import Refresh
from services.auth.usecases.register import Register, Registration
from services.kernel.clock import ManualClock
from services.kernel.entropy import SeededEntropy
from services.kernel.ids import AccountId, RequestId, UserId, Uuid7Ids
from tests.fakes.auth import MemoryOpenings, MemorySessions, MemorySigner, MemoryStore

CHEAP = HashCost(passes=1, memory_kib=8, lanes=1)
LIFETIMES = TokenLifetimes(access=timedelta(minutes=15), refresh=timedelta(days=7))
LIMITS = ThrottleLimits(failures=3, window=timedelta(minutes=15))
EMAIL, PASSWORD = "Ada@Example.com", "battery horse staple"


@dataclass
class World:
    """The use cases and what they stand on."""

    pool: ThreadPoolExecutor
    clock: ManualClock = field(default_factory=ManualClock)
    store: MemoryStore = field(default_factory=MemoryStore)
    sessions: MemorySessions = field(default_factory=MemorySessions)
    signer: MemorySigner = field(default_factory=MemorySigner)

    def __post_init__(self) -> None:
        entropy = SeededEntropy(1)
        ids = Uuid7Ids(self.clock, entropy)
        hasher = Argon2Hasher(self.pool, entropy, CHEAP)
        throttle = MemoryThrottle(self.clock, LIMITS)
        issue = IssueTokens(self.signer, entropy, LIFETIMES)
        self.openings = MemoryOpenings(self.store)
        self._register = Register(self.store, hasher, self.openings, self.clock, ids)
        self._login = Login(self.store, hasher, throttle, self.sessions, issue, self.clock, ids)
        self.refresh = Refresh(self.store, self.sessions, issue, self.clock)
        self._create_subaccount = CreateSubaccount(self.store, self.openings, self.clock)
        self.list_subaccounts = ListSubaccounts(self.store)
        self.logout = Logout(self.store, self.sessions, self.clock)

    async def register(self, email: str = EMAIL, password: str = PASSWORD) -> User:
        return await self._register(Registration(email, password))

    async def login(
        self,
        email: str = EMAIL,
        password: str = PASSWORD,
        scopes: tuple[str, ...] = (),
        address: str = "192.0.2.1",
        account: int | None = None,
    ) -> tuple[User, TokenPair]:
        account_id = None if account is None else AccountId(account)
        return await self._login(LoginAttempt(email, password, scopes, address, account_id))

    async def create_subaccount(self, user_id: UserId, request: str = "first", label: str = "Desk 1") -> Subaccount:
        return await self._create_subaccount(NewSubaccount(user_id, RequestId(request), label))
