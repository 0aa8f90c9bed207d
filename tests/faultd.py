#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""An HTTP server on 127.0.0.1 that misbehaves as told, for tests of transfers.

It serves the files of a folder, with ranges (one range a request, If-Range), ETag and
Last-Modified (If-None-Match, If-Modified-Since). Its port is the first line on stdout.
It ends when its stdin is closed (with --with-stdin) or by a signal.
"""

import argparse
import email.utils
import fnmatch
import hashlib
import http.server
import json
import os
import socket
import struct
import sys
import threading
import time
import urllib.parse

EPILOG = """\
faults
  A fault belongs to paths (a shell glob, "/pool/*.deb") and is a set of KEY=VALUE:
    --fault '/a.deb status=503 times=2'     --fault '/b.deb cut=1000 times=1'
  or, in the file of --faults, JSON: {"/a.deb": {"status": 503, "times": 2}, ...}, where
  a list of faults may stand for one. The file is read again whenever it changes. The
  first fault of a request's path that has times left is applied.

  times=K            only to the first K requests for the path (default: to all)
  status=N           answer N, with a short text
  retry_after=S      send Retry-After: S along (seconds, or a date if not a number)
  delay=S            wait S seconds before the answer
  cut=N              close the connection after N bytes of the body
  reset=1            with cut: by a TCP reset
  length=N           announce Content-Length: N; +N and -N change the true one
  no_length=1        announce no length: the end of the connection ends the body
  stall=N            say nothing more after N bytes of the body, and keep the connection
  rate=N             send N bytes a second
  redirect=URL       302 to URL; "loop": to itself, for ever
  html=1             200 with a web page instead of the file
  no_ranges=1        ignore Range: 200 and the whole file
  range_shift=N      a range begins N bytes later than asked for
  range_most=N       a range has N bytes at most, whatever was asked for
  no_etag=1          send no ETag;  etag=TEXT: that one, without quotes
  weak_etag=1        send the ETag as a weak one
  flip=N             invert the byte at offset N of the file
  refuse_range=1     416 to any Range

log
  --log FILE gets a line of JSON a request when it has ended: path, range, status, sent
  (bytes of the body), if_none_match, if_range, user_agent, concurrent (requests at once).
