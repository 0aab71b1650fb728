"""pumphil: rigs, plant, instruments, oracle, verdict and report of the hardware-in-the-loop bench."""
