"""Reads the messages of a TLS 1.2 handshake up to the client's CertificateVerify (RFC 5246 7.3)."""

# Hellos, the server's certificate, key, request and end of hello, the client's certificate and key.
TYPES = [1, 2, 11, 12, 13, 14, 11, 16]
# ECDHE_ECDSA with AES-GCM and ChaCha20-Poly1305 (RFC 5289, RFC 7905).
SUITES = (0xC02B, 0xC02C, 0xCCA9)
SERVER_NAME, EXTENDED_MASTER_SECRET = 0, 23


class Cut(IndexError):
    """Something ends too early."""


class Cursor:
    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def take(self, count):
        if self.at + count > len(self.octets):
            raise Cut
        self.at += count
        return self.octets[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def vector(self, length_octets):
        return self.take(self.number(length_octets))

    def extensions(self):
        rest, found = Cursor(self.vector(2)), {}
        while rest.at < len(rest.octets):
            kind = rest.number(2)
            found.setdefault(kind, rest.vector(2))
        return found


def fits(messages, certificate, host):
    """Whether all messages are there, and its client showed this certificate and named this host."""
    cursor, bodies = Cursor(messages), []
    for kind in TYPES:
        if cursor.number(1) != kind:
            return False
        bodies.append(cursor.vector(3))
    if cursor.at != len(messages):
        return False
    client, server, shown = Cursor(bodies[0]), Cursor(bodies[1]), bodies[6]
    client.take(34)
    for length_octets in (1, 2, 1):
        client.vector(length_octets)
    names = Cursor(Cursor(client.extensions().get(SERVER_NAME, b"")).vector(2))
    is_named = names.number(1) == 0 and names.vector(2).lower() == host.lower().encode()
    version = server.number(2)
    server.take(32)
    server.vector(1)
    suite, compression = server.number(2), server.number(1)
    is_ours = version == 0x0303 and suite in SUITES and compression == 0
    is_extended = EXTENDED_MASTER_SECRET in server.extensions()
    first = Cursor(Cursor(shown).vector(3)).vector(3)
    return is_named and is_ours and is_extended and first == certificate
