# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Objects and kernels for the tests of the CO-RE engine; after tap.sh.
PATH=$PATH:/usr/sbin:/sbin
data=${BTFGEN_TEST_DATA:-$top/../shared/data}
fixtures=$top/tests/fixtures
objects=$(dirname "$btfgen")/bpf

# The first clang that knows type matches and 64-bit enumerations; 14 crashes on the first.
find_new_clang()
{
	for new_clang in clang clang-19 clang-18 clang-17 clang-16 none; do
		command -v "$new_clang" >/dev/null || continue
		version=$("$new_clang" -dumpversion | cut -d. -f1)
		[ "$version" -lt 16 ] || return 0
	done
	return 1
}

# dump_btf FILE OUT: its .BTF, which llvm-objcopy gives of either byte order
dump_btf()
{
	llvm-objcopy --dump-section ".BTF=$2" "$1"
}

# bpf_object OUT CLANG TARGET [OPTION]...
bpf_object()
{
	bpf_object_out=$1 bpf_object_clang=$2 bpf_object_target=$3
	shift 3
	"$bpf_object_clang" -target "$bpf_object_target" -mcpu=v1 -g -O2 -Wall "$@" \
		-c "$fixtures/core.bpf.c" -o "$bpf_object_out"
}

# kernel_btf OUT CLANG TARGET [OPTION]...
kernel_btf()
{
	kernel_btf_out=$1 kernel_btf_clang=$2 kernel_btf_target=$3
	shift 3
	"$kernel_btf_clang" -target "$kernel_btf_target" -g -O2 "$@" -c "$fixtures/core_kernel.c" \
		-o "$kernel_btf_out.o" && dump_btf "$kernel_btf_out.o" "$kernel_btf_out" &&
		rm "$kernel_btf_out.o"
}

# Of small kernels, written for it: $work/small/*.btf, and objects $work/core/*.o for them.
make_core_fixtures()
{
	mkdir -p "$work/small" "$work/core"
	t "an object of each kind of relocation" bpf_object "$work/core/core.o" clang bpf
	t "kernels for it" kernel_btf "$work/small/same.btf" clang bpf
	t "with all moved" kernel_btf "$work/small/moved.btf" clang bpf -DMOVED
	t "of the other byte order" kernel_btf "$work/small/foreign.btf" clang bpfeb -DMOVED
	if find_new_clang; then
		t "what newer compilers know" bpf_object "$work/core/newer.o" "$new_clang" bpf \
			-DMATCHES -DENUM64
		t "a kernel for it" kernel_btf "$work/small/newer.btf" "$new_clang" bpf -DENUM64
		t "with all moved" kernel_btf "$work/small/newer-moved.btf" "$new_clang" bpf -DENUM64 \
			-DMOVED
	else
		skip "type matches and 64-bit enumerations" "they take clang 16 or newer"
	fi
}

# Real ones, as files below $work/real: this machine's, and those of the test data.
find_real_kernels()
{
	mkdir -p "$work/real"
	[ ! -r /sys/kernel/btf/vmlinux ] || cp /sys/kernel/btf/vmlinux "$work/real/own.btf"
	for packed in "$data"/*/*.btf.tar.xz; do
		[ -e "$packed" ] || continue
		tar -xJf "$packed" -C "$work/real" || return 1
	done
	[ -n "$(ls "$work/real")" ]
}
