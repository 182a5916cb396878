"""The connection to a Ray cluster, for the time of a run."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import socket

from tfhpo.errors import ArgumentError

# A cluster's port answers at once, or nobody listens there; Ray itself would wait for minutes.
_PROBE_SECONDS = 10.0
# [ray://]host:port; an IPv6 host is in brackets.
_HOST_AND_PORT = re.compile(r"(?:ray://)?(?:\[([^\]]+)\]|([^:/\[\]]+)):(\d+)")


def connect(address: str | None, name: str) -> None:
    """Connects to a cluster.

    Args:
        address: Of the cluster, as `ray.init` takes it; None for that of `RAY_ADDRESS`.
        name: What errors call this argument.

    Raises:
        ArgumentError: No cluster is named, or none answers there.
    """
    import ray

    address = address or os.environ.get("RAY_ADDRESS")
    if not address:
        # Ray would look for a cluster that once ran on this machine, wait long for a dead one, and
        # then start one, with ports that nobody asked for.
        raise ArgumentError(
            "Which Ray cluster is to be used? Give its address, or set RAY_ADDRESS, or call "
            f'ray.init first. ({name}="local" starts one on this machine, where local processes '
            f"do the same with no port opened.) Received: {name}={address!r}"
        )
    probe(address, name)
    # No page is served, and no line of the workers or of Ray gets into the driver's progress line.
    new = {"include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.WARNING, **new)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise _refused(address, name, f"{type(error).__name__}: {error}") from error


def probe(address: str, name: str) -> None:
    """Refuses an address where nobody listens.

    Args:
        address: Of a cluster; one without a port is Ray's to resolve.
        name: What the error calls this argument.

    Raises:
        ArgumentError: Nobody listens there.
    """
    match = _HOST_AND_PORT.fullmatch(address)
    if match is None:
        return
    host, port = match[1] or match[2], int(match[3])
    causes = [_unheard(candidate, port) for candidate in _hosts(host)]
    if all(causes):
        raise _refused(address, name, "; ".join(causes))


def _unheard(host: str, port: int) -> str:
    """Returns why nobody is heard there; nothing where somebody is."""
    try:
        socket.create_connection((host, port), _PROBE_SECONDS).close()
    except (OSError, OverflowError, UnicodeError) as error:
        # The last of them where a host has an empty part, or one of more than 63 letters.
        return f"{host}: {error}"
    return ""


def _hosts(host: str) -> list[str]:
    """Returns what Ray may make of a host: of this machine's inner name, its outer one."""
    try:
        is_inner = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_inner = host == "localhost"
    if not is_inner:
        return [host]
    import ray

    return [host, ray.util.get_node_ip_address()]


def _refused(address: str, name: str, cause: str) -> ArgumentError:
    return ArgumentError(
        f"No Ray cluster can be reached at this address ({cause}). Received: {name}={address!r}"
    )
