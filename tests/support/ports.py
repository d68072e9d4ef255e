"""TCP ports for programs that are told which one to listen on."""
import contextlib
import random
import socket
import time

# Where a system does not tell it, the range that RFC 6335, section 6 gives.
EPHEMERAL = (49152, 65535)


def ephemeral_ports():
    """The ports that the system itself hands out: ip(7), ip_local_port_range."""
    try:
        with open('/proc/sys/net/ipv4/ip_local_port_range', encoding='ascii') as file:
            first, last = map(int, file.read().split())
    except OSError:
        first, last = EPHEMERAL
    return range(first, last + 1)


def is_free(port):
    families = [(socket.AF_INET, '')] + [(socket.AF_INET6, '::')] * socket.has_ipv6
    try:
        for family, address in families:
            socket.create_server((address, port), family=family).close()
    except OSError:
        return False
    return True


def free_port():
    """A port that is free in IPv4 and IPv6, which the system gives to nobody unasked."""
    taken = ephemeral_ports()
    ports = [port for port in range(10000, 65536) if port not in taken] or list(taken)
    random.shuffle(ports)
    return next(filter(is_free, ports))


def wait_for_port(process, port, patience):
    """Until the program answers on the port of 127.0.0.1."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        assert process.poll() is None, f'{process.args[0]} ended before it listened on port {port}'
        with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f'{process.args[0]} does not answer on port {port}')
