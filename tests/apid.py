#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Launchpad's and snapshot.debian.org's APIs, as far as they list packages, for tests.

Answers have the shape that the services document: help.launchpad.net/API and
api.launchpad.net/1.0.html (archive: getPublishedBinaries), and the file API in the
source of snapshot.debian.org. FOLDER holds

  launchpad.json   a list of {"name", "version", "series", "arch"} and more for the answer
  files/           what +files redirects to
  snapshot.json    {SOURCE: {VERSION: [{"archive_name", "first_seen", "name", "path"}]}}
  slow             if it is there, each InRelease takes its time
  archive/NAME/DAY/...   archives as they were on days: dists/, pool/

The port is the first line on stdout.
"""

import argparse
import hashlib
import http.server
import json
import os
import sys
import time
import urllib.parse

MOST_A_PAGE = 300


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def load(self, name):
        with open(os.path.join(self.server.root, name), encoding="utf-8") as file:
            return json.load(file)

    def send(self, status, body, kind, extra=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_json(self, answer):
        self.send(200, json.dumps(answer).encode(), "application/json")

    def send_text(self, status, text, extra=()):
        self.send(status, text.encode(), "text/plain", extra)

    def send_file(self, path):
        if path.endswith("/InRelease") and os.path.exists(self.server.root + "/slow"):
            time.sleep(0.25)
        file = os.path.normpath(self.server.root + path)
        if not file.startswith(self.server.root + "/") or not os.path.isfile(file):
            return self.send_text(404, "no such file\n")
        with open(file, "rb") as opened:
            return self.send(200, opened.read(), "application/octet-stream",
                             [("Last-Modified", self.date_time_string(os.path.getmtime(file)))])

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        path = urllib.parse.unquote(url.path)
        if self.server.log:
            self.server.log.write(self.path + "\n")
            self.server.log.flush()
        query = dict(urllib.parse.parse_qsl(url.query))
        if path == "/1.0/ubuntu/+archive/primary":
            return self.launchpad(query)
        if path.startswith("/ubuntu/+archive/primary/+files/"):
            return self.send_text(303, "", [("Location", "/files/" + path.split("/")[-1])])
        if path.startswith("/mr/package/"):
            return self.snapshot(path.split("/")[3:], query)
        return self.send_file(path)

    # ---- Launchpad ----------------------------------------------------------------

    def launchpad(self, query):
        base = "http://" + self.headers["Host"] + "/1.0"
        if query.get("ws.op") != "getPublishedBinaries":
            return self.send_text(400, "no such operation\n")
        wanted = []
        for number, entry in enumerate(self.load("launchpad.json")):
            series = f"{base}/ubuntu/{entry['series']}/{entry['arch']}"
            name = query.get("binary_name", "")
            same = entry["name"] == name
            if not (same if query.get("exact_match") == "true" else name in entry["name"]):
                continue
            if query.get("distro_arch_series", series) == series:
                wanted.append(self.entry(base, series, number, entry))
        start, size = int(query.get("ws.start", 0)), int(query.get("ws.size", 75))
        size = min(size, self.server.page)
        answer = {"start": start, "total_size": len(wanted), "entries": wanted[start:start + size]}
        if start + size < len(wanted):
            query.update({"ws.start": start + size, "memo": start + size, "ws.size": size})
            answer["next_collection_link"] = \
                f"{base}/ubuntu/+archive/primary?{urllib.parse.urlencode(query)}"
        return self.send_json(answer)

    @staticmethod
    def entry(base, series, number, entry):
        archive = f"{base}/ubuntu/+archive/primary"
        answer = {
            "self_link": f"{archive}/+binarypub/{number}",
            "resource_type_link": f"{base}/#binary_package_publishing_history",
            "archive_link": archive,
            "architecture_specific": True,
            "binary_package_name": entry["name"],
            "binary_package_version": entry["version"],
            "component_name": "main",
            "date_published": "2019-01-07T11:22:33.000000+00:00",
            "display_name": f"{entry['name']} {entry['version']} in {entry['series']} {entry['arch']}",
            "distro_arch_series_link": series,
            "is_debug": entry["name"].endswith("-dbgsym"),
            "pocket": "Updates",
            "status": "Superseded",
        }
        answer.update(entry.get("answer", {}))
        return answer

    # ---- snapshot -------------------------------------------------------------------

    def snapshot(self, parts, query):
        sources = self.load("snapshot.json")
        versions = sources.get(parts[0])
        if versions is None:
            return self.send_text(404, "no such package\n")
        answer = {"_comment": "notset", "package": parts[0]}
        if parts[1:] in ([], [""]):
            answer["result"] = [{"version": version} for version in versions]
            return self.send_json(answer)
        if parts[1] not in versions or parts[2:] != ["allfiles"]:
            return self.send_text(404, "no such version\n")
        files = {}
        for file in versions[parts[1]]:
            digest = hashlib.sha1(file["name"].encode()).hexdigest()
            files.setdefault(digest, []).append({"size": 1, **file})
        answer["version"] = parts[1]
        answer["result"] = {"source": [], "binaries": [
            {"name": places[0]["name"].split("_")[0], "version": places[0]["name"].split("_")[1],
             "files": [{"hash": digest, "architecture": places[0]["name"].split("_")[2][:-4]}]}
            for digest, places in files.items()]}
        if query.get("fileinfo") == "1":
            answer["fileinfo"] = files
        return self.send_json(answer)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--page", type=int, default=MOST_A_PAGE, help="entries a page at most")
    parser.add_argument("--log", help="append a line a request")
    args = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *args: None  # a connection that ends without an answer
    server.root = os.path.realpath(args.folder)
    server.page = args.page
    server.log = open(args.log, "a", encoding="utf-8") if args.log else None
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
