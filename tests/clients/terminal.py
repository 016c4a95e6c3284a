"""Somebody at a terminal: runs a command on one, types what it asks for, and ends as it ends.

    terminal.py PASSPHRASE COMMAND [ARGUMENT ...]

What the terminal showed goes to standard output. A question that nobody knows an answer to ends
the command after a minute.
"""
import os
import pty
import re
import signal
import sys

SECONDS_MAX = 60
TIMED_OUT = 124


def answer(shown, passphrase):
    """What somebody types who reads the last line; None if nothing is asked."""
    line = shown.rsplit("\n", 1)[-1]
    if re.search(r"(passphrase|characters at least\)|once more): $", line):
        return passphrase
    if line.endswith("[yes]: "):
        return "yes"
    asked = re.search(r"type (\S+) to [a-z ]+: $", line)
    return asked[1] if asked else None


def main():
    passphrase, command = sys.argv[1], sys.argv[2:]
    child, terminal = pty.fork()
    if child == 0:
        os.execv(command[0], command)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(SECONDS_MAX)
    shown, asked = b"", 0
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how a terminal ends that nobody holds any more
            break
        if not piece:
            break
        shown += piece
        typed = answer(shown[asked:].decode("utf-8", "replace"), passphrase)
        if typed is not None:
            asked = len(shown)
            os.write(terminal, typed.encode() + b"\n")
    _, status = os.waitpid(child, 0)
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else TIMED_OUT)


if __name__ == "__main__":
    main()
