#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Minimized BTF of packages of which only parts are read: what is archived is what the whole
# gives, it says how it was come by, and a server that can't do it is no obstacle.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/sandbox.sh"
need python3 gpg gpgv dpkg-deb pahole ar xz

kernel vmlinux-1 6.1.0-1-amd64 '#1 SMP Debian 6.1.1-1 (2023-01-01)' --arch x86_64 || skip_all "no kernel"
kernel vmlinux-2 6.1.0-2-amd64 '#1 SMP Debian 6.1.2-1 (2023-02-02)' --arch x86_64 --variant 1
kernel vmlinux-3 6.1.0-3-amd64 '#1 SMP Debian 6.1.3-1 (2023-03-03)' --arch x86_64 --variant 2
repository()
{
	"$lib/make-deb-repo" "$work/repo" --suite stable --filler 1500000 "$@"
}
# vmlinux first, vmlinux last, and one that can only be streamed
t "the repository" repository --block-size 100000 "dbg:6.1.0-1-amd64:6.1.1-1:$work/vmlinux-1" \
	"dbg7:6.1.0-2-amd64:6.1.2-1:$work/vmlinux-2"
t "and a package of one block" repository "dbg:6.1.0-3-amd64:6.1.3-1:$work/vmlinux-3"
"$lib/one-suite-manifest" "$work/manifests"
sed -i 's,^debug-member = .*,& usr/lib/debug/lib/modules/*/vmlinux,' "$work/manifests/debian.ini"
object=$objects/execsnoop.bpf.o
[ -e "$object" ] || skip_all "no $object: make bpf"

# build_into ARCHIVE [OPTION]...: with a cache of its own
build_into()
{
	archive=$1
	shift
	"$btfgen" build -v -a "$work/$archive" -w "$work/cache-$archive" --manifests "$work/manifests" \
		--mirror "$url/debian" --keyring "$work/repo/keyring.gpg" --for "$object" --min-only "$@"
}

# sent PACKAGE [MIRROR]: bytes that the server sent of it
sent()
{
	python3 - "$1" "$requests" "/${2:-}" <<'PYTHON'
import json, sys
print(sum(r["sent"] for r in map(json.loads, open(sys.argv[2]))
          if sys.argv[1] in r["path"] and r["path"].startswith(sys.argv[3])))
PYTHON
}

# a part PACKAGE [MIRROR]: it was asked for, and not half of it was sent
a_part()
{
	size=$(find "$work/repo/debian/pool" -name "*$1*" -printf '%s\n')
	sent=$(sent "$@")
	echo "$sent of $size"
	[ "$sent" -gt 0 ] && [ "$((sent * 2))" -lt "$size" ]
}

# the_whole PACKAGE: all of it was sent
the_whole()
{
	[ "$(sent "$1")" -ge "$(find "$work/repo/debian/pool" -name "*$1*" -printf '%s\n')" ]
}

# same_as_whole ARCHIVE RELEASE: the same types as in the archive of whole packages
same_as_whole()
{
	for exported in "$1" whole; do
		"$btfgen" export -q -a "$work/$exported" -k "$2" --for "$object" -o "$work/$exported.btf" ||
			return 1
	done
	cmp "$work/$1.btf" "$work/whole.btf"
}

# says_of ARCHIVE WORD...: how the entries were verified, in the order of their releases
says_of()
{
	"$btfgen" stats --json -a "$work/$1" >"$work/stats"
	shift
	python3 - "$work/stats" "$@" <<'PYTHON'
import json, sys
found = [e["verification"] for e in json.load(open(sys.argv[1]))["entries"]]
sys.exit(None if found == sys.argv[2:] else "found: " + str(found))
PYTHON
}

serve "$work/repo" --faults "$work/faults"
t_says 0 "3 done" "of whole packages, to begin with" build_into whole --full-verify
t "they say so" says_of whole signed-index signed-index signed-index

serve "$work/repo" --faults "$work/faults"
t_says 0 "3 done" "of parts" build_into parts
t_says 0 "partial, its index signed by" "each is told to be" printf '%s\n' "$out"
t "those say so, but what had to be streamed" says_of parts partial partial signed-index
t "vmlinux first: less than half of the package was sent" a_part 6.1.0-1
t "vmlinux last: less than half of the package was sent" a_part 6.1.0-2
t "of one block: all of it" the_whole 6.1.0-3
for release in 6.1.0-1 6.1.0-2 6.1.0-3; do
	t "the same types: $release" same_as_whole parts "$release-amd64"
