#!/usr/bin/python3
"""A bucket in which nothing is, for tests: token.py ACCESS_KEY SECRET_KEY TOKEN

Prints the port that it listens on.  It answers listings whose signature
(version 4) is that of these credentials, and covers the session token; all
else is refused.
"""
import hashlib
import hmac
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

access_key, secret_key, token = sys.argv[1:4]
EMPTY = '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def refusal(self):
        """The word for what is wrong; None if nothing is."""
        match = re.fullmatch(r'AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request,'
                             r'SignedHeaders=([^,]+),Signature=([0-9a-f]{64})', self.headers['Authorization'] or '')
        if match is None or match[1] != access_key:
            return 'InvalidAccessKeyId'
        if self.headers['x-amz-security-token'] != token or 'x-amz-security-token' not in match[4].split(';'):
            return 'InvalidToken'
        path, _, query = self.path.partition('?')
        headers = ''.join(f'{name}:{self.headers[name]}\n' for name in match[4].split(';'))
        request = '\n'.join([self.command, path, query, headers, match[4], self.headers['x-amz-content-sha256']])
        text = '\n'.join(['AWS4-HMAC-SHA256', self.headers['x-amz-date'], f'{match[2]}/{match[3]}/s3/aws4_request',
                          hashlib.sha256(request.encode()).hexdigest()])
        key = ('AWS4' + secret_key).encode()
        for part in (match[2], match[3], 's3', 'aws4_request'):
            key = sign(key, part)
        return None if sign(key, text).hex() == match[5] else 'SignatureDoesNotMatch'

    def do_GET(self):
        word = self.refusal()
        if word is None and 'list-type=2' not in self.path:
            word = 'NoSuchKey'
        body = (EMPTY if word is None else f'<Error><Code>{word}</Code></Error>').encode()
        self.send_response(200 if word is None else 404 if word == 'NoSuchKey' else 403)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
