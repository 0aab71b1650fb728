"""The session report: one page with everything a pump said, for the screen and for paper."""

from pumphost.report.session import SessionData, read_session, render

__all__ = ["SessionData", "read_session", "render"]
