#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Proxies and certificates as curl users expect them: a build through a proxy from a host that
# only the proxy knows, and over TLS by a certificate that only CURL_CA_BUNDLE knows.
# shellcheck disable=SC2154 # $work, $lib and others are tap.sh's and sandbox.sh's
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 openssl gpg pahole
unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR

t "a kernel" kernel vmlinux 6.1.0-9-cloud-amd64 "#1 SMP Test 6.1.1-1"
t "a signed repository" "$lib/make-deb-repo" "$work/repo" --suite stable --codename bookworm \
	dbg:6.1.0-9-cloud-amd64:6.1.1-1:"$work/vmlinux"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
	-keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null || skip_all "openssl makes no certificate"

# Serves files; a request for a whole URL, as proxies get them, is noted and served by its path.
cat >"$work/server.py" <<'PYTHON'
import functools, http.server, ssl, sys
folder, proxied, tls = sys.argv[1], sys.argv[2], sys.argv[3:]

class Handler(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        if path.startswith("http://packages.invalid/"):
            with open(proxied, "a") as log:
                log.write(path + "\n")
            path = path[len("http://packages.invalid"):]
        return super().translate_path(path)

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
if tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON

# start NAME [CERT KEY]: $port
start()
{
	mkfifo "$work/$1.port"
	name=$1
	shift
	python3 "$work/server.py" "$work/repo" "$work/proxied" "$@" >"$work/$name.port" &
	at_exit "kill $! 2>/dev/null"
	read -r port <"$work/$name.port"
}

# build URL ARCHIVE
build()
{
	"$btfgen" build --distro debian --release bookworm --arch x86_64 --kernel 6.1.0-9 --encoder pahole \
		--mirror "main=$1/debian" --mirror "security=file:$work/none" --work "$work/$2.work" \
		--keyring "$work/repo/keyring.gpg" -a "$work/$2.kbtf"
}

# the suites that are not there fail the run; what counts is the kernel
has()
{
	"$btfgen" stats --list -a "$work/$1.kbtf" | grep -q '^6.1.0-9-cloud-amd64 .*signed-index$'
}

start proxy
http_proxy=http://127.0.0.1:$port no_proxy='' build http://packages.invalid proxied >"$work/.out" 2>&1
t "through http_proxy, from a host that only the proxy knows" has proxied
t "the package came that way" grep -q '^http://packages.invalid/debian/pool/.*-dbg_6.1.1-1_amd64.deb$' "$work/proxied"
t_says 1 "proxy" "without it the host is not found, and the proxy is thought of" \
	env -u http_proxy -u https_proxy "$btfgen" index --distro debian --release bookworm --arch x86_64 \
	--mirror http://packages.invalid/debian --keyring "$work/repo/keyring.gpg" --work "$work/direct.work"

start tls "$work/cert.pem" "$work/key.pem"
CURL_CA_BUNDLE=$work/cert.pem build "https://127.0.0.1:$port" tls >"$work/.out" 2>&1
t "over TLS by CURL_CA_BUNDLE" has tls
SSL_CERT_FILE=$work/cert.pem build "https://127.0.0.1:$port" tls2 >"$work/.out" 2>&1
t "and by SSL_CERT_FILE" has tls2
build "https://127.0.0.1:$port" untrusted >"$work/untrusted.out" 2>&1
t "a certificate that nobody vouches for is refused" sh -c '! [ -e "$1" ]' sh "$work/untrusted.kbtf"
t "and the message says so" grep -qi 'certificate' "$work/untrusted.out"
finish
