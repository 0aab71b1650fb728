"""The packaged HIL suite: run it with `pumpbench hil`. Its tests may run on any rig that offers what they need."""
