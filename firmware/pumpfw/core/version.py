"""Version of the firmware: major, minor, patch, as IDENTIFY reports it."""

FIRMWARE_VERSION = b"\x00\x01\x00"
