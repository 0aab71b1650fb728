"""PumpLink: what pump and programmer say to each other, declared once and read by both ends."""
