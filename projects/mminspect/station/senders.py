"""Which address a request comes from, where a proxy may stand in between."""
from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Bits of an IPv6 address that a single customer of a network has for himself.
_OWN_BITS = 64


def sender(peer: str, forwarded: str = '') -> str:
    """The client's address, for counting; of IPv6 its network, in which one client has all addresses.

    ``X-Forwarded-For`` is a list to which every proxy adds what it has seen. It is read from its end, and only as far
    as STATION_PROXIES says that a proxy is to be believed: what stands before that may be made up.

    Args:
        peer: Address that the connection comes from.
        forwarded: The header, '' without one.
    """
    address = _address(peer)
    for hop in reversed(forwarded.split(',')):
        before = _address(hop) if address is not None and _is_trusted(address) else None
        if before is None:
            break
        address = before
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _OWN_BITS), strict=False))
    return peer if address is None else str(address)


def sender_of(scope: Mapping[str, Any]) -> str:
    """:func:`sender` of a connection of ASGI."""
    found = [value.decode('latin1') for name, value in scope['headers'] if name == b'x-forwarded-for']
    return sender((scope.get('client') or ('', 0))[0], ','.join(found))


def sender_in(meta: Mapping[str, str]) -> str:
    """:func:`sender` of a request of Django, from its ``META``."""
    return sender(meta.get('REMOTE_ADDR', ''), meta.get('HTTP_X_FORWARDED_FOR', ''))


def _is_trusted(address: Address) -> bool:
    networks: Iterable[Any] = settings.STATION_PROXIES
    return any(address in network for network in networks)


def _address(text: str) -> Address | None:
    """Of '10.0.0.1', '10.0.0.1:80', '::1' or '[::1]:80'; None for anything else."""
    text = text.strip()
    if text.startswith('['):
        text = text[1:].partition(']')[0]
    elif text.count(':') == 1:
        text = text.partition(':')[0]
    try:
        address = ipaddress.ip_address(text.partition('%')[0])
    except ValueError:
        return None
    return getattr(address, 'ipv4_mapped', None) or address
