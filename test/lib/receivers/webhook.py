#!/usr/bin/python3
"""A receiver of webhooks, for tests: webhook.py FOLDER [CERTIFICATE KEY [SECRET]]

Prints the port that it listens on.  Every request becomes FOLDER/N.json with
method, path, headers, body and what became of its signature; the beginning
of the path steers the answer: /status/500, /redirect, /hang, /reset, /large.
"""
import hashlib
import hmac
import itertools
import json
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = sys.argv[1]
certificate = sys.argv[2:4]
secret = sys.argv[4] if len(sys.argv) > 4 else None
numbers = itertools.count(1)
for_ever = threading.Event()


def check_signature(header, body):
    """As docs/REFERENCE.md tells receivers to."""
    if header is None:
        return 'missing'
    match = re.fullmatch(r't=(\d+),v1=([0-9a-f]{64})', header)
    if match is None:
        return 'malformed'
    if abs(time.time() - int(match[1])) > 300:
        return 'old'
    wanted = hmac.new(secret.encode(), match[1].encode() + b'.' + body, hashlib.sha256)
    return 'good' if hmac.compare_digest(wanted.hexdigest(), match[2]) else 'wrong'


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def record(self, body):
        request = {'method': self.command, 'path': self.path,
                   'headers': {k.lower(): v for k, v in self.headers.items()},
                   'body': body.decode(), 'signature': None}
        if secret is not None:
            request['signature'] = check_signature(self.headers.get('X-Erpgo-Backup-Signature'), body)
        name = '%s/%d.json' % (folder, next(numbers))
        with open(name + '.new', 'w') as file:
            json.dump(request, file)
        os.rename(name + '.new', name)

    def answer(self, status, body=b'ok', headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.record(self.rfile.read(int(self.headers.get('Content-Length') or 0)))
        words = self.path.split('/')
        if words[1] == 'status':
            self.answer(int(words[2]), b'Topsecret answer with \x1b[31m and ERROR')
        elif words[1] == 'redirect':
            self.answer(302, headers=[('Location', '/redirected')])
        elif words[1] == 'large':
            self.answer(200, b'x' * 1000000)
        elif words[1] == 'hang':
            for_ever.wait()
        elif words[1] == 'reset':
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            self.connection.close()
            self.close_connection = True
        else:
            self.answer(200)

    do_GET = do_POST

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
# Whoever closes the connection early is meant to.
server.handle_error = lambda *arguments: None
if certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
