"""The web bench: a pump at a port, or a simulated one, on pages of a browser.

    from pumphost.web.run import run            # behind `pumpbench web`

`bridge` owns the programmer in a thread of its own and polls; `history` keeps what is plotted; `access` says who may do
what; `app` answers browsers. Pages read one shared state and send commands to it, nothing else touches the pump.
"""
