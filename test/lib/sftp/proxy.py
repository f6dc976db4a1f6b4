#!/usr/bin/python3
"""A proxy that cuts connections, for tests: proxy.py PORT LIMIT COUNT

Prints the port that it listens on, and passes bytes on to PORT and back.  Of
the connections that carry more than LIMIT bytes in one direction, the first
COUNT are reset there.  With LIMIT 0 it never answers.
"""
import socket
import struct
import sys
import threading

server_port, limit, count = (int(argument) for argument in sys.argv[1:])
lock = threading.Lock()
left = [count]


def take_turn():
    with lock:
        left[0] -= 1
        return left[0] >= 0


def reset(*connections):
    for connection in connections:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        connection.shutdown(socket.SHUT_RDWR)


def pump(source, target):
    passed = 0
    try:
        while data := source.recv(65536):
            before, passed = passed, passed + len(data)
            if before <= limit < passed and take_turn():
                reset(source, target)
                return
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client):
    server = socket.create_connection(('127.0.0.1', server_port))
    pumps = [threading.Thread(target=pump, args=pair) for pair in ((client, server), (server, client))]
    for thread in pumps:
        thread.start()
    for thread in pumps:
        thread.join()
    client.close()
    server.close()


listener = socket.create_server(('127.0.0.1', 0), backlog=100)
print(listener.getsockname()[1], flush=True)
silent = []
while True:
    accepted, _ = listener.accept()
    if limit == 0:
        silent.append(accepted)
    else:
        threading.Thread(target=serve, args=(accepted,), daemon=True).start()
