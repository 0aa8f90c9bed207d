#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What mirrors do wrong, at each hop from the index to the package: alone it is a failure whose
# message names the URL and what is wrong with it; with a good mirror behind it nothing is lost.
# Also what changes while it is asked for, and one bad package among good ones.
# shellcheck disable=SC2154 # $work, $lib and others are tap.sh's and sandbox.sh's
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 gpg gpgv gpgconf dpkg-deb pahole

v='#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2023-01-01)'
kernel vmlinux 6.1.0-1-amd64 "$v"
t "a Debian repository" "$lib/make-deb-repo" "$work/deb" --filler 60000 "dbg:6.1.0-1-amd64:6.1.1-1:$work/vmlinux"
"$lib/one-suite-manifest" "$work/manifests-deb"
mkdir "$work/www"
ln -s "$work/deb/debian" "$work/www/deb-good"
cp -R "$work/deb/debian" "$work/www/deb-bad"
cp "$work/deb/keyring.gpg" "$work/deb.keyring"
kinds=deb
if command -v rpmbuild >/dev/null && command -v rpmsign >/dev/null && command -v createrepo_c >/dev/null; then
	kernel vmlinux-el 4.18.0-147.el8.x86_64 '#1 SMP Wed Dec 4 21:51:45 UTC 2019'
	t "an rpm-md repository" "$lib/make-rpm-repo" "$work/rpm" --sign-metadata "$work/vmlinux-el"
	"$lib/one-suite-manifest" "$work/manifests-rpm" rpm
	ln -s "$work/rpm" "$work/www/rpm-good"
	cp -R "$work/rpm" "$work/www/rpm-bad"
	cp "$work/rpm/RPM-GPG-KEY-test" "$work/rpm.keyring"
	kinds="deb rpm"
else
	skip "an rpm-md repository" "rpmbuild, rpmsign or createrepo_c is missing"
fi
mkdir "$work/served"
cp -RL "$work/www/." "$work/served"
serve "$work/served" --faults "$work/faults"

fault() # JSON
{
	printf '%s' "$1" >"$work/faults.new"
	mv "$work/faults.new" "$work/faults"
}
# ask KIND MIRROR... -- [OPTION]...: build from these mirrors in this order, with nothing cached
ask()
{
	kind=$1
	shift
	mirrors=
	while [ "$1" != -- ]; do
		mirrors="$mirrors --mirror $url/$kind-$1"
		shift
	done
	shift
	rm -rf "$XDG_CACHE_HOME" "$work/a.kbtf" "$work/a.kbtf.journal"
	# shellcheck disable=SC2086 # words
	"$btfgen" build --manifests "$work/manifests-$kind" $mirrors --keyring "$work/$kind.keyring" \
		--no-min --tries 1 --timeout 1 -a "$work/a.kbtf" "$@"
}
says() # TEXT...: all in $said
{
	for text; do
		case $said in *"$text"*) ;; *) echo "not said: $text"; printf '%s\n' "$said"; return 1 ;; esac
	done
}

