"""Asks a gate with Python's standard library alone; prints a line of JSON for each answer."""

import http.client
import json
import socket
import ssl
import sys

root, chain, key, port, folder = sys.argv[1:6]
context = ssl.create_default_context(cafile=root)
context.load_cert_chain(chain, key)
connection = http.client.HTTPSConnection("localhost", int(port), context=context, timeout=20)


def ask(what, method, path, body=None, headers=None, **more):
    connection.request(method, path, body=body, headers=headers or {}, **more)
    answer = connection.getresponse()
    said = answer.read().decode()
    told = {"what": what, "status": answer.status, "length": answer.getheader("Content-Length"),
            "code": answer.getheader("Yinxin-Refusal"), "body": said}
    print(json.dumps(told))


document = f"{folder}/2026-001"
# One connection for all of them, as a session keeps it.
ask("get", "GET", document)
ask("escaped", "GET", f"{folder}/a%2Bb%2Cc?q=%2B+x")
ask("head", "HEAD", document)
ask("post", "POST", folder, body=b"hello", headers={"Content-Type": "text/plain"})
ask("chunked", "POST", folder, body=iter([b"hel", b"lo"]), encode_chunked=True,
    headers={"Transfer-Encoding": "chunked"})
ask("expect", "POST", folder, body=b"hello", headers={"Expect": "100-continue"})
ask("denied", "GET", "/documents/sz-finance/2026-001")
ask("after it", "GET", document)
# A handshake that leaves the dot of an absolute name where it was; OpenSSL itself would compare it.
context.check_hostname = False
stream = socket.create_connection(("localhost", int(port)), 20)
connection = http.client.HTTPConnection("localhost", int(port), timeout=20)
connection.sock = context.wrap_socket(stream, server_hostname="localhost.")
ask("dotted", "GET", document)
