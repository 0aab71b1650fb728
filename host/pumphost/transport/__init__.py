"""Byte pipes between programmer and pump: serial URLs and memory for clients, pty and TCP for servers."""

from pumphost.transport.base import DEFAULT_BAUD, Transport, clock_of, open_transport

__all__ = ["DEFAULT_BAUD", "Transport", "clock_of", "open_transport"]
