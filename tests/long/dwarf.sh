#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Types straight from DWARF on Debian's own kernels: what objects find in them is what they find
# in pahole's BTF and in the kernel's own. Of the bundled programs, of those that other people
# wrote, of those for each kind of relocation, and of some that ask a kernel for a share of all
# types that it has. Fetches 3 GB. SUITES=a,b,... runs parts: bullseye bookworm trixie sid big.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/real-kernels.sh"
. "$top/tests/lib/foreign-objects.sh"
. "$top/tests/lib/core.sh"
. "$top/tests/lib/relocations.sh"

[ "$(id -u)" -eq 0 ] || skip_all "loading BPF takes root"
for tool in cc clang curl pkg-config; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
need_debian
need_space 6
find_new_clang || skip_all "needs clang 16 or newer"
# each EVERYth type is asked for, and the objects beside it
every=${ASK_EVERY:-60}
t "a reader of what functions define inside" cc -O1 -Wall -o "$work/inner-types" \
	"$lib/inner-types.c" -ldw
t "the comparison with libbpf" compile_relocations
make_core_fixtures
foreign_objects "$work/foreign"
[ -z "${FOREIGN_OBJECTS:-}" ] || cp "$FOREIGN_OBJECTS"/*.o "$work/foreign/"
# what has no BTF of its own asks for nothing
for object in "$work"/foreign/*.o; do
	readelf -SW "$object" | grep -q ' [.]BTF ' || rm "$object"
done

# The URL of the newest debug package that the mirror still has: RELEASE ARCH PATTERN
newest_package()
{
	"$btfgen" list -q --distro debian --work "$cache" --release "$1" --arch "$2" --kernel "$3" \
		--json >"$work/list.json" && python3 - "$work/list.json" <<'PYTHON'
import json, re, sys, urllib.error, urllib.request
known = [k for k in json.load(open(sys.argv[1]))["kernels"] if k["debug"]]
known.sort(key=lambda k: [int(n) for n in re.findall(r"\d+", k["kernel"])], reverse=True)
for kernel in known:
    url = kernel["debug"]["url"]
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=30).close()
        sys.exit(print(url))
    except urllib.error.HTTPError as error:
        sys.stderr.write("# left out, HTTP %d: %s\n" % (error.code, url.rsplit("/", 1)[1]))
sys.exit(1)
PYTHON
}

fetch()
{
	mkdir -p "$cache/dwarf"
	package=$cache/dwarf/$(basename "$1")
	[ -e "$package" ] || { curl -sSf -o "$package.part" "$1" && mv "$package.part" "$package"; }
}

unpack()
{
	dpkg-deb --fsys-tarfile "$1" | tar -xf - -O --wildcards './usr/lib/debug/boot/vmlinux-*' \
		'./usr/lib/debug/lib/modules/*/vmlinux' './usr/lib/debug/usr/lib/modules/*/vmlinux' \
		>"$work/vmlinux" 2>"$work/tar.log"
	[ -s "$work/vmlinux" ]
}

# ask NAME FIRST [OPTION]: an object that asks the kernel for what it has
ask()
{
	"$lib/ask-everything" "$every" "$2" $3 "$work/inner" <"$work/types.json" >"$work/$1.bpf.c" &&
		"$new_clang" -target bpf -mcpu=v1 -g -O2 -w -fms-extensions -I"$work" -c "$work/$1.bpf.c" -o "$work/ask/$1.o"
}

make_asking()
{
	rm -rf "$work/ask"
	mkdir "$work/ask"
	"$work/inner-types" "$work/vmlinux" >"$work/inner" &&
		bpftool -j btf dump file "$work/own.btf" >"$work/types.json" &&
		bpftool btf dump file "$work/own.btf" format c >"$work/vmlinux.h" &&
		ask fields 5 && ask matches 25 --matches
}

# Of all objects at once; each asks for itself.
same_as()
{
	set -- "$1" "$work"/core/*.o "$objects"/*.bpf.o "$work"/foreign/*.o "$work"/ask/*.o
	same_against=$1 same_for=
	shift
	for object; do
		same_for="$same_for --for $object"
	done
	# shellcheck disable=SC2086 # a list, of names without spaces
	"$btfgen" verify -w "$cache" --against "$same_against" $same_for "$work/vmlinux"
}

# libbpf as the referee: instructions, on BTF straight from DWARF and on all of the kernel's own
same_instructions()
{
	compared=0
	: >"$work/instructions"
	for object in "$objects"/*.bpf.o "$work"/foreign/*.o "$work"/ask/*.o; do
		"$work/relocations" libbpf "$object" "$work/own.btf" >"$work/on-own" || return 1
		# what libbpf refuses on this kernel is minimized for by nobody
		if grep -q refused "$work/on-own"; then
			continue
		fi
		"$btfgen" encode -q -w "$cache" --encoder dwarf --for "$object" -o "$work/direct.btf" "$work/vmlinux" &&
			"$work/relocations" libbpf "$object" "$work/direct.btf" >"$work/on-direct" || return 1
		diff "$work/on-direct" "$work/on-own" >"$work/differ" ||
			{ echo "$object"; head -n 20 "$work/differ"; return 1; }
		cat "$work/on-own" >>"$work/instructions"
		compared=$((compared + 1))
	done
	echo "$compared objects, $(wc -l <"$work/instructions") instructions"
	[ "$compared" -ge 20 ] && [ "$(wc -l <"$work/instructions")" -ge 1000 ]
}

check_types()
{
	url=$(newest_package "$@" 2>"$work/.out")
	tap_result $? "$1 $2: the mirror has a package: ${url##*/}"
	[ -n "$url" ] || return 0
	t "it is fetched" fetch "$url"
	t "vmlinux is unpacked" unpack "$package"
	# Debian 11's pahole wrote char and signed char without a sign, so that nothing with them
	# in it matches: its own BTF says what today's pahole does not
	reference=embedded
	[ "$1" != bullseye ] || reference=pahole
	t "all of its BTF, $reference" "$btfgen" encode -q -w "$cache" --encoder $reference -o "$work/own.btf" "$work/vmlinux"
	t "objects that ask for its types" make_asking
	t_says 0 "relocations come out the same" "all find the same as in pahole's" same_as pahole
	echo "# ${out##*/}"
	cp "$work/ask/matches.o" "$work/matches.o"
	[ $reference = embedded ] || rm "$work/ask/matches.o"
	t_says 0 "relocations come out the same" "and as in the kernel's own" same_as embedded
	cp "$work/matches.o" "$work/ask/matches.o"
	echo "# ${out##*/}"
	t "libbpf sees no difference" same_instructions
	echo "# $out"
	# a package is read in parts, a vmlinux whole
	t_says 0 "relocations come out the same" "and out of the package" \
		"$btfgen" verify -w "$cache" --against embedded "$package"
	[ -n "${BTFGEN_TEST_CACHE:-}" ] || rm "$package"
}

wanted()
{
	case ,${SUITES:-$1}, in *,"$1",*) ;; *) return 1 ;; esac
}

for suite in bullseye bookworm trixie sid; do
	wanted $suite || continue
	check_types $suite x86_64 '*-cloud-amd64'
	check_types $suite aarch64 '*-cloud-arm64'
done
# one that is built for everything
! wanted big || check_types bookworm x86_64 '6.1.*-[0-9]*[0-9]-amd64'
finish
