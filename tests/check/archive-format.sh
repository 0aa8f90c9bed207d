#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kbtf-archive(5) suffices to read an archive: a reader that goes by the page alone, in another
# language, gets out of it what btfgen does, byte for byte.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
data=${BTFGEN_TEST_DATA:-$top/../shared/data}
need python3 xz
python3 -c 'import ctypes; ctypes.CDLL("libzstd.so.1")' 2>/dev/null || skip_all "libzstd.so.1 is missing"

# read_all NAME: $work/NAME.kbtf into the folder NAME
read_all()
{
	mkdir -p "$work/$1" && "$lib/read-archive" "$work/$1.kbtf" "$work/$1" >"$work/$1/list"
}
# each NAME EXPR: what EXPR of Python prints for n, d (entry's number, entry) of the list
each()
{
	python3 - "$work/$1/list" "$2" <<'PYTHON'
import json, sys
for n, d in enumerate(json.load(open(sys.argv[1]))["entries"]):
    print(eval(sys.argv[2]))
PYTHON
}
same_list()
{
	"$btfgen" stats --json -a "$work/$1.kbtf" >"$work/$1/stats" && python3 - "$work/$1" <<'PYTHON'
import json, sys
ours, other = (json.load(open(sys.argv[1] + name)) for name in ("/list", "/stats"))
for what in "digest", "profiles", "entries":
    if ours[what] != other[what]:
        sys.exit("%s: %s, and btfgen says %s" % (what, ours[what], other[what]))
PYTHON
}
# same_btf NAME SUFFIX [EXPORT'S OPTION]...: of all entries
same_btf()
{
	name=$1 suffix=$2
	shift 2
	each "$name" '"%d %s" % (n, d["kernel"])' >"$work/kernels" && [ -s "$work/kernels" ] || return 1
	while read -r number release; do
		"$btfgen" export -q -a "$work/$name.kbtf" -k "$release" -o "$work/own.btf" "$@" &&
			cmp "$work/own.btf" "$work/$name/$number$suffix.btf" || return 1
	done <"$work/kernels"
}
# The same of what libkbtf gives without functions.
compile_data_types()
{
	cat >"$work/data_types.c" <<'PROGRAM'
#include <kbtf.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct kbtf_archive *archive = argc == 2 ? kbtf_archive__open(argv[1]) : NULL;
	char path[64];
	void *data;
	size_t size;
	FILE *out;

	for (size_t i = 0; archive && i < kbtf_archive__entry_count(archive); i++) {
		snprintf(path, sizeof(path), "%zu.own.btf", i);
		out = fopen(path, "wb");
		if (!out || kbtf_entry__read_data_types(kbtf_archive__entry(archive, i), &data, &size) ||
		    fwrite(data, 1, size, out) != size || fclose(out))
			return 1;
		free(data);
	}
	kbtf_archive__close(archive);
	return !archive;
}
PROGRAM
	cc -o "$work/data_types" -I"$top/archive" "$work/data_types.c" "${btfgen%/*}/libkbtf.a" \
		${SANITIZE:+-fsanitize=address,undefined} $(pkg-config --libs libbpf libzstd libsodium)
}
same_data_types()
{
	cd "$work/$1" && "$work/data_types" "$work/$1.kbtf" && ls ./*.own.btf >/dev/null || return 1
	for own in *.own.btf; do
		cmp "$own" "${own%.own.btf}.data.btf" || return 1
	done
}
t_data_types()
{
	if [ -x "$work/data_types" ]; then
		t "data types alone are as libkbtf gives them" same_data_types "$1"
	else
		skip "data types alone" "cc or pkg-config is missing"
	fi
}
# followed NAME N: for one entry at least so many blobs are
followed()
{
	json "max(d['paths']) >= $2" "$work/$1/list"
}
add()
{
	"$btfgen" add -q -a "$work/$1.kbtf" --no-min --arch aarch64 -k "$2" "$3"
}
add_folder()
{
	number=0
	for file in "$work/$1-btf"/*.btf; do
		number=$((number + 1))
		add "$1" "5.$number.0" "$file" || return 1
	done
}

if command -v cc >/dev/null && command -v pkg-config >/dev/null; then
	t "a program that reads data types" compile_data_types
fi

# ---- the page -------------------------------------------------------------------------------

same_columns()
{
	sed -n 's/^\.It \([0-9]*\) Ta \([A-Z]*_[A-Z0-9_]*\) .*/\1 \2/p; /^\.Ss Texts/q' \
		"$top/man/kbtf-archive.5" >"$work/page"
	sed -n '/^enum index_column/,/INDEX_COLUMNS/s/^\t\([A-Z0-9_]*\),.*/\1/p' "$top/archive/format.h" |
		awk '{ print NR - 1, $0 }' >"$work/header"
	[ -s "$work/header" ] && diff "$work/header" "$work/page"
}
t "the page has the index's columns" same_columns