# ---- each fault at each hop -------------------------------------------------------------------------
# at KIND HOP GLOB WHAT FAULT TEXT...: alone, then with a mirror behind it
at()
{
	kind=$1 hop=$2 glob=$3 name="$2, $4"
	fault "{\"/$1-bad/$3\": $5}"
	shift 5
	t_exit 1 "$name" ask "$kind" bad --
	said=$out
	t "$name: said so" says "$url/$kind-bad/" "$@"
	t "$name: nothing is made of it" test ! -e "$work/a.kbtf"
	t_says 0 "1 done, 0 skipped, 0 failed" "$name: the next mirror has it" ask "$kind" bad good --
	t "$name: no scratch" no_scratch
}
everywhere() # KIND HOP GLOB
{
	at "$@" "a timeout before the answer" '{"delay": 4}' "check the network"
	at "$@" "a stall in the middle" '{"stall": 150}' "after 150 of " "nothing more came"
	at "$@" "cut off" '{"cut": 150}' "broke off after 150 of "
	at "$@" "a redirect loop" '{"redirect": "loop"}' "redirected more than 10 times" "another mirror"
	at "$@" "429 for an hour" '{"status": 429, "retry_after": 3600}' "asks to wait for 3600 s" "429"
	at "$@" "429" '{"status": 429}' "wants fewer requests" "--delay"
	at "$@" "503" '{"status": 503}' "the server failed (HTTP 503)"
	at "$@" "403" '{"status": 403}' "access refused (HTTP 403)"
}
web_page="it is a web page"
for kind in $kinds; do
	case $kind in
	deb)
		packages='dists/bookworm/main/*' top_index='dists/bookworm/InRelease' index=InRelease
		second=Packages pool='pool/*' ;;
	rpm)
		packages='8/x86_64/repodata/*primary.xml*' top_index='8/x86_64/repodata/repomd.xml'
		index=repomd.xml second=primary.xml pool='8/x86_64/Packages/*' ;;
	esac
	everywhere "$kind" "$index" "$top_index"
	at "$kind" "$index" "$top_index" "a web page with status 200" '{"html": 1}' "$web_page"
	at "$kind" "$index" "$top_index" "shorter than announced" '{"length": "+50"}' "broke off"
	everywhere "$kind" "$second" "$packages"
	at "$kind" "$second" "$packages" "a web page with status 200" '{"html": 1}' "$web_page" "bytes where"
	at "$kind" "$second" "$packages" "longer than its index says" '{"length": "+50"}' "bytes where"
	at "$kind" "$second" "$packages" "404" '{"status": 404}' "not found (HTTP 404)"
	everywhere "$kind" "a $kind package" "$pool"
	at "$kind" "a $kind package" "$pool" "a web page with status 200" '{"html": 1}' "$web_page" "bytes where"
	at "$kind" "a $kind package" "$pool" "longer than its index says" '{"length": "+50"}' "bytes where"
	at "$kind" "a $kind package" "$pool" "shorter than its index says" '{"length": "-50"}' "bytes where"
	at "$kind" "a $kind package" "$pool" "without a length, and cut off" '{"no_length": 1, "cut": 150}' "150 "
	at "$kind" "a $kind package" "$pool" "404" '{"status": 404}' "not found (HTTP 404)"
done

# ---- tampered with: each refused at its own hop -----------------------------------------------------------
at deb "a tampered InRelease" dists/bookworm/InRelease "one byte of it" '{"flip": 120}' "InRelease" "signature"
at deb "a tampered Packages" 'dists/bookworm/main/*' "one byte of it" '{"flip": 90}' "SHA-256" "Packages"
at deb "a tampered package" 'pool/*' "one byte of it" '{"flip": 30000}' "SHA-256" "pool/"
if [ "$kinds" != deb ]; then
	at rpm "a tampered repomd.xml" 8/x86_64/repodata/repomd.xml "one byte of it" '{"flip": 300}' \
		"repomd.xml" "signature"
	at rpm "a tampered signature of repomd.xml" 8/x86_64/repodata/repomd.xml.asc "one byte of it" \
		'{"flip": 200}' "repomd.xml" "sign"
	at rpm "a tampered primary.xml" '8/x86_64/repodata/*primary.xml*' "one byte of it" '{"flip": 90}' \
		"SHA-256" "primary.xml"
	at rpm "a tampered package" '8/x86_64/Packages/*' "one byte of it" '{"flip": 3000}' "SHA-256" "Packages/"
fi

