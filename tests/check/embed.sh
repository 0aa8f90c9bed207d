#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# export --format bcc, embed-c and embed-object: what bcc's tools would look for is found, and
# what is to be linked can be linked and opened.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
PATH=$PATH:/usr/sbin:/sbin
need python3 pahole bpftool cc readelf gzip tar pkg-config

cd "$work" || exit 1
object=$objects/execsnoop.bpf.o
A=all.kbtf
for kernel in 'debian 12 6.1.0-1-amd64' 'centos 8 4.18.0-80.el8' 'fedora 29 4.19.2-300.fc29'; do
	# shellcheck disable=SC2086 # words
	set -- $kernel
	kernel "vmlinux-$1" "$3" "#1 $1" --variant "$(($2 % 3))"
	"$btfgen" add -q -a $A --for "$object" --distro "$1" --release "$2" --arch x86_64 "vmlinux-$1" >added
	"$btfgen" export -q -a $A --for "$object" -k "$3" -o "$1.btf"
	bpftool btf dump file "$1.btf" format raw >"$1.raw" || t "BTF of $1" false
done
t "there are three kernels" test -s debian.btf -a -s centos.btf -a -s fedora.btf
t_not "of different types" cmp debian.btf centos.btf

# ---- bcc ------------------------------------------------------------------------------------------
t_says 0 "3 written" "export --format bcc" "$btfgen" export -a $A --for "$object" --format bcc -o min_core_btfs.tar.gz
t "again" "$btfgen" export -q -a $A --for "$object" --format bcc -o again.tar.gz
t "gives the same bytes" cmp min_core_btfs.tar.gz again.tar.gz
t "tar reads it" tar tzf min_core_btfs.tar.gz

# As their reader does: os-release by sscanf(), one path, 512 bytes a header, names of 100 bytes.
cat >lookup.py <<'PYTHON'
import gzip, re, sys
tar, os_release, arch, release, out = sys.argv[1:]
ident, version = "", ""
for line in open(os_release):
    found = re.match(r'ID=(\S{1,64})', line)
    if found:
        ident = found[1]
        continue
    found = re.match(r'VERSION_ID="(\S{1,64})', line)
    if found:
        version = found[1][:-1]
wanted = ("./%s/%s/%s/%s.btf" % (ident, version, arch, release)).encode()[:99]
data, at = gzip.open(tar).read(), 0
while data[at]:
    size = int(data[at + 124:at + 136].rstrip(b" \0"), 8)
    if data[at:at + 100].split(b"\0")[0] == wanted and b"\0" in data[at:at + 100]:
        open(out, "wb").write(data[at + 512:at + 512 + size])
        sys.exit(0)
    at += 512 + (size + 511) // 512 * 512
sys.exit("not found: %r" % wanted)
PYTHON
# found DISTRO OS-RELEASE ARCH KERNEL
found()
{
	printf "$2" >os-release
	t "bcc's tools find it: $1" python3 lookup.py min_core_btfs.tar.gz os-release "$3" "$4" found.btf
	t "and it is what export --format raw writes: $1" cmp found.btf "$1.btf"
}
found debian 'NAME="Debian"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nID=debian\n' x86_64 6.1.0-1-amd64
found centos 'NAME="CentOS Linux"\nID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="8"\n' x86_64 4.18.0-80.el8
found fedora 'NAME=Fedora\nID=fedora\nVERSION_ID=29\n' x86_64 4.19.2-300.fc29
t_not "another kernel is not found" python3 lookup.py min_core_btfs.tar.gz os-release x86_64 6.1.0-2-amd64 none.btf
t "to stdout" sh -c '"$1" export -a "$2" --for "$3" --format bcc -o - | cmp - again.tar.gz' sh "$btfgen" $A "$object"
t_says 2 "--for says for which" "bcc without --for" "$btfgen" export -a $A --format bcc -o none.tar.gz
t_exit 3 "of a kernel that is not there" "$btfgen" export -a $A --for "$object" --format bcc -k 9.9 -o none.tar.gz
t_not "writes nothing" test -e none.tar.gz
long=$(printf '4.18.0-%080d' 1)
cp $A odd.kbtf
"$btfgen" add -q -a odd.kbtf --no-min --distro centos --release 8 -k "$long" vmlinux-centos >added
"$btfgen" add -q -a odd.kbtf --no-min -k 4.18.0-nowhere vmlinux-centos -b 1234 >added
t_says 1 "$long: bcc's tools have no room" "a path that is too long" "$btfgen" export -a odd.kbtf --for "$object" \
	--format bcc -o odd.tar.gz
t_says 1 "4.18.0-nowhere: bcc's tools look for it by distribution" "an unknown distribution" "$btfgen" export \
	-a odd.kbtf --for "$object" --format bcc -o odd.tar.gz
t "the others are written" sh -c 'tar tzf odd.tar.gz | grep -x ./debian/12/x86_64/6.1.0-1-amd64.btf'
t "and are found" python3 lookup.py odd.tar.gz os-release x86_64 4.19.2-300.fc29 found.btf

