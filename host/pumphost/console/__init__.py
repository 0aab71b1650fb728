"""The protocol in words: requests by name with units, replies decoded, and frames that are wrong on purpose."""

from pumphost.console.console import Console

__all__ = ["Console"]
