# SPDX-License-Identifier: Apache-2.0
"""A Hub in Python for one purpose: to go wrong in every way a server can, and to count what it sends.

It shares no code with the program's own mirror. Repositories are dictionaries of files; `hub.lie` is asked about every
request before it is answered, and may answer in its own way.
"""

import contextlib
import hashlib
import json
import re
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = 64 << 10


def is_large(path, size):
    return size > 0 and (size >= LARGE or path.endswith(".safetensors"))


class Content:
    """The bytes of a file, in memory or on disk, with what a listing says of them."""

    def __init__(self, path, source):
        self.path = path
        self.file = source if isinstance(source, Path) else None
        self.data = None if self.file else (source.encode() if isinstance(source, str) else bytes(source))
        self.size = self.file.stat().st_size if self.file else len(self.data)
        self.large = is_large(path, self.size)
        sha256 = hashlib.sha256()
        sha1 = hashlib.sha1(b"blob %d\0" % self.size)
        for piece in self.pieces(0, self.size):
            sha256.update(piece)
            sha1.update(piece)
        self.sha256 = sha256.hexdigest()
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {self.size}\n".encode()
        self.git = hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).hexdigest() if self.large else sha1.hexdigest()
        self.etag = self.sha256 if self.large else self.git

    def pieces(self, start, end, length=64 << 10):
        if self.data is not None:
            for offset in range(start, end, length):
                yield self.data[offset:min(end, offset + length)]
            return
        with open(self.file, "rb") as file:
            file.seek(start)
            while start < end:
                piece = file.read(min(length, end - start))
                start += len(piece)
                yield piece

    def entry(self):
        entry = {"type": "file", "oid": self.git, "size": self.size, "path": self.path}
        if self.large:
            entry["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": 132}
        return entry


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 0
    disable_nagle_algorithm = True
    hub = None

    def log_message(self, *_):
        pass

    # -- what a lie may use

    def respond(self, status, body=b"", headers=None, length=None):
        """Answers; `length` is the Content-Length to claim, `False` none at all."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if length is not False:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.push(body)
        if length is not None:
            self.close_connection = True

    def refuse(self, status, code=None, message=None, **more):
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        if code:
            headers["X-Error-Code"] = code
        if message:
            headers["X-Error-Message"] = message
        self.respond(status, json.dumps({"error": message or "refused"}).encode(), headers)

    def answer_json(self, value, headers=None):
        self.respond(200, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def push(self, data):
        """Sends body bytes, counted and throttled."""
        for start in range(0, len(data), 64 << 10):
            piece = data[start:start + (64 << 10)]
            self.hub.pace(len(piece))
            self.wfile.write(piece)
            self.hub.count(self.kind, self.file_path, len(piece))

    def byte_range(self):
        """The range asked for as (start, end), or None."""
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not match:
            return None
        return int(match[1]), int(match[2]) + 1 if match[2] else None

    # -- the truth

    def do_HEAD(self):
        self.handle_request()

    def do_GET(self):
        self.handle_request()

    def handle_request(self):
        parts = urlsplit(self.path)
        self.query = parse_qs(parts.query)
        self.kind, self.repository, self.revision, self.file_path = "other", None, None, None
        api = re.fullmatch(r"/api/models/(.+?)/(revision|tree)/([^/]+)(?:/.*)?", parts.path)
        web = re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", parts.path)
        if api:
            self.repository, self.kind, self.revision = api[1], api[2], unquote(api[3])
        elif web:
            self.repository, self.revision, self.kind, self.file_path = web[1], unquote(web[2]), "file", unquote(web[3])
        with self.hub.guard:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.hub.requests.append((self.command, self.path, headers, self.kind))
        try:
            if self.hub.lie and self.hub.lie(self) is not None:
                return
            self.tell_the_truth()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def tell_the_truth(self):
        repository = self.hub.repositories.get(self.repository)
        if repository is None:
            return self.refuse(401, "RepoNotFound", "Repository not found")
        commit = repository["refs"].get(self.revision, self.revision)
        files = repository["commits"].get(commit)
        if files is None:
            return self.refuse(404, "RevisionNotFound", "Invalid rev id")
        if self.kind == "revision":
            return self.answer_json(
                {"id": self.repository, "sha": commit, "lastModified": "2024-01-01T00:00:00.000Z", "gated": False,
                 "siblings": [{"rfilename": path} for path in files]})
        if self.kind == "tree":
            return self.answer_json([content.entry() for content in files.values()])
        content = files.get(self.file_path)
        if content is None:
            return self.refuse(404, "EntryNotFound", "Entry not found", X_Repo_Commit=commit)
        return self.serve(content, commit)

    def serve(self, content, commit, lead=None):
        headers = {"ETag": f'"{content.etag}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if content.large:
            headers |= {"X-Linked-Etag": f'"{content.etag}"', "X-Linked-Size": str(content.size)}
        start, end, status = 0, content.size, 200
        wanted = self.byte_range()
        if wanted:
            start, end = wanted[0], min(wanted[1] or content.size, content.size)
            if start >= content.size:
                return self.respond(416, headers={**headers, "Content-Range": f"bytes */{content.size}"})
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command != "HEAD":
            for piece in content.pieces(start, end):
                self.push(piece)


class LyingHub(contextlib.AbstractContextManager):
    """The server; `with LyingHub() as hub:`."""

    def __init__(self, host="127.0.0.1", certificate=None):
        self.repositories = {}
        self.requests = []
        self.guard = threading.Lock()
        self.lie = None
        self.sent = {}
        self.total = 0
        self.rate = None
        self.due = 0.0
        self.alarm = None
        handler = type("BoundHandler", (Handler,), {"hub": self})

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 256

            def get_request(self):
                connection, address = super().get_request()
                # What lies in a buffer when the client dies counts as sent: keep the buffers small.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 256 << 10)
                return connection, address

            def handle_error(self, *_):
                pass  # a client that went away is no news here

        self.server = Server((host, 0), handler)
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.port = self.server.server_address[1]
        self.url = f"{scheme}://{host}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def commit(self, repository, files, branch="main"):
        """Publishes files ({path: bytes, text or Path}) and returns the commit's id."""
        contents = {path: Content(path, source) for path, source in sorted(files.items(), key=lambda item: item[0].encode())}
        text = "".join(f"{c.git} {c.path}\n" for c in contents.values())
        known = self.repositories.setdefault(repository, {"refs": {}, "commits": {}})
        commit = hashlib.sha1(f"{repository} {len(known['commits'])}\n{text}".encode()).hexdigest()
        known["commits"][commit] = contents
        known["refs"][branch] = commit
        return commit

    def files(self, repository, branch="main"):
        known = self.repositories[repository]
        return known["commits"][known["refs"][branch]]

    def count(self, kind, path, length):
        with self.guard:
            if kind == "file":
                self.sent[path] = self.sent.get(path, 0) + length
                self.total += length
            alarm = self.alarm if self.alarm and self.total >= self.alarm[0] else None
            if alarm:
                self.alarm = None
        if alarm:
            alarm[1]()

    def when_sent(self, total, action):
        """Calls `action` once, when that many bytes of files have been sent."""
        with self.guard:
            self.alarm = (total, action)

    def pace(self, length):
        if not self.rate:
            return
        with self.guard:
            now = time.monotonic()
            self.due = max(self.due, now) + length / self.rate
            wait = self.due - now
        if wait > 0:
            time.sleep(wait)

    def reset(self):
        """Forgets lies and counts."""
        with self.guard:
            self.lie, self.sent, self.total, self.requests, self.alarm = None, {}, 0, [], None
