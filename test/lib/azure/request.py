#!/usr/bin/python3
"""Asks Azure's Blob service, for tests: request.py PORT ACCOUNT KEY METHOD PATH [NAME=VALUE...]

The request, to the container or blob at PATH, is signed with the KEY; what is
answered is printed.  With METHOD "SAS" nothing is asked: a token is printed
that permits, for an hour, what the letters in PATH say.
"""
import base64
import datetime
import email.utils
import hashlib
import hmac
import http.client
import sys
import urllib.parse

port, account, key, method, path = sys.argv[1:6]
query = sorted(tuple(argument.split('=', 1)) for argument in sys.argv[6:])


def sign(text):
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def make_token():
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    fields = {'sv': '2020-08-04', 'ss': 'b', 'srt': 'sco', 'sp': path, 'se': end.strftime('%Y-%m-%dT%H:%M:%SZ')}
    signed = '\n'.join([account, fields['sp'], fields['ss'], fields['srt'], '', fields['se'], '', '', fields['sv'], ''])
    return urllib.parse.urlencode({**fields, 'sig': sign(signed)})


def ask():
    own = {'x-ms-date': email.utils.formatdate(usegmt=True), 'x-ms-version': '2021-12-02'}
    lines = [method] + [''] * 11 + [f'{name}:{value}' for name, value in sorted(own.items())]
    lines.append(f'/{account}/{account}/{path}')
    lines += [f'{name}:{value}' for name, value in query]
    headers = {**own, 'Authorization': f'SharedKey {account}:' + sign('\n'.join(lines)), 'Content-Length': '0'}
    connection = http.client.HTTPConnection('127.0.0.1', int(port), timeout=20)
    connection.request(method, f'/{account}/{path}?' + urllib.parse.urlencode(query), headers=headers)
    answer = connection.getresponse()
    print(answer.read().decode(), end='')
    if answer.status // 100 != 2:
        sys.exit(f'status {answer.status}')


if method == 'SAS':
    print(make_token(), end='')
else:
    ask()
