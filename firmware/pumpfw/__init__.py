"""pumpfw: the pump firmware. `core` decides and touches nothing; `boards` touch the world for it."""