# What is not minimized for an object yet is minimized now, for all formats.
new=$objects/exitsnoop.bpf.o
t "export for an object that is new" "$btfgen" export -q -a $A --for "$new" -k 6.1.0-1-amd64 -o new.btf
"$btfgen" export -q -a $A -k 6.1.0-1-amd64 -o full.btf
bpftool gen min_core_btf full.btf cut.btf "$new"
t "is what bpftool makes" "$top/tests/lib/same-btf-bytes" new.btf cut.btf

# An object that references no kernel type has BTF without any.
printf 'char LICENSE[] __attribute__((section("license"))) = "GPL";
__attribute__((section("kprobe/x"))) int probe(void *c) { return c != 0; }' >plain.bpf.c
if command -v clang >/dev/null; then
	t "an object without relocations" clang -target bpf -g -O2 -c plain.bpf.c -o plain.bpf.o
	t "a kernel for an object without relocations" "$btfgen" add -q -a plain.kbtf -k 6.1.0-p --for plain.bpf.o vmlinux-debian
	t_says 0 "1 entries, 2 BTF read; 0 damaged, 0 unparsable" "is archived" "$btfgen" verify -a plain.kbtf
	t "and can be shipped" "$btfgen" export -q -a plain.kbtf --for plain.bpf.o --format embed -o plain-ship.kbtf
	t "its BTF" "$btfgen" export -q -a plain-ship.kbtf --for plain.bpf.o -o plain.btf
	t_says 0 "" "has no type" sh -c '! bpftool btf dump file plain.btf | grep .'
else
	skip "an object without relocations" "clang is missing"
fi

# ---- to link ----------------------------------------------------------------------------------------
t "embed" "$btfgen" export -q -a $A --for "$object" --format embed -o ship.kbtf
t "embed-c" "$btfgen" export -q -a $A --for "$object" --format embed-c -o ship_c.c
t "embed-object" "$btfgen" export -q -a $A --for "$object" --format embed-object -o ship-o.o --name ship_o
build=$(dirname "$btfgen")
cat >use.c <<'C'
#include <kbtf.h>
#include <stdint.h>
#include <stdio.h>
#include "ship_c.h"
#include "ship-o.h"
static int use(const void *data, size_t size, const char *path)
{
	struct kbtf_archive *archive = kbtf_archive__open_mem(data, size);
	FILE *file = fopen(path, "wb");
	int bad = !archive || kbtf_archive__entry_count(archive) != 3 || (uintptr_t)data % 16 || !file ||
		  fwrite(data, 1, size, file) != size || fclose(file);
	kbtf_archive__close(archive);
	return bad;
}
extern const unsigned char ship_o_end[];
int main(void)
{
	return use(ship_c, ship_c_size, "c.kbtf") || use(ship_o, ship_o_size, "o.kbtf") ||
	       ship_o_end != ship_o + ship_o_size;
}
C
sanitize=
nm "$build/libkbtf.a" 2>/dev/null | grep -q __asan_init && sanitize=-fsanitize=address,undefined
link()
{
	# shellcheck disable=SC2046,SC2086 # words
	cc -Wall -Wextra -Wpedantic -Werror $sanitize -I"$top/archive" -o use use.c ship_c.c ship-o.o "$build/libkbtf.a" \
		$(pkg-config --libs libbpf libzstd libsodium) 2>link.err && [ ! -s link.err ] ||
		{ cat link.err; return 1; }
}
if [ "$(uname -m)" = x86_64 ] || [ "$(uname -m)" = aarch64 ]; then
	t "both are compiled and linked, without a warning" link
	t "a program opens both" ./use
	t "the C's bytes are the archive's" cmp c.kbtf ship.kbtf
	t "the object's, too" cmp o.kbtf ship.kbtf
	t_not "the stack of the program is not executable" sh -c 'readelf -lW use | grep GNU_STACK | grep E'
	if echo 'int main(void) { return 0; }' | cc -x c++ - -o plus 2>/dev/null; then
		t "the header is C++'s, too" sh -c 'echo "#include \"ship_c.h\"
			int main() { return ship_c[0] != 0x89; }" >plus.cc && cc -c ship_c.c && c++ plus.cc ship_c.o -o plus && ./plus'
	else
		skip "the header is C++'s, too" "no C++ compiler"
	fi
else
	skip "both are compiled and linked" "of x86_64 and aarch64 alone"
fi
t "embed-c again" sh -c 'cp ship_c.c first.c && cp ship-o.o first.o &&
	"$1" export -q -a "$2" --for "$3" --format embed-c -o ship_c.c && cmp ship_c.c first.c' sh "$btfgen" $A "$object"
t "to stdout" sh -c '"$1" export -q -a "$2" --for "$3" --format embed-c --name ship_c -o - | cmp - ship_c.c' \
	sh "$btfgen" $A "$object"
echo 'int mine;' >mine.h
t_says 1 "mine.h: is there" "a header of the user's" "$btfgen" export -a $A --for "$object" --format embed-c -o mine.c
t "stays" grep -qx 'int mine;' mine.h
t_not "and nothing is written" test -e mine.c
t "a file name that is no C name" "$btfgen" export -q -a $A --for "$object" --format embed-c -o 4.18-all.c
t "becomes one" grep -q '^extern const size_t _4_18_all_size;$' 4.18-all.h
t_says 2 "can't be a variable's name" "--name that is none" "$btfgen" export -a $A --for "$object" --format embed-c \
	--name 4x -o x.c