"""

CHUNK = 16384
STALL_S = 3600


class Table:
    """What goes wrong with which path."""

    def __init__(self, path, faults):
        self.lock = threading.Lock()
        self.path = path
        self.stamp = None
        self.fixed = [[glob, fault, fault.get("times")] for glob, fault in faults]
        self.read = []

    def reread(self):
        if not self.path:
            return
        try:
            stat = os.stat(self.path)
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if stamp == self.stamp:
                return
            with open(self.path, encoding="utf-8") as file:
                table = json.load(file)
        except (FileNotFoundError, json.JSONDecodeError):
            return  # being replaced: the next request sees it
        self.stamp = stamp
        self.read = []
        for glob, faults in table.items():
            for fault in faults if isinstance(faults, list) else [faults]:
                self.read.append([glob, fault, fault.get("times")])

    def take(self, path):
        with self.lock:
            self.reread()
            for entry in self.fixed + self.read:
                glob, fault, left = entry
                if not fnmatch.fnmatchcase(path, glob) or left == 0:
                    continue
                if left is not None:
                    entry[2] = left - 1
                return fault
        return {}


def parse_fault(text):
    """'/path key=value ...' or '/path key=value,key=value'."""
    glob, _, rest = text.partition(" ")
    fault = {}
    for word in rest.replace(",", " ").split():
        key, _, value = word.partition("=")
        if key in ("redirect", "etag", "retry_after", "length"):
            fault[key] = value
        elif key in ("delay",):
            fault[key] = float(value)
        else:
            fault[key] = int(value or "1")
    if not glob.startswith("/") or not fault:
        raise argparse.ArgumentTypeError(f"no fault: {text!r}; write '/path key=value ...'")
    return glob, fault


def parse_range(text, size):
    """First and last byte of 'bytes=N-[M]' or 'bytes=-N'; None: no such range."""
    unit, _, spec = text.partition("=")
    first, _, last = spec.partition("-")
    if unit != "bytes" or "," in spec:
        return None
    if not first:
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
    return (start, end) if start <= end else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "faultd"

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        server = self.server
        self.status = 0
        self.sent = 0
        with server.count_lock:
            server.concurrent += 1
            concurrent = server.concurrent
        try:
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
            self.answer(path, server.table.take(path))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with server.count_lock:
                server.concurrent -= 1
            server.note({
                "path": self.path, "range": self.headers.get("Range"),
                "status": self.status, "sent": self.sent,
                "if_none_match": self.headers.get("If-None-Match"),
                "if_modified_since": self.headers.get("If-Modified-Since"),
                "if_range": self.headers.get("If-Range"),
                "user_agent": self.headers.get("User-Agent"), "concurrent": concurrent,
            })

    def start(self, status, headers):
        self.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def simple(self, status, text, kind="text/plain", extra=None):
        body = b"" if status in (204, 304) else text.encode()
        headers = {"Content-Type": kind, "Content-Length": len(body)} if body else {}
        headers.update(extra or {})
        self.start(status, headers)
        if self.command != "HEAD":
            self.wfile.write(body)
            self.sent = len(body)

    def answer(self, path, fault):
        extra = {}
        if "delay" in fault:
            time.sleep(fault["delay"])
        if "retry_after" in fault:
            extra["Retry-After"] = fault["retry_after"]
        if "redirect" in fault:
            to = self.path if fault["redirect"] == "loop" else fault["redirect"]
            return self.simple(302, "over there\n", extra={"Location": to})
        if "status" in fault:
            return self.simple(fault["status"], "told to fail\n", extra=extra)
        if fault.get("html"):
            page = "<!DOCTYPE html>\n<html><body>Please log in</body></html>\n"
            return self.simple(200, page, "text/html; charset=utf-8")
        file = os.path.normpath(self.server.root + "/" + path.lstrip("/"))
        if not (file + "/").startswith(self.server.root + "/") or not os.path.isfile(file):
            return self.simple(404, "no such file\n")
        return self.send_file(file, fault)

    def validators(self, stat, fault):
        tag = fault.get("etag") or hashlib.sha1(
            f"{stat.st_mtime_ns} {stat.st_size}".encode()).hexdigest()[:16]
        headers = {"Last-Modified": email.utils.formatdate(stat.st_mtime, usegmt=True),
                   "Accept-Ranges": "none" if fault.get("no_ranges") else "bytes"}
        if not fault.get("no_etag"):
            headers["ETag"] = ("W/" if fault.get("weak_etag") else "") + f'"{tag}"'
        return headers

    def is_unchanged(self, stat, headers):
        asked = self.headers.get("If-None-Match")
        if asked is not None:
            tags = [tag.strip() for tag in asked.split(",")]
            return "ETag" in headers and (headers["ETag"] in tags or "*" in tags)
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        try:
            when = email.utils.parsedate_to_datetime(since).timestamp()
        except (TypeError, ValueError):
            return False
        return int(stat.st_mtime) <= when

    def wants_range(self, headers, fault):
        asked = self.headers.get("Range")
        if asked is None or fault.get("no_ranges"):
            return None
        condition = self.headers.get("If-Range")
        if condition not in (None, headers.get("ETag"), headers["Last-Modified"]):
            return None
        if condition is not None and condition.startswith("W/"):
            return None
        return asked

    def send_file(self, path, fault):
        with open(path, "rb") as file:
            stat = os.fstat(file.fileno())
            headers = self.validators(stat, fault)
            if self.is_unchanged(stat, headers):
                self.start(304, headers)
                return
            status, first, last = 200, 0, stat.st_size - 1
            asked = self.wants_range(headers, fault)
            if asked is not None:
                found = None if fault.get("refuse_range") else parse_range(asked, stat.st_size)
                if not found:
                    self.simple(416, "no such range\n",
                                extra={"Content-Range": f"bytes */{stat.st_size}"})
                    return
                status, (first, last) = 206, found
                first = min(first + fault.get("range_shift", 0), last)
                last = min(last, first + fault.get("range_most", stat.st_size) - 1)
                headers["Content-Range"] = f"bytes {first}-{last}/{stat.st_size}"
            length = last - first + 1
            announced = str(fault.get("length", length))
            if announced[:1] in "+-":
                announced = length + int(announced)
            if fault.get("no_length"):
                headers["Connection"] = "close"
            else:
                headers["Content-Length"] = announced
            headers["Content-Type"] = "application/octet-stream"
            self.start(status, headers)
            if self.command != "HEAD":
                self.send_body(file, first, length, fault)
            if str(announced) != str(length) or fault.get("no_length"):
                self.close_connection = True

    def send_body(self, file, first, length, fault):
        rate, began = fault.get("rate"), time.monotonic()
        stop = min(length, fault.get("cut", length), fault.get("stall", length))
        file.seek(first)
        while self.sent < stop:
            piece = min(CHUNK, stop - self.sent)
            if rate:
                piece = min(piece, max(1, rate // 20))
            data = bytearray(file.read(piece))
            if not data:
                break
            at = fault.get("flip", -1) - first - self.sent
            if 0 <= at < len(data):
                data[at] ^= 0xff
            self.wfile.write(data)
            self.sent += len(data)
            if rate:
                ahead = self.sent / rate - (time.monotonic() - began)
                if ahead > 0:
                    time.sleep(ahead)
        self.wfile.flush()
        if "stall" in fault:
            self.connection.settimeout(STALL_S)
            try:
                self.connection.recv(1)  # ends when the client gives up
            except OSError:
                pass
            self.close_connection = True
        if "cut" in fault:
            self.close_connection = True
            if fault.get("reset"):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                           struct.pack("ii", 1, 0))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, root, table, log):
        super().__init__(address, Handler)
        self.root = os.path.realpath(root)
        self.table = table
        self.log = log
        self.log_lock = threading.Lock()
        self.count_lock = threading.Lock()
        self.concurrent = 0

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def note(self, record):
        if self.log:
            with self.log_lock:
                self.log.write(json.dumps(record) + "\n")
                self.log.flush()


def watch_stdin():
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="what to serve")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--fault", action="append", type=parse_fault, default=[],
                        metavar="'PATH KEY=VALUE ...'", help="may be given several times")
    parser.add_argument("--faults", metavar="FILE", help="a JSON table of faults")
    parser.add_argument("--log", metavar="FILE", help="append a line a request")
    parser.add_argument("--with-stdin", action="store_true",
                        help="end when stdin is closed: dies with who started it")
    args = parser.parse_args()

    if not os.path.isdir(args.folder):
        parser.error(f"{args.folder}: no such folder")
    log = open(args.log, "a", encoding="utf-8") if args.log else None
    server = Server(("127.0.0.1", args.port), args.folder, Table(args.faults, args.fault), log)
    print(server.server_address[1], flush=True)
    if args.with_stdin:
        threading.Thread(target=watch_stdin, daemon=True).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
