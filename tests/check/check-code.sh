#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfgen check: code that an old verifier refuses and a young one takes, and types of maps and of
# programs that a kernel names and does not have.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/check.sh"

# object MACRO [MCPU]
object()
{
	clang -target bpf -mcpu="${2:-v1}" -g -O2 -Wall -Wno-unused "-D$1" -c "$fixtures/check_code.bpf.c" \
		-o "$1.bpf.o"
}

# at TEXT: the line that a comment marks
at()
{
	echo "check_code.bpf.c:$(grep -n "line: $1 " "$fixtures/check_code.bpf.c" | cut -d: -f1)"
}

# refused MACRO MCPU TEXT [LINE]: by the old kernel, and not by the young one
refused()
{
	t "an object: $1" object "$1" "$2"
	t "$1 fails on an old kernel" verdict 1 fails "$1" old
	t_says 1 "$3" "with the reason" "$btfgen" check "$1.bpf.o" old.btf
	[ -z "$4" ] || t "and its line" grep -q "$(at "$4")" verdict.txt
	t "$1 works on a young one" verdict 0 'ok.*' "$1" young
}

refused JUMPS v1 'compile with -mcpu=v1' 'less than'
refused JUMPS_32 v3 'compile with -mcpu=v2' '32 bits'
refused ATOMICS v3 'no atomic operations but additions that return nothing' atomics
for insn in 0x800bf 0x2000bf 0x800bc 0xa981 0x500010037 0x10000000d7 0x0006; do
	t "v4: $insn" clang -target bpf -g -O2 -Wall -Wno-unused "-DV4=\"$insn\"" \
		-c "$fixtures/check_code.bpf.c" -o v4.bpf.o
	t "fails on an old kernel" verdict 1 fails v4 old
	t "and says how to do without" grep -q 'does not have this instruction: compile with -mcpu=v3' verdict.txt
	t "and where" grep -q "$(at v4)" verdict.txt
	t "and works on a young one" verdict 0 ok v4 young
done
refused MEMORY v1 'takes it from the stack alone' memory
refused KEY v1 'takes it from the stack alone' key
refused LARGE v1 'or more than a stack has' large
refused LONG v1 '4098 instructions, and the kernel takes no more than 4096'
refused CONTEXT v1 'the program reads 20 bytes of it, and this kernel'
refused SOCKETS v1 'none of its programs can be loaded'
t_says 1 "left out: the kernel has no maps of type xskmap" "which is named" \
	"$btfgen" check SOCKETS.bpf.o old.btf
refused DEVICES v1 'map devices: its values are larger than the kernel takes'
refused CGROUP v1 'the kernel does not know this type of program'
t "an object: EGRESS" object EGRESS
t "of several programs a way to attach is left out" verdict 4 'in part (1 of 2 programs)' EGRESS old
t_says 4 "egress: program xdp/devmap:
        left out: the kernel takes no programs for a certain way to attach" "which is said" \
	"$btfgen" check EGRESS.bpf.o old.btf
t "and fails where nothing may be" verdict 1 fails EGRESS old --strict
t "on a young one it works" verdict 0 'ok.*' EGRESS young
refused CALLBACK v1 'does not have this helper' callback
refused CALLED_BACK v1 'left out: the kernel has no maps of type xskmap'
refused CHOSEN v1 'does not have this helper' chosen

t "an object: SMALL" object SMALL
t "a variable that fits on the stack goes there" verdict 0 'ok, adapted' SMALL old
t "an object: INDEXED" object INDEXED
t "bounds of an index may be lost" verdict 0 'may fail' INDEXED old
t "which is said" grep -q "$(at index)" verdict.txt
t "younger verifiers keep them" verdict 0 ok INDEXED young
t "an object: WANTED" object WANTED
t "what a variable decides may fail" verdict 0 'may fail' WANTED old
t "and does not on a young one" verdict 0 ok WANTED young
t "an object: RETURNED" object RETURNED
t "what a function returns is not known before: it fails" verdict 1 fails RETURNED old
t "where it calls what is not there" grep -q "$(at returned)" verdict.txt
t "and where it is there, not" verdict 0 ok RETURNED young
finish
