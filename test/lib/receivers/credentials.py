#!/usr/bin/python3
"""What gives out credentials for object storage, for tests: credentials.py FOLDER

Prints the port that it listens on: STS (POST), a container's service
(/container), the metadata of a virtual machine (/latest).  FOLDER/control is
a JSON object: access_key, secret_key and token to give out, how many
"seconds" they hold, "status" to refuse with, after "good" requests.  Every
request becomes a line of FOLDER/log.
"""
import datetime
import json
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = sys.argv[1]
ROLE = 'backup-role'
METADATA = '/latest/meta-data/iam/security-credentials/'


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, status, body):
        data = body.encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def as_json(self, control, expiration):
        keys = {'Code': 'Success', 'AccessKeyId': control['access_key'],
                'SecretAccessKey': control['secret_key'], 'Expiration': expiration}
        if control.get('token'):
            keys['Token'] = control['token']
        return json.dumps(keys)

    def as_xml(self, control, expiration):
        token = f'<SessionToken>{control["token"]}</SessionToken>' if control.get('token') else ''
        return ('<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
                '<AssumeRoleWithWebIdentityResult><Credentials>'
                f'<AccessKeyId>{control["access_key"]}</AccessKeyId>'
                f'<SecretAccessKey>{control["secret_key"]}</SecretAccessKey>{token}'
                f'<Expiration>{expiration}</Expiration></Credentials>'
                '</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>')

    def sts(self, control, expiration, body):
        query = urllib.parse.parse_qs(body)
        wanted = {'Action': 'AssumeRoleWithWebIdentity', 'Version': '2011-06-15',
                  'RoleArn': 'arn:aws:iam::1:role/backup', 'WebIdentityToken': 'Topsecret.identity'}
        if all(query.get(name) == [value] for name, value in wanted.items()) and 'RoleSessionName' in query:
            self.answer(200, self.as_xml(control, expiration))
        else:
            self.answer(400, '<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>')

    def metadata(self, control, expiration):
        if self.path == '/latest/api/token':
            good = self.command == 'PUT' and self.headers.get('X-aws-ec2-metadata-token-ttl-seconds')
            self.answer(200 if good else 400, 'Topsecret-metadata-token')
        elif self.headers.get('X-aws-ec2-metadata-token') != 'Topsecret-metadata-token':
            self.answer(401, '')
        elif self.path == METADATA:
            self.answer(200, ROLE)
        elif self.path == METADATA + ROLE:
            self.answer(200, self.as_json(control, expiration))
        else:
            self.answer(404, '')

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0)).decode()
        with open(f'{folder}/control') as file:
            control = json.load(file)
        with open(f'{folder}/log', 'a+') as log:
            log.write(f'{self.command} {self.path}\n')
            log.seek(0)
            count = len(log.readlines())
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=control.get('seconds', 3600))
        expiration = end.strftime('%Y-%m-%dT%H:%M:%SZ')
        if control.get('status') and count > control.get('good', 0):
            self.answer(control['status'], '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>')
        elif self.command == 'POST':
            self.sts(control, expiration, body)
        elif self.path.startswith('/latest/'):
            self.metadata(control, expiration)
        elif self.path == '/container' and self.headers.get('Authorization') == 'Bearer Topsecret-container':
            self.answer(200, self.as_json(control, expiration))
        else:
            self.answer(403, '{"code": "AccessDenied"}')

    do_GET = do_PUT = do_POST = handle_any

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
