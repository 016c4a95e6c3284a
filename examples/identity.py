"""Who asks, behind a gate that sends a token with each request (identity = "request"). Python.

Run by itself it judges requests: a line each, token, method, target and the time in unix seconds
with tabs between; prints for each the person, or a hyphen.

    python3 identity.py JWKS ISSUER AUDIENCE < requests
"""
import base64
import hashlib
import json
import sys
import time
from collections import OrderedDict

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key_of(jwk):
    x, y = (int.from_bytes(decode(jwk[name]), "big") for name in "xy")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


class Keys(dict):
    """The gate's keys by kid; read again where one is asked for that is not there: it draws a new
    one each day. That anybody can ask, so they are read each five seconds at most."""

    def __init__(self, jwks):
        super().__init__()
        self.jwks, self.again = jwks, float("-inf")

    def __missing__(self, kid):
        if time.monotonic() < self.again:
            raise KeyError(kid)
        self.again = time.monotonic() + 5
        with open(self.jwks, encoding="utf-8") as file:
            read = {jwk["kid"]: key_of(jwk) for jwk in json.load(file)["keys"]}
        self.update(read)
        for gone in self.keys() - read.keys():
            self.pop(gone, None)
        return self[kid]


def forget(served, now):
    while served and next(iter(served.values())) <= now:
        served.popitem(last=False)


def who(gate, served, token, method, target, now):
    head, payload, signature = token.split(".")
    header, raw = json.loads(decode(head)), decode(signature)
    halves = [int.from_bytes(raw[at:at + 32], "big") for at in (0, 32)]
    gate["keys"][header["kid"]].verify(
        encode_dss_signature(*halves), f"{head}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    said = json.loads(decode(payload))
    htu = base64.urlsafe_b64encode(hashlib.sha256(target.encode()).digest()).decode().rstrip("=")
    good = (header["alg"], header["typ"], said["iss"], said["aud"], said["htm"], said["htu"]) == (
        "ES256", "JWT", gate["issuer"], gate["audience"], method, htu)
    if not good or len(raw) != 64 or said["exp"] + 5 <= now or served.get(said["jti"], 0) > now:
        return None
    forget(served, now)
    served[said["jti"]] = now + 121  # a request is served once
    return said["sub"]


if __name__ == "__main__":
    jwks, issuer, audience = sys.argv[1:]
    gate = {"keys": Keys(jwks), "issuer": issuer, "audience": audience}
    served = OrderedDict()
    for line in sys.stdin:
        token, method, target, now = line.rstrip("\n").split("\t")
        try:
            print(who(gate, served, token, method, target, int(now)) or "-", flush=True)
        except Exception:  # whatever is wrong with it, it is not believed
            print("-", flush=True)
