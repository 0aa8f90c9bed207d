#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A full disk is found, if possible before it is full; the message names it, the archive is
# as before. Needs root for small file systems, in a mount namespace of its own.
if [ "${BTFGEN_DISK_TEST:-}" != inside ] && [ "$(id -u)" = 0 ] &&
	unshare -m --propagation private true 2>/dev/null; then
	BTFGEN_DISK_TEST=inside exec unshare -m --propagation private "$0" "$@"
fi
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
[ "$(id -u)" = 0 ] || skip_all "it needs root"
[ "${BTFGEN_DISK_TEST:-}" = inside ] || skip_all "unshare -m is not allowed here"
need python3 gpg gpgv dpkg-deb pahole mount umount

v='#1 SMP PREEMPT_DYNAMIC Debian 6.1.1-1 (2023-01-01)'
kernel vmlinux 6.1.0-1-amd64 "$v"
kernel vmlinux-0 6.1.0-0-amd64 "$v"
mkdir "$work/manifests" "$work/small"
cat >"$work/manifests/debian.ini" <<'MANIFEST'
[distribution]
id = debian
name = Debian for tests
type = deb
architectures = x86_64:amd64
keyring = /nonexistent
debug-package = linux-image-([0-9]+\.[0-9]+\.[0-9]+.*-amd64)-dbg
debug-member = usr/lib/debug/boot/vmlinux-*
embedded = no

[repository main]
mirror = http://127.0.0.1:9/none

[release bookworm]
version = 12
suites = main:bookworm
MANIFEST
t "a repository with a package of 3 MB" "$lib/make-deb-repo" "$work/repo" --filler 3000000 \
	"dbg:6.1.0-1-amd64:6.1.1-1:$work/vmlinux"
serve "$work/repo"

small() # SIZE: a file system of that size at $work/small
{
	umount "$work/small" 2>/dev/null
	mount -t tmpfs -o "size=$1" tmpfs "$work/small"
}
at_exit 'umount "$work/small" 2>/dev/null'
mount -t tmpfs -o size=4k tmpfs "$work/small" 2>/dev/null || skip_all "no tmpfs can be mounted here"
build()
{
	"$btfgen" build --manifests "$work/manifests" --mirror "$url/debian" --keyring "$work/repo/keyring.gpg" "$@"
}
sent() # bytes of packages
{
	python3 - "$requests" <<'PYTHON'
import json, sys
print(sum(r["sent"] for r in map(json.loads, open(sys.argv[1])) if r["path"].endswith(".deb")))
PYTHON
}

# ---- the cache ---------------------------------------------------------------------------------
A=$work/a.kbtf
"$btfgen" add -q -a "$A" "$work/vmlinux-0" >/dev/null 2>&1
sum=$(sha256sum "$A")
small 1m
t_says 1 "$work/small" "no room for a package" build -a "$A" --work "$work/small"
said=$out
# the server's kernel may have taken some bytes for it, the disk none
t "is found before the disk is full" sh -c 'printf %s "$1" | grep -qF "3.0 MB more are needed and 1.0 MB are free"' \
	sh "$said"
t "and said as what it is" sh -c 'printf %s "$1" | grep -qiE "space|room|full"' sh "$said"
t "the archive is as it was" test "$(sha256sum "$A")" = "$sum"
t "no scratch is left" no_scratch "$work/small"
small 64m
t_says 0 "1 done" "with room, the same command" build -a "$A" --work "$work/small"
t "did get its bytes" test "$(sent)" -gt 3000000

# ---- scratch --------------------------------------------------------------------------------------
small 3200k
B=$work/b.kbtf
cp "$work/repo/debian/pool/main/l/linux/"*.deb "$work/package.deb"
head -c 10000000 /dev/zero >"$work/small/fill" 2>/dev/null
truncate -s -16384 "$work/small/fill"
t_says 1 "$work/small" "no room for vmlinux" "$btfgen" add -a "$B" --work "$work/small" "$work/package.deb"
t_not "no archive is made" test -e "$B"
t "no scratch is left" no_scratch "$work/small"
rm "$work/small/fill"
t_exit 0 "with room, the same command" "$btfgen" add -a "$B" --work "$work/small" "$work/package.deb"

# ---- the archive -----------------------------------------------------------------------------------
small 256k
cp "$A" "$work/small/a.kbtf"
head -c 1000000 /dev/zero >"$work/small/fill" 2>/dev/null
kept=$(sha256sum <"$work/small/a.kbtf")
kernel vmlinux-3 6.1.0-3-amd64 "$v" --variant 2
t_says 1 "$work/small/a.kbtf" "no room for the archive" "$btfgen" add -a "$work/small/a.kbtf" "$work/vmlinux-3"
t "says that the disk is full" sh -c 'printf %s "$1" | grep -q "disk is full"' sh "$out"
t "the archive is as it was" test "$(sha256sum <"$work/small/a.kbtf")" = "$kept"
left()
{
	ls -A "$work/small" | sort | tr '\n' ' '
}
t "nothing else is left there" sh -c 'case $1 in "a.kbtf fill "|"a.kbtf a.kbtf.lock fill ") ;; *) echo "$1"; exit 1 ;; esac' \
	sh "$(left)"
t "verify agrees" "$btfgen" verify -q -a "$work/small/a.kbtf"
rm "$work/small/fill"
t_exit 0 "with room, the same command" "$btfgen" add -a "$work/small/a.kbtf" "$work/vmlinux-3"
t_says 0 "3 entries" "has all" "$btfgen" verify -a "$work/small/a.kbtf"

# ---- what is written elsewhere -------------------------------------------------------------------------
t_says 1 "/dev/full" "export to a full device" sh -c '"$1" export -a "$2" -k 6.1.0-3-amd64 -o - >/dev/full || {
	s=$?; echo /dev/full; exit $s; }' sh "$btfgen" "$work/small/a.kbtf"
t_exit 1 "a report to a full device" sh -c '"$1" stats -a "$2" >/dev/full' sh "$btfgen" "$work/small/a.kbtf"

finish
