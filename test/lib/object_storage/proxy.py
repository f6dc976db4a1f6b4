#!/usr/bin/python3
"""A proxy that misbehaves, for tests: proxy.py PORT CONTROL LOG [CERTIFICATE KEY]

Prints the port that it listens on, with TLS if it has a certificate, and
passes requests on to PORT.  CONTROL
is a file with one JSON object: requests whose method and path match the
regular expression "match" meet the "fault", the first "count" of them (all,
without), after "skip" others.  Faults:

  "status"  answers with "status" and the error "code", not asking the server
  "reset"   ends the connection, not asking the server
  "lose"    asks the server, but ends the connection instead of answering
  "half"    ends the connection in the middle of the answer's body
  "stall"   says nothing for long

Every request becomes a line of LOG: method, path, range, fault.
"""
import http.client
import http.server
import json
import os
import re
import socket
import ssl
import struct
import sys
import threading

server_port, control_path, log_path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
lock = threading.Lock()
for_ever = threading.Event()
seen = {'stamp': None, 'matches': 0}


def choose_fault(line):
    """The control if it is this request's turn; counts anew in a new file."""
    with lock:
        try:
            stamp = os.stat(control_path).st_mtime_ns
            with open(control_path) as file:
                control = json.load(file)
        except (OSError, ValueError):
            return {}
        if stamp != seen['stamp']:
            seen.update(stamp=stamp, matches=0)
        if not re.search(control.get('match', '$^'), line):
            return {}
        seen['matches'] += 1
        turn = seen['matches'] - control.get('skip', 0)
        return control if 1 <= turn <= control.get('count', 1 << 62) else {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *arguments):
        pass

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.connection.close()
        self.close_connection = True

    def answer_status(self, control):
        body = f'<?xml version="1.0"?><Error><Code>{control["code"]}</Code></Error>'.encode()
        self.send_response(control['status'])
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def ask_server(self, body):
        server = http.client.HTTPConnection('127.0.0.1', server_port)
        server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            server.putheader(name, value)
        server.endheaders(body)
        answer = server.getresponse()
        return answer, answer.read()

    def pass_on(self, answer, body, half):
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in ('transfer-encoding', 'content-length', 'connection'):
                self.send_header(name, value)
        length = answer.getheader('Content-Length') if self.command == 'HEAD' else len(body)
        self.send_header('Content-Length', str(length))
        self.end_headers()
        if half:
            self.wfile.write(body[:len(body) // 2])
            self.reset()
        elif self.command != 'HEAD':
            self.wfile.write(body)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        line = f'{self.command} {self.path}'
        control = choose_fault(line)
        fault = control.get('fault')
        with lock, open(log_path, 'a') as log:
            log.write(f'{line} {self.headers.get("Range", "-")} {fault or "-"}\n')
        if fault == 'status':
            self.answer_status(control)
        elif fault == 'stall':
            for_ever.wait()
        elif fault == 'reset':
            self.reset()
        else:
            answer, answer_body = self.ask_server(body)
            if fault == 'lose':
                self.reset()
            else:
                self.pass_on(answer, answer_body, fault == 'half')

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


server = Server(('127.0.0.1', 0), Handler)
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
