# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Instructions as the engine and as libbpf relocate them; after tap.sh.

compile_relocations()
{
	library=$(dirname "$btfgen")/libkbtf.a
	sanitize=
	if nm "$library" 2>/dev/null | grep -q __asan_init; then
		sanitize=-fsanitize=address,undefined
	fi
	# shellcheck disable=SC2046,SC2086 # lists of words
	cc -std=gnu11 -D_GNU_SOURCE -O1 -g $sanitize -I"$top/archive" -o "$work/relocations" \
		"$top/tests/lib/relocations.c" "$library" \
		$(pkg-config --cflags --libs libbpf libzstd libsodium)
}

# same_relocations OBJECT KERNEL: appends the instructions to $work/seen
same_relocations()
{
	"$work/relocations" engine "$1" "$2" >"$work/engine" || return 1
	"$work/relocations" libbpf "$1" "$2" >"$work/libbpf" || return 1
	cat "$work/engine" >>"$work/seen"
	# an object without relocations says nothing either way
	diff "$work/engine" "$work/libbpf"
}
