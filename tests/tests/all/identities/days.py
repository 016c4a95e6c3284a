"""What the sample for Python does over days: run by the story, with examples/ on its path."""
import base64
import hashlib
import json
import sys
from collections import OrderedDict

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

import identity

JWKS, DAY = sys.argv[1], 86_400
clock = [0.0]
identity.time.monotonic = lambda: clock[0]


def encode(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def publish(**keys):
    points = {kid: key.public_key().public_numbers() for kid, key in keys.items()}
    jwks = [{"kid": kid, "x": encode(point.x.to_bytes(32, "big")),
             "y": encode(point.y.to_bytes(32, "big"))} for kid, point in points.items()]
    with open(JWKS, "w", encoding="utf-8") as file:
        json.dump({"keys": jwks}, file)


def token(kid, key, jti, now):
    said = {"iss": "gate-1", "aud": "exchange", "htm": "GET", "sub": "a", "jti": jti,
            "htu": encode(hashlib.sha256(b"/").digest()), "exp": now + 60}
    head = {"alg": "ES256", "typ": "JWT", "kid": kid}
    signed = ".".join(encode(json.dumps(part).encode()) for part in (head, said))
    halves = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}." + encode(b"".join(half.to_bytes(32, "big") for half in halves))


one, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
served, keys = OrderedDict(), identity.Keys(JWKS)
gate = {"keys": keys, "issuer": "gate-1", "audience": "exchange"}


def asked(kid, key, jti, now):
    try:
        return identity.who(gate, served, token(kid, key, jti, now), "GET", "/", now)
    except KeyError:
        return "unknown"


publish(one=one)
for second in range(3 * DAY, 3 * DAY + 1_000):
    assert asked("one", one, f"jti-{second}", second) == "a"
    assert asked("one", one, f"jti-{second}", second) is None, "served once"
assert len(served) <= 121, len(served)
# Another key is drawn: it is known five seconds later at most, and the old one no more.
publish(other=other)
assert asked("other", other, "early", 4 * DAY) == "unknown"
assert asked("one", one, "still", 4 * DAY) == "a"
clock[0] = 5.0
assert asked("other", other, "known", 4 * DAY) == "a"
assert asked("one", one, "gone", 4 * DAY) == "unknown" and list(keys) == ["other"]
