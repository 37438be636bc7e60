"""Tells systemd how the daemon does: the sd_notify protocol, https://www.freedesktop.org/software/systemd/man/sd_notify.html"""

import os
import socket


def notify(state: str) -> None:
    """Sends e.g. `READY=1`; does nothing when systemd does not listen."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.connect(address)
        link.send(state.encode())


def watchdog_interval() -> float | None:
    """Seconds between signs of life that systemd asks of this process, half its limit; None when it does not watch."""
    limit = os.environ.get("WATCHDOG_USEC")
    wanted = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    return int(limit) / 2e6 if limit and wanted == str(os.getpid()) else None
