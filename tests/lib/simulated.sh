# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh
# Simulated kernels for benchmarks: source this after tap.sh.
#
#   need_bases            skips the file without real kernels to begin with
#   family I COUNT DIR    writes the first COUNT kernels of family I (0 to 9) to DIR, and prints
#                         who they are (tests/lib/make-identities)
#   compile NAME          builds tests/bench/NAME.c as $work/NAME
#   ratio A B             prints A/B as people say it
#
# Each family follows one real kernel: those of ../shared/data, and this machine's; the second
# that follows the same begins twenty steps later, so that no two have a kernel in common.
# Families of arm64 change as Android's kernels do, those of x86_64 as Debian's.
shared=$top/../shared/data
make_siblings=$(dirname "$btfgen")/tests/make-siblings

need_bases()
{
	[ -d "$shared/series-5.10-arm64" ] && [ -d "$shared/btfhub-4x" ] ||
		skip_all "no real kernels to begin with: ../shared/data is missing"
	mkdir -p "$work/bases"
	for file in "$shared"/series-5.10-arm64/*2021-09*.tar.xz "$shared"/series-5.10-arm64/*2022-04*.tar.xz \
		"$shared"/btfhub-4x/*bclinux*.tar.xz "$shared"/btfhub-4x/*ky10*.tar.xz; do
		tar xJf "$file" -C "$work/bases" || exit 1
	done
}
base_of()
{
	case $1 in
	0 | 2 | 6) echo "$work"/bases/*bclinux* ;;
	1) echo "$work"/bases/*2021-09* ;;
	3) echo "$work"/bases/*-24.4.* ;;
	5) echo "$work"/bases/*-52.22.* ;;
	7) echo "$work"/bases/*2022-04* ;;
	9) echo "$work"/bases/*-25.41.* ;;
	4 | 8) if [ -r /sys/kernel/btf/vmlinux ]; then echo /sys/kernel/btf/vmlinux; else base_of 0; fi ;;
	esac
}
family()
{
	like=debian
	[ $(($1 % 2)) -eq 0 ] || like=android
	case $1 in 2 | 8) skip=20 ;; 6) skip=40 ;; *) skip=0 ;; esac
	mkdir -p "$3" && "$make_siblings" --like $like --seed "$1" --skip $skip "$(base_of "$1")" "$2" "$3" &&
		"$top/tests/lib/make-identities" "$1" "$2" "$3"
}
compile()
{
	# shellcheck disable=SC2046 # words
	${CC:-cc} -O2 -std=gnu11 -D_GNU_SOURCE -I"$top/archive" -o "$work/$1" "$top/tests/bench/$1.c" \
		"$(dirname "$btfgen")/libkbtf.a" $(pkg-config --cflags --libs libbpf libzstd libsodium zlib)
}
ratio()
{
	awk -v a="$1" -v b="$2" 'BEGIN { printf(b > a ? "1/%.2f" : "%.2f", b > a ? b / a : a / b) }'
}
