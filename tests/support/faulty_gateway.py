"""A gateway in front of an HTTP service that spoils the first of any two equal requests.

Usage: faulty_gateway.py FOLDER UPSTREAM_PORT FAULT. Writes FOLDER/port once it listens, and a line
to FOLDER/struck for each request that it spoiled. A request that is asked again is passed on, so
whoever asks again gets through. Requests are passed on byte for byte, so signatures stay right.
"""

import http.client
import http.server
import os
import sys
import threading
import time

folder, upstream_port, fault = sys.argv[1], int(sys.argv[2]), sys.argv[3]
lock = threading.Lock()
asked = {}

ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{}</Code><Message>as the test wants'
    "</Message><RequestId>tx-faulty</RequestId></Error>"
)


class Cut(Exception):
    """The connection ends here."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def is_first(self):
        """Whether this request is the first of two."""
        key = (self.command, self.path, self.headers.get("Range"))
        with lock:
            asked[key] = asked.get(key, 0) + 1
            return asked[key] % 2 == 1

    def note_strike(self):
        with lock, open(os.path.join(folder, "struck"), "a", encoding="utf-8") as struck:
            struck.write(f"{self.command} {self.path}\n")

    def upstream(self, body):
        service = http.client.HTTPConnection("127.0.0.1", upstream_port, timeout=60)
        service.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() != "expect":
                service.putheader(name, value)
        service.endheaders(body or None)
        answer = service.getresponse()
        content = answer.read()
        service.close()
        return answer.status, answer.getheaders(), content

    def send(self, status, headers, content, cut_at=None, slow=False):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "keep-alive", "transfer-encoding"):
                self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if cut_at is not None:
            self.wfile.write(content[:cut_at])
            raise Cut
        piece = 65536 if slow else max(len(content), 1)
        for begin in range(0, len(content), piece):
            if slow:
                time.sleep(0.005)
            self.wfile.write(content[begin : begin + piece])

    def answer_error(self, status, code):
        content = ERROR.format(code).encode()
        self.send(status, [("Content-Type", "application/xml")], content)

    def spoil(self, body):
        """Strikes; returns False where the fault does not fit this request."""
        if fault == "500":
            self.answer_error(500, "InternalError")
        elif fault == "503":
            self.answer_error(503, "SlowDown")
        elif fault == "lost_request":
            raise Cut
        elif fault == "lost_answer":
            self.upstream(body)
            raise Cut
        elif fault == "slow":
            time.sleep(0.05)
            self.send(*self.upstream(body), slow=True)
        elif fault == "cut":
            status, headers, content = self.upstream(body)
            if len(content) < 2:
                return False
            self.send(status, headers, content, cut_at=len(content) // 2)
        elif fault == "wrong_body":
            # An error that begins with "200 OK", as S3 sends it for long copies, or a proxy for all.
            if self.command not in ("GET", "PUT", "POST") or (
                self.command == "PUT" and "x-amz-copy-source" not in self.headers
            ):
                return False
            self.answer_error(200, "InternalError")
        return True

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            if self.is_first():
                self.note_strike_if(self.spoil(body), body)
            else:
                self.send(*self.upstream(body))
        except Cut:
            self.note_strike()
            self.close_connection = True
        except OSError:
            self.close_connection = True  # the client went away

    def note_strike_if(self, struck, body):
        if struck:
            self.note_strike()
        else:
            self.send(*self.upstream(body))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_request


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


with Server(("127.0.0.1", 0), Handler) as server:
    part = os.path.join(folder, "port.part")
    with open(part, "w", encoding="utf-8") as port:
        port.write(str(server.server_address[1]))
    os.rename(part, os.path.join(folder, "port"))
    server.serve_forever()
