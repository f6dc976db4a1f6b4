#!/usr/bin/python3
"""A server that misbehaves, for tests: tcp.py FILE hang|reset|mail

Prints the port that it listens on.  "hang" accepts connections and says
nothing, "reset" ends them at once, "mail" is a mail server without STARTTLS
that would take a password.  What it is sent is added to FILE.
"""
import socket
import struct
import sys
import threading

path, manner = sys.argv[1:3]
for_ever = threading.Event()


def speak_mail(connection):
    connection.sendall(b'220 localhost\r\n')
    with open(path, 'ab', buffering=0) as file:
        for line in connection.makefile('rb'):
            file.write(line)
            if line.upper().startswith(b'EHLO'):
                connection.sendall(b'250-localhost\r\n250 AUTH PLAIN LOGIN\r\n')
            elif line.upper().startswith(b'QUIT'):
                connection.sendall(b'221 bye\r\n')
                break
            else:
                connection.sendall(b'250 OK\r\n')
    connection.close()


def serve(connection):
    if manner == 'mail':
        speak_mail(connection)
    elif manner == 'hang':
        for_ever.wait()
    else:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        connection.close()


listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