# ---- what is not there, where a store says 403 of it -------------------------------------------------------
fault '{"/deb-bad/dists/bookworm/InRelease": {"status": 404}, "/deb-bad/dists/bookworm/Release.gpg": {"status": 403}}'
t_says 1 "Release is not signed: nothing it lists can be believed" "no Release.gpg" ask deb bad --
t_says 0 "unverified" "unless the user accepts it" ask deb bad -- --allow-unsigned
fault '{"/deb-bad/dists/bookworm/main/*/by-hash/*": {"status": 403}}'
t_says 0 "1 done" "nothing by hash" ask deb bad --
if [ "$kinds" != deb ]; then
	for status in 404 403; do
		fault "{\"/rpm-bad/8/x86_64/repodata/repomd.xml.asc\": {\"status\": $status}}"
		t_says 0 "signed-package" "no repomd.xml.asc, and $status for it: the package's signature counts" \
			ask rpm bad --
		sed -i 's/^signature = .*/signature = required/' "$work/manifests-rpm"/*.ini
		t_says 1 "repomd.xml is not signed, and the manifest" "where it must be there" ask rpm bad --
		t_says 0 "unverified" "unless the user accepts it" ask rpm bad -- --allow-unsigned
		sed -i 's/^signature = .*/signature = optional/' "$work/manifests-rpm"/*.ini
	done
fi

# ---- a download goes on where another mirror broke off -----------------------------------------------------
fault '{"/deb-bad/pool/*": {"cut": 40000}}'
: >"$requests"
t_says 0 "1 done" "a package that broke off at one mirror" ask deb bad good --
goes_on()
{
	python3 - "$requests" <<'PYTHON'
import json, sys
asked = [r for r in map(json.loads, open(sys.argv[1])) if "/pool/" in r["path"]]
sys.exit(0 if [(r["status"], r["range"]) for r in asked] == [(200, None), (206, "bytes=40000-")] else str(asked))
PYTHON
}
t "from where it was" goes_on
fault '{"/deb-bad/pool/*": {"status": 404}, "/deb-good/pool/*": {"status": 404}}'
t_says 1 "nor is it to be had from 1 more mirror" "a package that no mirror has" ask deb bad good --

# ---- what changes between index and package --------------------------------------------------------------
# A mirror where the kernel was built anew in the middle of a run: the index that was read names
# a package that is gone. A proxy stands in for time: it serves the old repository until the
# old package is asked for, and the new one from then on; or until the list of packages is.
kernel vmlinux-2 6.1.0-1-amd64 '#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-2 (2023-01-02)' --variant 1
mkdir "$work/anew"
cp -R "$work/deb/gnupg" "$work/deb/keyring.gpg" "$work/anew/"
t "the repository with the kernel built anew" "$lib/make-deb-repo" "$work/anew" \
	"dbg:6.1.0-1-amd64:6.1.1-2:$work/vmlinux-2"
cat >"$work/changing.py" <<'PYTHON'
import functools, http.server, sys
old, new, log, when = sys.argv[1:]
state = {"folder": old}

class Handler(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        with open(log, "a") as file:
            file.write(path + "\n")
        if when in path and state["folder"] == old:
            state["folder"] = new
        self.directory = state["folder"]
        return super().translate_path(path)

    def log_message(self, *args):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=old))
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
changing() # OLD NEW TEXT: the new one from the first request with TEXT on; $changing is its URL
{
	rm -f "$work/changing.port"
	mkfifo "$work/changing.port"
	: >"$work/asked"
	python3 "$work/changing.py" "$1" "$2" "$work/asked" "$3" >"$work/changing.port" &
	at_exit "kill $! 2>/dev/null"
	read -r port <"$work/changing.port"
	changing=http://127.0.0.1:$port
}
from_changing()
{
	rm -rf "$XDG_CACHE_HOME" "$work/c.kbtf" "$work/c.kbtf.journal"
	"$btfgen" build --manifests "$work/manifests-deb" --mirror "$changing/debian" --tries 1 \
		--keyring "$work/deb.keyring" --no-min -a "$work/c.kbtf" "$@"
}
changing "$work/deb" "$work/anew" .deb
t_says 0 "1 done, 0 skipped, 0 failed" "a package that was replaced meanwhile is taken as it is now" from_changing
t_says 0 "6.1.1-2" "the new one" "$btfgen" stats --list --json -a "$work/c.kbtf"
t "the journal knows of the new one alone" sh -c 'grep -c . "$1" | grep -qx 1 && grep -q "6.1.1-2\",\?.*done\|done.*6.1.1-2" "$1"' \
	sh "$work/c.kbtf.journal"
