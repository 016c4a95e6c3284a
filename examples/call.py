"""Asks a gate whether somebody may do something (docs/gate.md, "Questions of an application").

    python3 call.py /run/yinxin/call.sock ask=permission person=PERSON method=GET target=/documents
"""
import http.client
import json
import socket
import sys


class Gate(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


def ask(path, **question):
    gate = Gate(path, timeout=5)
    gate.request("POST", "/call", json.dumps(question))
    answer = gate.getresponse()
    return json.load(answer) if answer.status == 200 else {"yes": False}


if __name__ == "__main__":
    answer = ask(sys.argv[1], **dict(word.split("=", 1) for word in sys.argv[2:]))
    print(json.dumps(answer, ensure_ascii=False))
    sys.exit(0 if answer["yes"] is True else 3)
