#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfgen as a user who owns nothing but their own folders. Needs root to become one.
. "$(dirname "$0")/../lib/tap.sh"

PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" -eq 0 ] || skip_all "needs root"
for tool in setpriv pahole bpftool python3; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done

# A user that no other process runs as, and what belongs to them. btfgen and its data may lie
# where only root can look, so they get copies.
user=64999
chmod 711 "$work"
mkdir -p "$work/bin/bpf" "$work/home" "$work/tmp" "$work/closed"
cp "$btfgen" "$work/bin/btfgen"
cp "$(dirname "$btfgen")"/bpf/*.bpf.o "$work/bin/bpf/"
cp -R "$top/manifests" "$work/bin/manifests"
chmod -R a+rX "$work/bin"
chown $user:$user "$work/home" "$work/tmp"
chmod 700 "$work/closed"
"$top/tests/lib/make-vmlinux" "$work/vmlinux" || skip_all "no vmlinux can be made here"
chmod 644 "$work/vmlinux"

as_user()
{
	cd / && setpriv --reuid $user --regid $user --clear-groups --no-new-privs \
		env -i PATH="$PATH" HOME="$work/home" TMPDIR="$work/tmp" \
		XDG_DATA_HOME="$work/home/data" XDG_CACHE_HOME="$work/home/cache" \
		BTFGEN_OBJECTS="$work/bin/bpf" BTFGEN_MANIFESTS="$work/bin/manifests" "$@"
}
theirs()
{
	[ "$(stat -c %u "$1")" = $user ] && [ -s "$1" ]
}

t_says 0 $user "is another user" as_user id -u
t "--help" as_user "$work/bin/btfgen" --help
t "--version" as_user "$work/bin/btfgen" --version
t "add" as_user "$work/bin/btfgen" add "$work/vmlinux"
t "the archive is in their XDG_DATA_HOME" theirs "$work/home/data/btfgen/btfgen.kbtf"
t "scratch was in their XDG_CACHE_HOME" theirs "$work/home/cache/btfgen/tmp/." 
t "nothing is left there" [ -z "$(find "$work/home/cache/btfgen/tmp" -type f ! -name lock)" ]
t "verify" as_user "$work/bin/btfgen" verify
t "export" as_user "$work/bin/btfgen" export --kernel 6.1 -o "$work/home/out.btf"
t "is BTF" bpftool btf dump file "$work/home/out.btf"
t_says 0 "6.1.0-test" "stats" as_user "$work/bin/btfgen" stats --list
# 0 or 3: whether this machine's own kernel has BTF
which()
{
	as_user "$work/bin/btfgen" which
	case $? in 0 | 3) ;; *) return 1 ;; esac
}
t_says 0 "$work/home/data/btfgen/btfgen.kbtf" "which looks into that archive" which
t_says 1 "$work/closed" "a folder that is not theirs is refused, by name" as_user \
	"$work/bin/btfgen" add -a "$work/closed/a.kbtf" "$work/vmlinux"
t "and nothing is written there" [ -z "$(ls "$work/closed")" ]
t "root can read their archive" "$btfgen" verify -a "$work/home/data/btfgen/btfgen.kbtf"

finish
