#!/usr/bin/python3
"""A mail server, for tests: mail.py FOLDER CERTIFICATE KEY USER PASSWORD [--tls]

Prints the port that it listens on.  It wants STARTTLS (with --tls: TLS from
the start) and then a password.  Every mail becomes FOLDER/N.json.  Recipients
whose names begin with "busy" or "unknown" are refused, for now or for ever.
"""
import asyncio
import email
import email.policy
import itertools
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder, certificate, key, user, password = sys.argv[1:6]
tls_at_once = '--tls' in sys.argv
numbers = itertools.count(1)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('busy'):
            return '451 try later'
        if address.startswith('unknown'):
            return '550 Topsecret: there is nobody of that name'
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        record = {'from': envelope.mail_from, 'to': envelope.rcpt_tos,
                  'tls': tls_at_once or session.ssl is not None,
                  'user': session.auth_data.login.decode(),
                  'raw': envelope.content.decode(),
                  'headers': {k.lower(): str(v) for k, v in message.items()},
                  'text': message.get_content()}
        name = '%s/%d.json' % (folder, next(numbers))
        with open(name + '.new', 'w') as file:
            json.dump(record, file)
        os.rename(name + '.new', name)
        return '250 OK'

    async def handle_exception(self, error):
        print(repr(error), file=sys.stderr, flush=True)
        return '451 the test receiver is broken'


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data == LoginPassword(user.encode(), password.encode())
    return AuthResult(success=good, handled=good, auth_data=data)


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)


def connection():
    return SMTP(Handler(), hostname='localhost', authenticator=authenticate, auth_required=True,
                auth_require_tls=not tls_at_once, require_starttls=not tls_at_once,
                tls_context=None if tls_at_once else context)


async def serve():
    server = await asyncio.get_running_loop().create_server(
        connection, '127.0.0.1', 0, ssl=context if tls_at_once else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
