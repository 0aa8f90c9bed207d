#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Types straight from DWARF: what objects find in them is what they find in pahole's BTF, for
# kernels by two compilers, in all forms that DWARF comes in.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/core.sh"
for tool in pahole clang gcc objcopy ld.lld python3; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
cd "$work" || exit 1
make_core_fixtures
set -- "$work"/core/*.o
printf 'struct task_struct { int pid; } init_task; struct other { int x; } other;\n' >task.c
# the second unit: another definition of a struct, a declaration of one, and the same of others
sed -e 's/^struct agreed___old { .*/struct agreed___old { PAD(1) u32 x; u64 last; };/' "$fixtures/core_kernel.c" |
	sed -e 's/^struct disputed___old disputed_old;//' >again.c

# kernel OUT COMPILER [OPTION]...: of three units, as an ELF program
kernel()
{
	kernel_out=$1 kernel_cc=$2
	shift 2
	for kernel_unit in task.c "$fixtures/core_kernel.c" again.c; do
		kernel_as=unit
		[ "$kernel_unit" != again.c ] || kernel_as=again
		# shellcheck disable=SC2086
		$kernel_cc -g -O2 -fno-common -fno-pic -ffreestanding $kernel_flags "$@" \
			-Dplain_=plain_$kernel_as -c "$kernel_unit" -o "$kernel_out.$(basename "$kernel_unit").o" || return 1
		[ "$kernel_as" = unit ] || llvm-objcopy --weaken "$kernel_out.again.c.o" || return 1
	done
	ld.lld -nostdlib -static --entry=0 "$kernel_out".*.o -o "$kernel_out" && rm "$kernel_out".*.o
}

# the same FILE: what all objects find in it by both encoders
same()
{
	"$btfgen" verify --against pahole $(for object in $same_objects; do echo "--for $object"; done) "$1"
}

# min FILE: what is made of it by DWARF, beside it
min()
{
	"$btfgen" encode -q --encoder dwarf --for core/core.o -o "$1.btf" "$1"
}

same_objects="$work/core/core.o"
kernel_flags=
for cc in gcc clang; do
	command -v $cc >/dev/null || { skip "$cc" "it is missing"; continue; }
	for version in 4 5; do
		for moved in "" -DMOVED; do
			t "$cc, DWARF $version${moved:+, with all moved}" kernel \
				"$cc-$version$moved" "$cc" -gdwarf-$version $moved
			t_says 0 "relocations come out the same" "the same as pahole's" \
				same "$cc-$version$moved"
		done
	done
done
t "DWARF 3, with bitfields of the old form" kernel old gcc -gdwarf-3 -gstrict-dwarf
t_says 0 "relocations come out the same" "the same" same old
t "BTF of a file of gcc's" min gcc-5
# the linker takes and gives them decompressed
for form in zlib zlib-gnu; do
	t "compressed sections, $form" objcopy --compress-debug-sections=$form gcc-5 packed
	t "they are" sh -c 'readelf -SW packed | grep -qE "zdebug_info|debug_info .* C  "'
	t "its BTF" min packed
	t "is the same" cmp gcc-5.btf packed.btf
done
t "compressed sections" objcopy --compress-debug-sections=zlib gcc-5 packed
t_says 0 "relocations come out the same" "the same" same packed
# the size that a compressed section says to have is what memory is taken for
lie()
{
	python3 - "$1" "$2" <<'PYTHON'
import struct, sys
elf = bytearray(open(sys.argv[1], "rb").read())
table, size, count, names = struct.unpack_from("<Q10xHHH", elf, 40)
headers = [struct.unpack_from("<IIQQQQ", elf, table + i * size) for i in range(count)]
for name, kind, flags, _, offset, _ in headers:
    if elf[headers[names][4] + name:].startswith(b".debug_info\0"):
        assert flags & 0x800
        struct.pack_into("<Q", elf, offset + 8, 3 << 30)
open(sys.argv[2], "wb").write(elf)
PYTHON
}
t "one that says to have 3 GiB" lie packed lying
t_says 1 "takes more than 2 GiB of memory" "is refused before" same lying
t "big endian" kernel big "clang -target powerpc64-linux-gnu"
t_says 0 "relocations come out the same" "the same" same big
t "big endian, DWARF 3" kernel big3 "clang -target powerpc64-linux-gnu -gdwarf-3 -gstrict-dwarf"
t_says 0 "relocations come out the same" "the same" same big3
t "32 bits" kernel narrow "clang -target i386-linux-gnu"
t_says 0 "relocations come out the same" "the same" same narrow

