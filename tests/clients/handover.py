"""Holds a listening socket as a service manager does, and runs a program with it: one after the
other, each gets the same socket (LISTEN_FDS). Reads orders, a line each:

    reload  SIGHUP, waits for the end, and starts the next one
    try     SIGHUP, and waits for nothing

and ends with its input.
"""
import os
import signal
import socket
import sys

port, program = int(sys.argv[1]), sys.argv[2:]
held = socket.socket()
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(("127.0.0.1", port))
held.listen(4096)


def start():
    child = os.fork()
    if child == 0:
        os.dup2(held.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
        os.execv(program[0], program)
    return child


running = start()
for line in sys.stdin:
    os.kill(running, signal.SIGHUP)
    if line.strip() == "reload":
        _, status = os.waitpid(running, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
        running = start()
    else:
        print("tried", flush=True)
os.kill(running, signal.SIGTERM)
os.waitpid(running, 0)
