"""A gateway for short messages: the second reader of the webhook of `docs/formats.md`, section 17.

    gateway.py FOLDER PORT SECRETFILE

Appends what it took to `messages.jsonl`, and what it refused to `refused.jsonl`. Of the standard
library alone.
"""

import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import sys
import time

FOLDER, PORT = pathlib.Path(sys.argv[1]), int(sys.argv[2])
TEXT = pathlib.Path(sys.argv[3]).read_text().strip()
SECRET = base64.urlsafe_b64decode(TEXT + "=" * (-len(TEXT) % 4))
LATE_SECONDS = 300


def problem(headers, body):
    stated = headers.get("Yinxin-Time", "")
    if not stated.isdigit() or abs(time.time() - int(stated)) > LATE_SECONDS:
        return "time"
    message = b"yinxin-webhook-v1\0" + stated.encode() + b"\0" + body
    expected = "v1=" + hmac.new(SECRET, message, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, headers.get("Yinxin-Signature", "")):
        return "signature"
    said = json.loads(body)
    if json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() != body:
        return "not canonical"
    if set(said) != {"v", "id", "kind", "person", "name", "time", "zh", "en"} or said["v"] != 1:
        return "keys"
    if said["id"] != headers.get("Idempotency-Key"):
        return "id"
    return None


class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        why = problem(self.headers, body)
        name = "refused.jsonl" if why else "messages.jsonl"
        with open(FOLDER / name, "a") as file:
            file.write((json.dumps({"why": why}) if why else body.decode()) + "\n")
        self.send_response(401 if why else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Gateway)
(FOLDER / "ready").write_text("")
server.serve_forever()
