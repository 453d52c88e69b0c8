"""A mail server of aiosmtpd: TLS, logins, refusals and silences as a test wants them.

What it does stands in settings.json, which is read again for each session and each command that it
decides. Every mail is taken apart by Python's email package and leaves one line in mails.jsonl;
every command of a client stands in smtp.log. Started as: mail_server.py FOLDER; the folder holds
server.pem and settings.json, and the port is written to FOLDER/port.
"""

import asyncio
import base64
import email
import email.policy
import json
import logging
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder = sys.argv[1]


def path(name):
    return os.path.join(folder, name)


def settings():
    with open(path("settings.json"), encoding="utf-8") as file:
        return json.load(file)


def use_up(name):
    """True as long as the number under `name` lasts; takes one off."""
    known = settings()
    left = known.get(name, 0)
    if left <= 0:
        return False
    known[name] = left - 1
    with open(path("settings.new"), "w", encoding="utf-8") as file:
        json.dump(known, file)
    os.replace(path("settings.new"), path("settings.json"))
    return True


async def hang_if(where):
    if settings().get("hang") == where:
        with open(path("hanging"), "w", encoding="utf-8") as file:
            file.write(where)
        await asyncio.sleep(3600)


def taken_apart(content):
    mail = email.message_from_bytes(content, policy=email.policy.default)
    boxes = lambda name: [
        {"name": box.display_name, "address": box.addr_spec} for box in mail[name].addresses]
    return {"headers": mail.keys(), "subject": mail["Subject"], "from": boxes("From"), "to": boxes("To"),
            "date": mail["Date"].datetime.isoformat(), "id": mail["Message-ID"],
            "type": mail.get_content_type(), "text": mail.get_content().replace("\r\n", "\n"),
            "defects": [str(defect) for defect in mail.defects]}


class Handler:
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        await hang_if("hello")
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if use_up("busy"):
            return "451 4.3.2 busy, come again"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in settings().get("unknown", []):
            return settings().get("refusal", "550 5.1.1 no such user here")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await hang_if("data")
        mail = taken_apart(envelope.content)
        mail.update(mail_from=envelope.mail_from, rcpt_tos=envelope.rcpt_tos,
                    login=session.auth_data, tls=session.ssl is not None)
        with open(path("mails.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(mail) + "\n")
        return "250 2.0.0 taken"


def authenticator(server, session, envelope, mechanism, data):
    if not isinstance(data, LoginPassword):
        return AuthResult(success=False, handled=False)
    user, password = data.login.decode(), data.password.decode()
    if settings().get("users", {}).get(user) != password:
        # As rude as a server can be: it repeats what it was given.
        plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        return AuthResult(success=False, handled=False, message=f"535 5.7.8 bad login {plain} {password}")
    return AuthResult(success=True, auth_data=user)


def session():
    known = settings()
    tls = known.get("tls", "starttls")
    context = None
    if tls == "starttls":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path("server.pem"))
    # Of a server that wants TLS for a login, and has none, EHLO offers no login.
    hidden = known.get("hide_login", False)
    return SMTP(Handler(), tls_context=context, require_starttls=tls == "starttls",
                auth_required=bool(known.get("users")) and not hidden,
                auth_require_tls=tls == "starttls" or hidden,
                auth_exclude_mechanism=known.get("without", []), authenticator=authenticator,
                hostname="mail.test", loop=asyncio.get_running_loop())


async def main():
    context = None
    if settings().get("tls") == "implicit":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path("server.pem"))
    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=context)
    with open(path("port.new"), "w", encoding="utf-8") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.replace(path("port.new"), path("port"))
    await server.serve_forever()


logging.basicConfig(filename=path("smtp.log"), level=logging.DEBUG)
asyncio.run(main())