# ---- its example --------------------------------------------------------------------

sed -n 's/^[0-9a-f]\{3\}: \([0-9a-f ]*\)$/\1/p' "$top/man/kbtf-archive.5" |
	python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' \
	>"$work/example.kbtf"
t "the page's example is an archive" "$btfgen" verify -q -a "$work/example.kbtf"
t "the other reader reads it" read_all example
t "as btfgen lists it" same_list example
t "and exports it" same_btf example ""
t_data_types example

# ---- kernels that never were -----------------------------------------------------------------

for seed in 1 2; do
	mkdir "$work/series$seed-btf"
	t "a series with all kinds of types ($seed)" "$lib/make-btf-series" $seed 8 "$work/series$seed-btf"
	t "is archived" add_folder "series$seed"
	t "and read, with functions and without" read_all "series$seed"
	t "each told after another" followed "series$seed" 8
	t "the index is as btfgen lists it" same_list "series$seed"
	t "all BTF is as btfgen exports it" same_btf "series$seed" ""
	t_data_types "series$seed"
done

# ---- small kernels ----------------------------------------------------------------------------

if command -v pahole >/dev/null && command -v cc >/dev/null; then
	for variant in 0 1 2; do
		kernel "vmlinux$variant" "6.1.0-$variant-amd64" "#1 SMP" --variant $variant --kabi
		"$btfgen" add -q -a "$work/small.kbtf" -d debian -r 12 "$work/vmlinux$variant" >/dev/null
	done
	for_bundled=$(for object in "$objects"/*.bpf.o; do echo "--for $object"; done)
	t "full and minimized BTF of small kernels" read_all small
	t "the index is as btfgen lists it" same_list small
	t "full BTF is as btfgen exports it" same_btf small ""
	# shellcheck disable=SC2086 # words
	t "so is minimized BTF" same_btf small .0 $for_bundled
	t "an archive of that alone" "$btfgen" export -q -a "$work/small.kbtf" --format embed $for_bundled \
		-o "$work/embed.kbtf"
	t "is read" read_all embed
	t "and has the same" cmp "$work/embed/0.0.btf" "$work/small/0.0.btf"
else
	skip "small kernels" "pahole or cc is missing"
fi

# ---- real kernels -----------------------------------------------------------------------------

if ls "$data"/series-5.10-arm64/*.btf.tar.xz >/dev/null 2>&1; then
	mkdir "$work/real-btf"
	for file in "$data"/series-5.10-arm64/*-2021-1[01]-*.btf.tar.xz; do
		tar xJf "$file" -C "$work/real-btf"
	done
	t "two real siblings" add_folder real
	t "are read" read_all real
	t "one told after the other" followed real 2
	t "as btfgen exports them" same_btf real ""
	t_data_types real
else
	skip "real kernels" "$data/series-5.10-arm64 is missing"
fi

# ---- damage -----------------------------------------------------------------------------------

# flipped AT: the example with one bit another at this place
flipped()
{
	python3 - "$work/example.kbtf" "$1" >"$work/flipped.kbtf" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[2], 0)] ^= 4
sys.stdout.buffer.write(data)
PYTHON
	read_all flipped
}
for place in 0x8 0xc 0x2a 0x5a 0xd0 0xff 0x140 0x1be 0x1c6 0x1e1 0x1ef 0x1fd; do
	t_exit 1 "damage at $place is found" flipped $place
done
head -c 509 "$work/example.kbtf" >"$work/short.kbtf"
t_exit 1 "and a file that is cut off" read_all short

# ---- other formats ------------------------------------------------------------------------------

# of_format N: the example, as if it were of that
of_format()
{
	cp "$work/example.kbtf" "$work/format$1.kbtf" &&
		printf "\\00$1" | dd of="$work/format$1.kbtf" bs=1 seek=8 conv=notrunc status=none
}
t "an archive of the format before" of_format 3
t_says 1 "format3.kbtf: is of the older format 3, and this program's is 4; move it away and build it anew: \`btfgen build -a $work/format3.kbtf" \
	"says what to do" "$btfgen" stats -a "$work/format3.kbtf"
t "an archive of the next format" of_format 5
t_says 1 "format5.kbtf: was made by a newer version of this program; use that one" "is another thing" \
	"$btfgen" stats -a "$work/format5.kbtf"

finish
