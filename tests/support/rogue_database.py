"""Greets as MariaDB does over TCP and keeps what the client sends, in clear and inside of TLS.

Usage: rogue_database.py FOLDER CERTIFICATE KEY tls|clear. FOLDER/port is written once it listens;
FOLDER/clear and FOLDER/inside hold the bytes of the last session.
"""

import os
import socket
import ssl
import sys

folder, certificate, key, offer = sys.argv[1:5]

CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE, CLIENT_PLUGIN_AUTH = 0x200, 0x800, 0x8000, 0x80000


def greeting():
    flags = CLIENT_PROTOCOL_41 | CLIENT_SECURE | CLIENT_PLUGIN_AUTH
    if offer == "tls":
        flags |= CLIENT_SSL
    payload = (
        b"\x0a5.5.5-10.11.19-MariaDB\0\x01\0\0\0" + b"01234567\0"
        + (flags & 0xFFFF).to_bytes(2, "little") + b"\x2d\x02\0" + (flags >> 16).to_bytes(2, "little")
        + b"\x15" + bytes(10) + b"890123456789\0mysql_native_password\0"
    )
    return len(payload).to_bytes(3, "little") + b"\0" + payload


def keep(name, content):
    part = os.path.join(folder, name + ".part")
    with open(part, "wb") as file:
        file.write(content)
    os.rename(part, os.path.join(folder, name))


def read_all(connection):
    content = b""
    try:
        while piece := connection.recv(4096):
            content += piece
            if len(content) > 200:
                break
    except OSError:
        pass
    return content


def serve(connection):
    clear, inside = b"", b""
    connection.settimeout(3)
    connection.sendall(greeting())
    try:
        if offer == "tls":
            while len(clear) < 36 and (piece := connection.recv(36 - len(clear))):
                clear += piece
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            with context.wrap_socket(connection, server_side=True) as secure:
                inside = read_all(secure)
        else:
            clear = read_all(connection)
    except OSError:
        pass
    keep("clear", clear)
    keep("inside", inside)


with socket.create_server(("127.0.0.1", 0)) as listener:
    keep("port", str(listener.getsockname()[1]).encode())
    while True:
        connection, _ = listener.accept()
        with connection:
            serve(connection)
