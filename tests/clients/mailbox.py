"""A mail server for stories: aiosmtpd, with STARTTLS and a password asked for.

    mailbox.py FOLDER PORT

Writes `root.pem` (its own certificate, for localhost) and then `ready`; appends each message that
it took to `mails.jsonl`. Whoever's local part is `nobody` is refused for good, `later` until `open`
lies in the folder.
"""

import asyncio
import datetime
import email
import ipaddress
import json
import pathlib
import ssl
import sys
from email import policy

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

FOLDER, PORT = pathlib.Path(sys.argv[1]), int(sys.argv[2])


def certificate():
    root, secret = FOLDER / "root.pem", FOLDER / "key.pem"
    if not root.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        now = datetime.datetime.now(datetime.timezone.utc)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), False)
            .add_extension(x509.BasicConstraints(False, None), True)
            .sign(key, hashes.SHA256())
        )
        pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        secret.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
        root.write_bytes(built.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(root, secret)
    return context


class Mailbox:
    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.split("@")[0]
        if local == "nobody":
            return "550 5.1.1 nobody of that name \x1b[31m"
        if local == "later" and not (FOLDER / "open").exists():
            return "451 4.3.0 later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        raw = envelope.content
        read = email.message_from_bytes(raw, policy=policy.default)
        mail = {
            "tls": session.ssl is not None,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": sorted({name.lower() for name in read.keys()}),
            "subject": read["subject"],
            "header_to": str(read["to"]),
            "id": read["message-id"],
            "date": str(read["date"]),
            "type": read.get_content_type(),
            "parts": read.is_multipart(),
            "text": read.get_content(),
        }
        with open(FOLDER / "mails.jsonl", "a") as file:
            file.write(json.dumps(mail) + "\n")
        return "250 OK"


def login(server, session, envelope, mechanism, data):
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ca", b"secret")
    return AuthResult(success=known, handled=False)


async def main():
    context = certificate()

    def one():
        return SMTP(
            Mailbox(),
            hostname="localhost",
            tls_context=context,
            require_starttls=True,
            authenticator=login,
            auth_required=True,
        )

    server = await asyncio.get_running_loop().create_server(one, "127.0.0.1", PORT)
    (FOLDER / "ready").write_text("")
    await server.serve_forever()


asyncio.run(main())
