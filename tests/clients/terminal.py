"""Somebody at a terminal: runs a command on one, types what it asks for, and ends as it ends.

    terminal.py [--size ROWSxCOLUMNS] [--ahead LINE] PASSPHRASE COMMAND [ARGUMENT ...]

The terminal is as large as is said. What it showed goes to standard output. A question that nobody knows an answer to ends
the command after a minute. Who pasted one more line with the command (--ahead) answers each
question with no.
"""
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios

SECONDS_MAX = 60
TIMED_OUT = 124


def answer(shown, passphrase):
    """What somebody types who reads the last line; None if nothing is asked."""
    line = shown.rsplit("\n", 1)[-1]
    # Two programs of a pipe may ask at once, in one line.
    asked = len(re.findall(r"(?:[Pp]assword|[Pp]ass phrase|pass phrase for \S+):", shown))
    if asked and line.rstrip(" ").endswith(":"):
        return "\n".join([passphrase] * asked)
    if re.search(r"(passphrase|characters at least\)|once more): $", line):
        return passphrase
    if line.endswith("[yes]: "):
        return "yes"
    asked = re.search(r"type (\S+) to [a-z ]+: $", line)
    return asked[1] if asked else None


def main():
    words, size, ahead = sys.argv[1:], None, None
    if words[0] == "--size":
        size = [int(number) for number in words[1].split("x")]
        words = words[2:]
    if words[0] == "--ahead":
        ahead, words = words[1], words[2:]
    passphrase, command = words[0], words[1:]
    child, terminal = pty.fork()
    if child == 0:
        if size:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        os.execv(command[0], command)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(SECONDS_MAX)
    if ahead is not None:
        os.write(terminal, ahead.encode() + b"\n")
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
            typed = typed if ahead is None else "no"
            asked = len(shown)
            os.write(terminal, typed.encode() + b"\n")
    _, status = os.waitpid(child, 0)
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else TIMED_OUT)


if __name__ == "__main__":
    main()