t_exit 2 "--name of another format" "$btfgen" export -a $A --for "$object" --name x -o x.btf
t_says 2 "must end with .o" "an object that is not called so" "$btfgen" export -a $A --for "$object" \
	--format embed-object -o x.c
t_exit 2 "stdout without a name" "$btfgen" export -a $A --for "$object" --format embed-object -o -
t_exit 3 "of a kernel that is not there" "$btfgen" export -a $A --for "$object" --format embed-c -k 9.9 -o x.c

# ---- other machines -----------------------------------------------------------------------------------
# machine ARCH NAME-IN-READELF CLASS ORDER: bytes and symbols, read by Python alone
cat >elf.py <<'PYTHON'
import struct, sys
elf, arch, kbtf, name = open(sys.argv[1], "rb").read(), *sys.argv[2:4], sys.argv[4].encode()
wide, order = elf[4] == 2, "<" if elf[5] == 1 else ">"
read = lambda form, at: struct.unpack_from(order + form, elf, at)
offset, = read("Q", 40) if wide else read("I", 32)
entry, count, names = read("HHH", 58 if wide else 46)
sections = []
for i in range(count):
    head = read("IIQQQQIIQQ" if wide else "IIIIIIIIII", offset + i * entry)
    sections.append(head)
text = lambda table, at: elf[sections[table][4] + at:].split(b"\0")[0]
by_name = {text(names, s[0]): s for s in sections}
rodata, symtab = by_name[b".rodata"], by_name[b".symtab"]
symbols = {}
for at in range(symtab[4], symtab[4] + symtab[5], symtab[9]):
    if wide:
        label, info, _, section, value, size = read("IBBHQQ", at)
    else:
        label, value, size, info, _, section = read("IIIBBH", at)
    symbols[text(symtab[6], label)] = (value, size, info, section)
data = open(kbtf, "rb").read()
start, size = symbols[name][:2]
assert elf[rodata[4] + start:rodata[4] + start + size] == data, "other bytes"
assert symbols[name + b"_end"][0] == start + len(data), symbols
at = rodata[4] + symbols[name + b"_size"][0]
assert read("Q" if wide else "I", at)[0] == len(data), "another size"
assert symbols[name + b"_size"][0] % 8 == 0 and rodata[8] == 16 and symtab[7] == 1
assert all(s[2] == 0x11 for n, s in symbols.items() if n), symbols
assert by_name[b".note.GNU-stack"][5] == 0
PYTHON
machine()
{
	case="$1"
	cp $A other.kbtf
	"$btfgen" add -q -a other.kbtf --for "$object" -k 4.18.0-other --arch "$1" -b "$(printf '%s' "$1" | od -An -tx1 | tr -d ' ')" \
		vmlinux-centos >added
	t "an object for $case" "$btfgen" export -q -a other.kbtf --arch "$1" --for "$object" --format embed-object -o other.o
	"$btfgen" export -q -a other.kbtf --arch "$1" --for "$object" --format embed -o one.kbtf
	t_says 0 "$2" "is of that machine: $case" readelf -h other.o
	t_not "which readelf has nothing to say against: $case" sh -c 'readelf -aW other.o 2>&1 | grep -i -e warning -e error'
	t "has the archive's bytes and their symbols: $case" python3 elf.py other.o "$1" one.kbtf other
}
machine aarch64 AArch64
machine s390x S/390
machine armv7l ARM
machine riscv64 RISC-V
t "branches are guarded, as far as there are none" sh -c '"$1" export -q -a "$2" --for "$3" --format embed-object -o other.o --arch x86_64 &&
	readelf -n other.o | grep IBT' sh "$btfgen" $A "$object"
"$btfgen" add -q -a other.kbtf --for "$object" -k 4.18.0-vax --arch vax -b 7661780000 vmlinux-centos >added
t_says 1 "vax: no object files are known" "a machine that is not known" "$btfgen" export -a other.kbtf --arch vax \
	--for "$object" --format embed-object -o none.o
t_not "writes none" test -e none.o -o -e none.h
# links TARGET: whose linker compares flags of ABIs
links()
{
	clang --target="$1" -O1 -c cross.c -o cross.o && ld.lld -e first -o cross cross.o other.o
}
if command -v clang >/dev/null && command -v ld.lld >/dev/null; then
	echo 'extern const unsigned char other[], other_end[]; int first(void) { return other_end - other + *other; }' >cross.c
	for target in aarch64:aarch64 armv7l:armv7a ppc64le:powerpc64le i686:i686; do
		machine "${target%:*}" ELF
		t "a linker takes it" links "${target#*:}-linux-gnu$([ "$target" != armv7l:armv7a ] || echo eabihf)"
	done
else
	skip "a linker takes it" "clang or ld.lld is missing"
fi
t "nothing is left in tmp/" no_scratch

finish
