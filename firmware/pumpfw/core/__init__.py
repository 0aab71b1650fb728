"""The pump core: integers in, decisions out. No clock, no sleep, no I/O, no float."""