done
t_says 0 "nothing to do" "and nothing to do" build_into parts
t_says 0 "2 done" "--full-verify does the partial ones anew" build_into parts --full-verify
t "and they are verified" says_of parts signed-index signed-index signed-index
t_says 0 "nothing to do" "for good" build_into parts

# what is in the cache was checked as a whole
serve "$work/repo"
cp -R "$work/cache-whole" "$work/cache-cached"
t_says 0 "3 done" "of packages in the cache" build_into cached
t "which count as whole" says_of cached signed-index signed-index signed-index
t "and aren't asked for" [ "$(sent .deb)" -eq 0 ]

# ---- servers that don't do it --------------------------------------------------------------
# falls_back WHAT FAULT [TEXT]
falls_back()
{
	echo "{\"*6.1.0-1*.deb\": $2, \"*6.1.0-2*.deb\": $2}" >"$work/faults"
	serve "$work/repo" --faults "$work/faults"
	rm -rf "$work/other" "$work/other.journal" "$work/cache-other"
	t_says 0 "not read in parts: " "$1: said" build_into other
	t_says 0 "$3" "$1: with the reason" printf '%s\n' "$out"
	t_says 0 "3 done" "$1: the whole serves" printf '%s\n' "$out"
	t "$1: and counts as such" says_of other signed-index signed-index signed-index
	rm -f "$work/faults"
}
falls_back "no ranges" '{"no_ranges": 1}' "does not do ranges"
falls_back "wrong ranges" '{"range_shift": 7, "times": 3}' "another range than asked for"
falls_back "another file in between" '{"etag": "one", "times": 1}' "changed while it was read"
falls_back "bytes that are none of the package's" '{"flip": 60000, "times": 2}' "damaged"

# a connection that is cut in the middle, which passes
echo '{"*6.1.0-1*.deb": {"cut": 30000, "times": 2}}' >"$work/faults"
serve "$work/repo" --faults "$work/faults"
rm -rf "$work/cut"
t_says 0 "3 done" "connections that break off" build_into cut
t "are no obstacle" says_of cut partial partial signed-index

# the next mirror
mkdir "$work/two"
cp -R "$work/repo/debian" "$work/two/debian"
cp -R "$work/repo/debian" "$work/two/other"
echo '{"/debian/*.deb": {"flip": 60000}}' >"$work/faults"
serve "$work/two" --faults "$work/faults"
rm -rf "$work/next"
t_says 0 "3 done" "a mirror whose packages are damaged" build_into next --mirror "$url/other"
t "the next one gives the parts" says_of next partial partial signed-index
t "of which less than half was sent" a_part 6.1.0-1 other/
t "the same types" same_as_whole next 6.1.0-1-amd64

# packages on disk whose vmlinux is none, which is known once its parts were read: one after the
# other, with room for few open files
hostile()
{
	mkdir -p "$work/hostile/usr/lib/debug/boot" && cd "$work/hostile" || return 1
	{
		head -c 16 "$work/vmlinux-1" && printf '\001' && tail -c +18 "$work/vmlinux-1"
	} >usr/lib/debug/boot/vmlinux-6.1.0-1-amd64
	tar -cf data.tar usr && xz --block-size=100000 data.tar && echo 2.0 >debian-binary &&
		tar -cJf control.tar.xz --files-from /dev/null || return 1
	for hostile_number in $(seq 30); do
		ar rc "$hostile_number.deb" debian-binary control.tar.xz data.tar.xz || return 1
	done
}
add_hostile()
{
	(ulimit -n 24 && "$btfgen" add --min-only --for "$object" -a "$work/none" -w "$work/cache-hostile" "$work"/hostile/*.deb)
}
t "packages of what is no kernel" hostile
t_says 1 "30 failed" "are refused" add_hostile
t "each for what it is" [ "$(grep -c 'is a relocatable object' "$work/.out")" -ge 30 ]

no_scratch_left()
{
	find "$work"/cache-*/tmp -type f ! -name lock | grep . && return 1
	return 0
}
t "no scratch is left" no_scratch_left

finish
