"""The programmer's side of pumpbench: therapy files, transports, the programmer and the command line.

    from pumphost.therapy import load

Importing this package costs nothing: every part is imported where it is used. It never imports the
firmware, and the rig only through its public entry point.
"""
