"""Writes a PKCS#12 file as Python's cryptography does: bundle.py KEY.pem CHAIN.pem PASSWORD OUT."""

import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    load_pem_private_key,
    pkcs12,
)

key, chain, password, out = sys.argv[1:]
own, *rest = x509.load_pem_x509_certificates(Path(chain).read_bytes())
secret = load_pem_private_key(Path(key).read_bytes(), None)
sealed = BestAvailableEncryption(password.encode())
bundle = pkcs12.serialize_key_and_certificates("王小明".encode(), secret, own, rest, sealed)
Path(out).write_bytes(bundle)
