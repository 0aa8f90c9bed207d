#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Real kernels told one after another: this machine's, and those of BTFGEN_TEST_DATA (a folder
# with folders of *.btf.tar.xz, as BTFHub has them; default: shared/data beside the project).
# Each comes back in the bytes of its canonical form, which bpftool says has the types that
# came in, and which compiles as C; a series of siblings costs no more than is promised.
# LINEAGE_ALL=yes: all kernels there, not only the series.
. "$(dirname "$0")/../lib/tap.sh"

build=$(dirname "$btfgen")
data=${BTFGEN_TEST_DATA:-$top/../shared/data}
cc=${CC:-cc}
PATH=$PATH:/usr/sbin:/sbin
for tool in "$cc" clang python3 bpftool pkg-config; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
[ -e "$build/libkbtf.a" ] || skip_all "no $build/libkbtf.a: make"
sanitize=
if nm "$build/libkbtf.a" 2>/dev/null | grep -q __asan_init; then
	sanitize=-fsanitize=address,undefined
fi
packages="libbpf libzstd libsodium"
mkdir "$work/out"

compile()
{
	# shellcheck disable=SC2046,SC2086 # lists of words
	"$cc" -std=gnu11 -D_GNU_SOURCE -O1 -g $sanitize -I"$top/archive" $(pkg-config --cflags $packages) \
		-o "$work/retell" "$top/tests/lib/retell.c" "$build/libkbtf.a" \
		$(pkg-config --libs $packages)
}

retell()
{
	list=$1 level=$2
	shift 2
	"$work/retell" "$level" "$work/out" "$@" >"$work/$list"
}

same_types()
{
	"$top/tests/lib/btf-same-data-types" "$1" "$work/out/${1##*/}.$2"
}

same_functions()
{
	same_types "$1" full | grep "^functions: [0-9]* in both, 0 only in the first, 0 only in the second"
}

no_functions()
{
	same_types "$1" data | grep "^functions: 0 in both"
}

compiles()
{
	bpftool btf dump file "$work/out/${1##*/}.$2" format c >"$work/types.h" &&
		clang -fsyntax-only -Wno-everything -x c "$work/types.h"
}

# As independent of libkbtf as can be.
check_kernel()
{
	name=${1##*/}
	t "$name: its data types are those that came in" same_types "$1" full
	t "$name: so are its functions" same_functions "$1"
	t "$name: without functions its data types are the same" same_types "$1" data
	t "$name: and functions it has none" no_functions "$1"
	t "$name: its canonical form compiles" compiles "$1" full
	t "$name: without functions, too" compiles "$1" data
}

# Bytes are the same on every machine, but for zstd's version.
at_most()
{
	echo "$1 of $2 bytes, at most 1/$3"
	[ $(($1 * $3)) -le "$2" ]
}

check_series()
{
	first=$(head -n 1 "$work/series")
	# shellcheck disable=SC2046 # words: data and functions of the first, then of all
	set -- "$1" $(awk 'NR == 1 { print $2, $3 } { d += $2; f += $3 } END { print d, f }' \
		"$work/series")
	archived=$(cat "$1"/*.btf.tar.xz | wc -c)
	later=$((archived - $(wc -c <"$1/$(basename "${first%% *}").tar.xz")))
	t "series: a tenth of its .btf.tar.xz" at_most $(($4 + $5)) "$archived" 10
	t "series: data types, a twentieth" at_most "$4" "$archived" 20
	t "series: a sibling, a hundredth of its own" at_most $(($4 + $5 - $2 - $3)) "$later" 100
	t "series: its data types, a 300th" at_most $(($4 - $2)) "$later" 300
	echo "# $(($4 + $5)) bytes for $archived, $4 of them data types; later ones" \
		"$(($4 + $5 - $2 - $3)) for $later, $(($4 - $2)) of them data types"
}

unpack()
{
	mkdir -p "$work/$2" && for packed in "$1"/*.btf.tar.xz; do
		tar -xJf "$packed" -C "$work/$2" || return 1
	done
}

t "the teller compiles" compile
if [ -r /sys/kernel/btf/vmlinux ]; then
	t "vmlinux: comes back as it was told" retell this 3 /sys/kernel/btf/vmlinux
	check_kernel /sys/kernel/btf/vmlinux
else
	skip "vmlinux: comes back as it was told" "this kernel has no BTF"
fi

series=$data/series-5.10-arm64
if [ -d "$series" ]; then
	t "the series is unpacked" unpack "$series" series.btf
	t "series: each comes back as it was told" retell series 19 "$work"/series.btf/*.btf
	check_series "$series"
else
	skip "series: each comes back as it was told" "no ${series##*/} in BTFGEN_TEST_DATA"
fi

[ "${LINEAGE_ALL:-no}" = yes ] || finish
for folder in "$data"/*/; do
	[ -d "$folder" ] || skip_all "no kernels in BTFGEN_TEST_DATA"
	name=$(basename "$folder")
	t "$name: is unpacked" unpack "$folder" all
	t "$name: each comes back as it was told" retell all.list 3 "$work"/all/*.btf
	for kernel in "$work"/all/*.btf; do
		check_kernel "$kernel"
	done
	rm -r "$work/all"
done

finish