# types in circles, asked for by themselves; units that only declare them
circles()
{
	circles_cc=$1
	shift
	for circles_unit in task.c "$fixtures/circles_kernel.c"; do
		$circles_cc -g "$@" -O2 -fno-common -ffreestanding -c "$circles_unit" -o "in.$(basename "$circles_unit").o" || return 1
	done
	$circles_cc -g "$@" -O2 -fno-common -ffreestanding -DDECLARED -c "$fixtures/circles_kernel.c" -o a-declared.o &&
		ld.lld -nostdlib -static --entry=0 a-declared.o in.*.o -o circles
}
asks_circles()
{
	"$1" -target bpf -mcpu=v1 -g -O2 -Wall $2 -c "$fixtures/circles.bpf.c" -o circles.o
}
same_objects=$work/circles.o
for version in 4 5; do
	t "types in circles, DWARF $version" circles gcc -gdwarf-$version
	t "an object that asks for them" asks_circles clang
	t_says 0 "24 relocations come out the same" "the same" same circles
	if find_new_clang; then
		t "whether they match" asks_circles "$new_clang" -DMATCHES
		t_says 0 "30 relocations come out the same" "the same" same circles
	fi
done

# what a unit only declares, and another defines
declared()
{
	declared_cc=$1
	for declared_as in DECLARED DEFINED; do
		$declared_cc -g -O2 -fno-common -fno-pic -ffreestanding -D$declared_as -c "$fixtures/declared_kernel.c" -o $declared_as.o || return 1
	done
	$declared_cc -g -fno-common -fno-pic -ffreestanding -c task.c -o task.o &&
		ld.lld -nostdlib -static --entry=0 task.o DECLARED.o DEFINED.o -o declared
}
asks_declared()
{
	"$1" -target bpf -mcpu=v1 -g -O2 -Wall $2 -c "$fixtures/declared.bpf.c" -o declared.o
}
same_objects=$work/declared.o
for cc in gcc clang; do
	command -v $cc >/dev/null || { skip "$cc's declarations" "it is missing"; continue; }
	t "types that some units declare, by $cc" declared $cc
	t "an object that asks for their IDs" asks_declared clang
	t_says 0 "8 relocations come out the same" "the same" same declared
	if find_new_clang; then
		t "and whether they match" asks_declared "$new_clang" -DMATCHES
		t_says 0 "10 relocations come out the same" "the same" same declared
	fi
done
same_objects="$work/core/core.o"

# by the linker: units that refer to each other
kernel_lto()
{
	gcc -flto -g -O2 -ffreestanding -fno-common -nostdlib -static -Wl,--entry=0 -o "$1" task.c \
		"$fixtures/core_kernel.c"
}
t "link time optimization" kernel_lto lto
t_says 0 "relocations come out the same" "the same" same lto

# pahole makes nothing of such files
t "BTF of a file of gcc's" min gcc-4
for version in 4 5; do
	t "type units of DWARF $version" kernel types-$version gcc -gdwarf-$version -fdebug-types-section
	t "their BTF" min types-$version
	t "is the same" cmp gcc-4.btf types-$version.btf
	t "split DWARF $version" kernel split-$version gcc -gdwarf-$version -gsplit-dwarf
	t_says 1 "its DWARF is in .dwo files beside it" "is refused" min split-$version
	t_not "and nothing is written" test -e split-$version.btf
	t_says 1 "btfgen: split-$version: its DWARF is in" "by the other encoder, too, by its own name" \
		"$btfgen" encode -q -e pahole -o split-$version.btf split-$version
done
if command -v dwz >/dev/null; then
	cp gcc-4 one.dwz && cp gcc-4 two.dwz && cp gcc-4 alone.dwz
	t "after dwz" dwz alone.dwz
	t "it has partial units" sh -c 'readelf --debug-dump=info alone.dwz | grep -q DW_TAG_partial_unit'
	t "its BTF" min alone.dwz
	t "is the same" cmp gcc-4.btf alone.dwz.btf
	t "dwz, with common parts in another file" dwz -m common.dwz one.dwz two.dwz
	t "BTF of one" min one.dwz
	t "is the same" cmp gcc-4.btf one.dwz.btf
	mv common.dwz gone
	t_says 1 "a part of its DWARF is in common.dwz" "without the other file it is refused" min two.dwz
	t_not "and nothing is written" test -e two.dwz.btf
else
	skip "dwz" "it is missing"
fi

if [ -e core/newer.o ]; then
	same_objects="$work/core/core.o $work/core/newer.o"
	for moved in "" -DMOVED; do
		t "$new_clang with what is newer${moved:+, moved}" kernel "newer$moved" "$new_clang" -DENUM64 $moved
		t_says 0 "relocations come out the same" "the same, type matches and all" same "newer$moved"
	done
fi

finish
