"""Starts the probe when its board gets power; see docs/bench.md."""

import probe_desk

probe_desk.main()