t "the index was asked for twice, not more" test "$(grep -c InRelease "$work/asked")" = 2
cp -R "$work/deb" "$work/gone"
rm -rf "$work/gone/debian/pool"
changing "$work/deb" "$work/gone" .deb
t_says 1 "not found (HTTP 404)" "one that is gone, though the index still has it, is a failure" from_changing
t "after the index was asked twice" test "$(grep -c InRelease "$work/asked")" = 2
# Debian's `uname -r` is that of several package versions: none stands for another that is listed.
cp -R "$work/anew" "$work/both"
t "a repository with two versions of one release" "$lib/make-deb-repo" "$work/both" \
	"dbg:6.1.0-1-amd64:6.1.1-1:$work/vmlinux"
touch -d 2020-01-01 "$work/both/debian/dists/bookworm/InRelease"
rm "$work/both/debian/pool/main/l/linux/linux-image-6.1.0-1-amd64-dbg_6.1.1-1_amd64.deb"
changing "$work/both" "$work/both" .deb
t_says 1 "1 done, 0 skipped, 1 failed" "of two versions of one release one is gone" from_changing
changing "$work/both" "$work/anew" .deb
t_says 1 "1 done, 0 skipped, 1 failed" "from the index, too, where the other still is" from_changing
changing "$work/deb" "$work/anew" /main/
t_says 0 "1 done, 0 skipped, 0 failed" "an index that changes before its Packages is read is asked for again" \
	from_changing
t_says 0 "6.1.1-2" "and what it names now is taken" "$btfgen" stats --list --json -a "$work/c.kbtf"
t "once" test "$(grep -c InRelease "$work/asked")" = 2
if [ "$kinds" != deb ]; then
	cp -R "$work/rpm" "$work/later"
	kernel vmlinux-el2 4.18.0-148.el8.x86_64 '#1 SMP Wed Dec 5 21:51:45 UTC 2019'
	t "an rpm-md repository, and one kernel more" "$lib/make-rpm-repo" "$work/later" --sign-metadata "4.18.0-148.el8:$work/vmlinux-el2"
	changing "$work/rpm" "$work/later" primary.xml
	rm -rf "$XDG_CACHE_HOME"
	t_says 0 "2 to build" "a repomd.xml that changes before its primary.xml is read, too" "$btfgen" plan \
		--manifests "$work/manifests-rpm" --mirror "$changing" --tries 1 --keyring "$work/rpm.keyring"
	t "once" test "$(grep -c 'repomd.xml$' "$work/asked")" = 2
fi

# ---- one bad package among good ones -----------------------------------------------------------------------
for n in 2 3; do
	kernel "vmlinux-$n" "6.1.0-$n-amd64" "$v" --variant $((n - 1))
	"$lib/make-deb-repo" "$work/deb" "dbg:6.1.0-$n-amd64:6.1.$n-1:$work/vmlinux-$n"
done
cp -R "$work/deb/debian/." "$work/served/deb-bad"
fault '{"/deb-bad/pool/*6.1.0-2-*": {"flip": 3000}}'
t_says 1 "2 done, 0 skipped, 1 failed" "one bad package: the others are done" ask deb bad --
t_says 1 "fetch: damaged" "status counts it by its cause" "$btfgen" status -a "$work/a.kbtf" \
	--manifests "$work/manifests-deb"
no_stranger()
{
	python3 - "$requests" <<'PYTHON'
import json, re, sys
agents = {json.loads(line)["user_agent"] for line in open(sys.argv[1])}
sys.exit(0 if len(agents) == 1 and re.match(r"btfgen/[0-9]", agents.pop()) else 1)
PYTHON
}
t "every request said who asks" no_stranger

finish
