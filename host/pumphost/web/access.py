"""Who may do what: browsers, their role on the link, the one clinician at a time.

    visitor = access.visitor(cookie) or access.enter(token)
    access.require(visitor, messages.STOP)          # NotAllowed with the next step
    access.take_clinician(visitor)

A browser is a patient until it takes the clinician's place, and roles are those of the message table: what a role may
not send over the link, it may not ask for here. The place is free again after three minutes without an act (SEC-04).
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pumphost.errors import PumpError
from pumplink import codes
from pumplink.messages import Message

IDLE_S = 180.0
VISITORS = 200
"""Browsers known at a time; the one that was silent longest goes."""


class NotAllowed(PumpError):
    """Who asks may not do this; the sentence says who may, or when."""


@dataclass
class Visitor:
    """One browser. `cookie` is its secret, `public` its name for others; `remote`: let in with the patient's token."""

    cookie: str = field(repr=False)
    csrf: str = field(repr=False)
    public: str
    remote: bool = False
    seen_s: float = 0.0


class Access:
    """`token` lets in who may become clinician, `patient_token` a remote control; None: everybody at this computer."""

    def __init__(
        self, token: str | None = None, patient_token: str | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.tokens = (token, patient_token)
        self.open = token is None
        self._clock = clock
        self._visitors: dict[str, Visitor] = {}
        self._clinician: Visitor | None = None
        self._acted_s = 0.0

    # -- browsers ---------------------------------------------------------------------------------

    def visitor(self, cookie: str | None) -> Visitor | None:
        """The browser with this cookie."""
        visitor = self._visitors.get(cookie or "")
        if visitor is not None:
            visitor.seen_s = self._clock()
        return visitor

    def enter(self, token: str | None = None) -> Visitor:
        """A new browser. Raises `NotAllowed` if a token is needed and this is none."""
        remote = False
        if not self.open:
            remote = self._judge(token or "")
        if len(self._visitors) >= VISITORS:
            keep = self._clinician
            oldest = min((v for v in self._visitors.values() if v is not keep), key=lambda one: one.seen_s)
            del self._visitors[oldest.cookie]
        visitor = Visitor(
            secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_hex(4), remote, self._clock()
        )
        self._visitors[visitor.cookie] = visitor
        return visitor

    def _judge(self, token: str) -> bool:
        remote = None
        for known, is_remote in zip(self.tokens, (False, True), strict=True):
            if known is not None and hmac.compare_digest(known.encode(), token.encode()):
                remote = is_remote
        if remote is None:
            raise NotAllowed("this is not the token that pumpbench web printed when it started; copy it from there")
        return remote

    # -- roles ------------------------------------------------------------------------------------

    def role(self, visitor: Visitor) -> int:
        """Role on the link."""
        return codes.CLINICIAN if self.clinician() is visitor else codes.PATIENT

    def require(self, visitor: Visitor, message: Message) -> None:
        """Raises `NotAllowed` unless this browser's role may send `message` over the link."""
        role = self.role(visitor)
        if message.roles >> role & 1:
            if role == codes.CLINICIAN:
                self._acted_s = self._clock()
            return
        wanted = " or ".join(name for number, name in enumerate(codes.ROLES) if number and message.roles >> number & 1)
        raise NotAllowed(f"only a {wanted} may do this, you are a {codes.ROLES[role]}; begin a clinician session first")

    def require_bench(self, visitor: Visitor) -> None:
        """Faults and time are for who may be clinician, not for a remote control."""
        if visitor.remote:
            raise NotAllowed("a patient's remote does not touch the bench; open the page with the other token")

    # -- the clinician's place --------------------------------------------------------------------

    def clinician(self) -> Visitor | None:
        """Who has it now."""
        if self._clinician is not None and self._clock() - self._acted_s > IDLE_S:
            self._clinician = None
        return self._clinician

    def left_s(self) -> float:
        """Until it is free by itself, 0 if nobody has it."""
        return max(0.0, IDLE_S - (self._clock() - self._acted_s)) if self.clinician() else 0.0

    def take_clinician(self, visitor: Visitor) -> None:
        """Raises `NotAllowed` while another browser has it."""
        if visitor.remote:
            raise NotAllowed("a patient's remote cannot become clinician; open the page with the other token")
        holder = self.clinician()
        if holder not in (None, visitor):
            raise NotAllowed(
                f"another browser has the clinician session; it ends there by hand, or by itself after "
                f"{self.left_s():.0f} s without an act"
            )
        self._clinician, self._acted_s = visitor, self._clock()

    def leave_clinician(self, visitor: Visitor) -> bool:
        """Give the place back; whether it was this browser's."""
        mine = self.clinician() is visitor
        if mine:
            self._clinician = None
        return mine
