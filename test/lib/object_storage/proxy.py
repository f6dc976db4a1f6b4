#!/usr/bin/python3
"""A proxy that misbehaves, for tests: proxy.py ADDRESS PORT CONTROL LOG [CERTIFICATE KEY]

Prints the port of ADDRESS that it listens on, with TLS if it has a
certificate, and passes requests on to PORT of this machine.  CONTROL is a file
with one JSON object: requests whose method and path match the regular
expression "match" meet the "fault", the first "count" of them (all, without),
after "skip" others.  Faults:

  "status"  answers with "status" and the error "code", not asking the server
  "reset"   ends the connection, not asking the server
  "lose"    asks the server, but ends the connection instead of answering
  "half"    ends the connection in the middle of the answer's body
  "stall"   says nothing for long
  "late"    leaves the newest object out of a listing

Whatever the fault, "frozen" is a regular expression of objects that lie in an
archive until they were asked for and then looked at "looks" times, and
"delay" milliseconds go by before each answer.

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

address, server_port, control_path, log_path = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
lock = threading.Lock()
for_ever = threading.Event()
seen = {'stamp': None, 'matches': 0}
looks_left = {}  # at objects that are being thawed


def read_control():
    try:
        with open(control_path) as file:
            return os.stat(control_path).st_mtime_ns, json.load(file)
    except (OSError, ValueError):
        return None, {}


def choose_fault(line):
    """The control if it is this request's turn; counts anew in a new file."""
    with lock:
        stamp, control = read_control()
        if stamp != seen['stamp']:
            seen.update(stamp=stamp, matches=0)
            looks_left.clear()
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

    def answer_from_archive(self, frozen):
        """Answers as an archive does; false if that has nothing to say."""
        path, _, query = self.path.partition('?')
        if not re.search(frozen, path):
            return False
        if self.command == 'POST' and query.startswith('restore'):
            looks_left[path] = read_control()[1].get('looks', 0)
            self.send_response(202)
            self.send_header('Content-Length', '0')
            self.end_headers()
            return True
        if self.command != 'GET' or looks_left.get(path) == 0:
            return False
        self.answer_status({'status': 403, 'code': 'InvalidObjectState'})
        return True

    def archive_headers(self, frozen):
        """What an archive says of an object that is looked at."""
        path = self.path.partition('?')[0]
        if self.command != 'HEAD' or not re.search(frozen, path):
            return
        self.send_header('x-amz-storage-class', 'GLACIER')
        if path in looks_left:
            ongoing = 'true' if looks_left[path] > 0 else 'false'
            looks_left[path] = max(0, looks_left[path] - 1)
            self.send_header('x-amz-restore', f'ongoing-request="{ongoing}"')

    def change_listing(self, body, control, frozen):
        """The listing as an archive, or a server that is late, gives it."""
        def change(match):
            entry = match.group(0)
            key = re.search(rb'<Key>(.*?)</Key>', entry).group(1).decode().replace('%2F', '/')
            if frozen and re.search(frozen, key):
                return re.sub(rb'(<StorageClass>)[^<]*', rb'\1GLACIER', entry)
            return entry
        body = re.sub(rb'<Contents>.*?</Contents>', change, body, flags=re.S)
        if control.get('fault') == 'late':
            times = re.findall(rb'<LastModified>(.*?)</LastModified>', body)
            newest = max(times, default=b'')
            body = re.sub(rb'<Contents>(?:(?!</Contents>).)*' + re.escape(newest) + rb'.*?</Contents>', b'', body,
                          count=1, flags=re.S) if times else body
        return body

    def pass_on(self, answer, body, half, frozen):
        self.send_response_only(answer.status, answer.reason)
        if frozen:
            self.archive_headers(frozen)
        for name, value in answer.getheaders():
            if name.lower() not in ('transfer-encoding', 'content-length', 'connection'):
                self.send_header(name, value)
        length = answer.getheader('Content-Length') if self.command == 'HEAD' else len(body)
        if length is not None:
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
        always = read_control()[1]
        frozen = always.get('frozen')
        for_ever.wait(always.get('delay', 0) / 1000)
        with lock, open(log_path, 'a') as log:
            log.write(f'{line} {self.headers.get("Range", "-")} {fault or "-"}\n')
        if frozen and self.answer_from_archive(frozen):
            return
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
                if 'list-type' in self.path:
                    answer_body = self.change_listing(answer_body, control, frozen)
                self.pass_on(answer, answer_body, fault == 'half', frozen)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


server = Server((address, 0), Handler)
if len(sys.argv) > 5:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[5], sys.argv[6])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
