#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Plans of ten thousand kernels, from an index of Debian's kind and one of CentOS's, each among
# fifty thousand other packages, with a journal that has failed for all of them: in less than
# 200 MB of memory. How long it took is printed, and nobody is held to it.
# shellcheck disable=SC2154 # $work, $lib and others are tap.sh's and sandbox.sh's
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 gpg gpgv

sign() # FILE OUT HOW
{
	"$lib/with-test-key" "$work/key" "$3" "$1" "$2"
}
t "10,000 kernels for Debian" "$lib/make-large-index" deb "$work" 10000 50000
t "10,000 kernels for CentOS" "$lib/make-large-index" rpm "$work" 10000 50000
dist=$work/debian/dists/bookworm
t "InRelease" sign "$dist/Release" "$dist/InRelease" --clearsign
t "repomd.xml.asc" sign "$work/8/x86_64/repodata/repomd.xml" "$work/8/x86_64/repodata/repomd.xml.asc" \
	"--armor --detach-sign"
"$lib/one-suite-manifest" "$work/manifests-deb"
"$lib/one-suite-manifest" "$work/manifests-rpm" rpm

# AddressSanitizer keeps what was freed
limit=200
! nm "$btfgen" 2>/dev/null | grep -q __asan_init || limit=600

# measured WHAT OUT COMMAND...: its output; time and memory to stderr of the test
measured()
{
	python3 - "$limit" "$@" <<'PYTHON'
import resource, subprocess, sys, time
limit, what, out, command = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
began = time.monotonic()
with open(out, "wb") as file:
    status = subprocess.run(command, stdout=file, stdin=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{what}: {time.monotonic() - began:.2f} s, {used.ru_utime + used.ru_stime:.2f} s of processor, "
      f"{used.ru_maxrss / 1024:.0f} MB")
sys.exit(status or used.ru_maxrss >= limit * 1024)
PYTHON
}
plan() # KIND [OPTION]...
{
	kind=$1
	shift
	case $kind in deb) mirror=$work/debian ;; rpm) mirror=$work ;; esac
	set -- "$btfgen" plan --manifests "$work/manifests-$kind" --mirror "file:$mirror" \
		--keyring "$work/key.gpg" --work "$work/work-$kind" -a "$work/$kind.kbtf" --json "$@"
	measured "$kind, $phase" "$work/plan" "$@"
}
tell() # what the last test measured, as a comment of TAP's
{
	printf '%s\n' "$out" | sed 's/^/# /'
}
for kind in deb rpm; do
	phase="indexes read"
	t "$kind: a plan, indexes read for the first time, under 200 MB" plan $kind
	tell
	t "$kind: has them all" json 'len(d["include"]) == 10000 and len({j["id"] for j in d["include"]}) == 10000' \
		"$work/plan"
	# as after a night without network
	python3 - "$work/plan" >"$work/$kind.kbtf.journal" <<'PYTHON'
import json, sys
version = lambda url: url.rsplit("/", 1)[1]
for j in json.load(open(sys.argv[1]))["include"]:
    name = version(j["url"])
    v = name.split("_")[1] if name.endswith(".deb") else name[len("kernel-debuginfo-"):-len(".x86_64.rpm")]
    key = "/".join([j["distro"], j["release"], j["arch"], j["kernel"], v])
    print(json.dumps({"status": "failed", "stage": "fetch", "reason": j["url"] + ": no route to host", "url": j["url"],
                      "key": key, "distro": j["distro"], "release": j["release"], "arch": j["arch"],
                      "kernel": j["kernel"], "time": "2026-01-01T00:00:00Z", "failures": 9}))
PYTHON
	phase="indexes known, 10,000 failures"
	t "$kind: a plan of known indexes and 10,000 failures, under 200 MB" plan $kind --missing --newest 100
	tell
	t "$kind: the 100 newest, that are due again" json 'len(d["include"]) == 100 and
		{j["task"] for j in d["include"]} == {"build"}' "$work/plan"
	sed -i "s/\"time\": \"2026-01-01/\"time\": \"$(date -u +%Y-%m-%d)/" "$work/$kind.kbtf.journal"
	phase="1,000 shards"
	t "$kind: in shards, under 200 MB" plan $kind --shards 1000
	tell
	t "$kind: all in one of them" json 'sum(j["kernels"] for j in d["include"]) == 10000' "$work/plan"
	t "$kind: list, under 200 MB" measured "$kind, list" "$work/list" "$btfgen" list --cached --json \
		--manifests "$work/manifests-$kind" --keyring "$work/key.gpg" --work "$work/work-$kind" -a "$work/$kind.kbtf"
	tell
	t "$kind: knows of the failures" json 'len(d["kernels"]) == 10000 and all("failure" in k for k in d["kernels"])' "$work/list"
done
finish
