#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfgen diff: hand-made pairs, word by word; kernels of an archive; and real kernels, of which
# a script over bpftool's dump finds the same differences (tests/lib/btf-difference).
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
PATH=$PATH:/usr/sbin:/sbin
need python3 pahole bpftool cc xz tar

data=${BTFGEN_TEST_DATA:-$top/../shared/data}
cd "$work" || exit 1

# btf NAME <<SOURCE: NAME.btf of that C, in which a variable of each type is wanted
btf()
{
	cat >"$1.c" && cc -std=gnu11 -g -O0 -c -o "$1.o" "$1.c" &&
		pahole -j1 --btf_encode_detached="$1.btf" "$1.o"
}

# differ WHAT EXPECTED OPTION...: of a.btf and b.btf, without counts
differ()
{
	case=$1 expected=$2
	shift 2
	"$btfgen" diff "$@" >out 2>err
	status=$?
	grep -v -e '^---' -e '^+++' -e '^types ' -e '^variables ' -e '^functions ' out >told
	printf '%s\n' "$expected" | sed '/^$/d' >wanted
	t "$case" diff wanted told
	t "$case: all is done" test $status = 0
}

# confirmed WHAT A B: bpftool's dump confirms the JSON
confirmed()
{
	"$btfgen" diff --json "$2" "$3" >confirm.json
	t_says 0 "" "$1: bpftool's dump confirms it" "$lib/btf-difference" confirm.json "$2" "$3"
}

# ---- by hand ------------------------------------------------------------------------------------
btf a <<'C'
typedef unsigned int u32; typedef unsigned int __u32; typedef struct { int counter; } atomic_t;
typedef int kept_t; typedef long told_t; typedef __u32 chain_t;
struct only_declared; struct now_declared { int x; };
struct gone { char name[3]; };
struct inner { int deep; };
struct all {
	int first; u32 word; unsigned long in_union; int flag_a : 3, flag_b : 5;
	struct { int low; struct inner high; } part; struct inner *pointer;
	int (*call)(struct inner *, int); const char *text; int old_name; short tail[4];
	struct only_declared *d; struct now_declared *n;
};
struct moved { char a; long b, c, d, e; };
enum color { RED, GREEN, BLUE, GREY };
enum state { ON = 1, OFF = -1 };
enum { LIMIT_A = 10, LIMIT_B = 20 };
struct gone gone; struct all all; struct moved moved; enum color color; enum state state;
atomic_t counter; kept_t kept; told_t told; chain_t chain; int limit = LIMIT_A;
int stays(struct all *all, int by) { return all->first + by; }
int signs(int by) { return by; }
int leaves(void) { return 0; }
C
btf b <<'C'
typedef unsigned int u32; typedef unsigned int __u32; typedef struct { long counter; } atomic_t;
typedef int kept_t; typedef int told_t; typedef u32 chain_t;
struct only_declared { int x; }; struct now_declared;
struct fresh { char name[5]; };
struct inner { int deep, deeper; };
struct all {
	int first; __u32 word; union { unsigned long in_union; void *other; }; int flag_a : 3, flag_b : 6;
	struct { int low; struct inner high; } part; struct inner *pointer;
	int (*call)(struct inner *, long); const char *text; int new_name; short tail[8];
	struct only_declared *d; struct now_declared *n;
};
struct moved { char a; long more, b, c, d, e; };
enum color { RED, CYAN, GREEN, BLUE, GREY };
enum state { ON = 2, OFF = -1 };
enum { LIMIT_A = 10, LIMIT_B = 30 };
struct fresh fresh; struct all all; struct moved moved; enum color color; enum state state;
atomic_t counter; kept_t kept; told_t told; chain_t chain; int limit = LIMIT_A;
int stays(struct all *other, int name) { return other->first + name; }
int signs(long by) { return by; }
int comes(void) { return 0; }
C
t "hand-made BTF" test -s a.btf -a -s b.btf

differ "nothing differs" "" a.btf a.btf
all='
! struct all, 88 -> 96 bytes
    + 8              void *other
    ! 16:3           int flag_b : 6 (bits 5 -> 6)
    ! 40             call: int (*)(struct inner *, int) -> int (*)(struct inner *, long int)
    ! 56             old_name -> new_name
    ! 60             tail: short int[4] -> short int[8]
    > 72 -> 80       struct only_declared *d
    > 80 -> 88       struct now_declared *n'
differ "a struct: what came, went, moved, and has another type" "$all" a.btf b.btf 'struct all'
differ "a name without a kind" "$all" a.btf b.btf all
differ "other words for the same type are shown on request" "$(echo "$all" | sed \
	'2a\    ! 4              word: u32 -> __u32')" --spelling a.btf b.btf all
rest='
! struct inner, 4 -> 8 bytes
    + 4              int deeper
! struct moved, 40 -> 48 bytes
    + 8              long int more
    > 8 -> 16        4 members, b to e: +8
- struct now_declared, 4 bytes, only declared now
+ struct only_declared, 4 bytes, only declared before
! enum { ... } with LIMIT_A
    ! LIMIT_B = 20 -> 30
! enum color
    + CYAN = 1
    ! 3 enumerators, GREEN to GREY: +1
! enum state
    ! ON = 1 -> 2
! typedef atomic_t, 4 -> 8 bytes
    ! 0              counter: int -> long int'
told='! typedef told_t
    - typedef long int told_t
    + typedef int told_t'
functions='+ func int comes(void)
- func int leaves(void)
! func signs
    - int signs(int by)
    + int signs(long int by)'
differ "all types" "$all
+ struct fresh, 5 bytes
- struct gone, 3 bytes$rest
$told" a.btf b.btf
differ "all types and functions, however they are spelled" "$(echo "$all" | sed \
	'2a\    ! 4              word: u32 -> __u32')
+ struct fresh, 5 bytes
- struct gone, 3 bytes$rest
= typedef chain_t
    - typedef __u32 chain_t
    + typedef u32 chain_t
$told
$functions" --functions --spelling a.btf b.btf
differ "a function that is named" "$(echo "$functions" | tail -n 3)" a.btf b.btf 'func signs'
differ "several" "$told
$(echo "$functions" | head -n 1)" a.btf b.btf stays told_t kept_t comes
t_says 0 "functions  1 added, 1 removed, 1 changed, 1 the same" "functions are counted" "$btfgen" diff a.btf b.btf
t_says 0 "types      0 added, 0 removed, 0 changed, 21 the same" "as is what did not change" "$btfgen" diff a.btf a.btf
confirmed "of two small ones" a.btf b.btf
t "--json has members" json '[m for c in d["changes"] if c["name"] == "moved" for m in c["members"]][1] == {
	"change": ["moved"], "a": {"name": "b", "bit_offset": 64, "type": "long int"},
	"b": {"name": "b", "bit_offset": 128, "type": "long int"}}' confirm.json
t "--json has counts, and what is compared" json 'd["counts"]["func"]["added"] == 1 and (d["a"], d["b"]) ==
	("a.btf", "b.btf")' confirm.json
confirmed "the other way round" b.btf a.btf

# Nameless structs and unions are seen through; into a named one a member is renamed.
btf into <<'C'
struct box { int a, b; union { int c; }; struct { int d; } e; long g; } box;
C
btf out <<'C'
struct box { union { int a; }; struct { int b; int c; }; int d; struct { long g; } f; } box;
C
differ "members in and out of unnamed structs" '
! struct box
    - 12             struct { ... } e
    ! 12             e.d -> d
    + 16             struct { ... } f
    ! 16             g -> f.g' into.btf out.btf
confirmed "of those" into.btf out.btf
python3 -c 'import json; d = json.load(open("confirm.json")); d["changes"][0]["members"].pop()
json.dump(d, open("wrong.json", "w"))'
t_exit 1 "and finds it if a member is left out" "$lib/btf-difference" wrong.json into.btf out.btf
python3 -c 'import json; d = json.load(open("confirm.json")); d["changes"].pop()
json.dump(d, open("wrong.json", "w"))'
t_exit 1 "or a type" "$lib/btf-difference" wrong.json into.btf out.btf

# A counter of the compiler's is no part of a name.
btf count-1 <<'C'
struct kabi { union { long mine; struct { int old; } __UNIQUE_ID_hide12; }; int __UNIQUE_ID_13, tail; } kabi;
C
btf count-2 <<'C'
struct kabi { union { long mine; struct { int old; } __UNIQUE_ID_hide7; }; int __UNIQUE_ID_8, more; } kabi;
C
differ "generated names" '
! struct kabi
    ! 12             tail -> more' count-1.btf count-2.btf
confirmed "of those" count-1.btf count-2.btf

# Two different types of one name: those that are in both don't count.
for n in 1 2 3; do
	echo "struct twin { int common; char part_$n[$n]; }; struct twin twin_$n;" | btf twin-$n
done
join() # OUT OBJECT...
{
	to=$1
	shift
	ld -r -o "$to.o" "$@" && pahole -j1 --btf_encode_detached="$to.btf" "$to.o"
}
if command -v ld >/dev/null; then
	t "two types of a name" join both twin-1.o twin-2.o
	t "another two" join other twin-3.o twin-2.o
	differ "one is the same, the other has changed" '
! struct twin, one of 2 -> 2 of this name
    - 4              char part_1[1]
    + 4              char part_3[3]' both.btf other.btf
	differ "one has come" '
+ struct twin, 8 bytes, one of 1 -> 2 of this name' twin-2.btf other.btf
	confirmed "of both" both.btf other.btf
else
	skip "two types of a name" "ld is missing"
fi

# Whatever bytes: an answer or an error.
spoil()
{
	python3 - "$btfgen" a.btf <<'PYTHON'
import random, subprocess, sys
program, path = sys.argv[1:]
data = open(path, "rb").read()
random.seed(4)
for turn in range(60):
    bad = bytearray(data)
    for _ in range(random.choice([1, 2, 9])):
        at = random.randrange(24, len(bad)) & ~3
        bad[at:at + 4] = random.choice([0, 1, 2, 5, 9, 0xffffffff, random.randrange(99)]).to_bytes(4, "little")
    open("bad.btf", "wb").write(bad)
    for sides in ("bad.btf", path, "--json"), (path, "bad.btf", "--spelling"):
        done = subprocess.run([program, "diff", "--functions", *sides], capture_output=True, timeout=60)
        if done.returncode not in (0, 1) or (done.returncode == 1) != bool(done.stderr):
            sys.exit(f"turn {turn}: status {done.returncode}, {done.stderr.decode(errors='replace')}")
PYTHON
}
t "spoilt BTF" spoil

# ---- exit status ----------------------------------------------------------------------------------
t_exit 4 "--exit-code: they differ" "$btfgen" diff --exit-code a.btf b.btf
t_exit 0 "--exit-code: they don't" "$btfgen" diff --exit-code a.btf a.btf
t_exit 0 "--exit-code: the wanted one does not" "$btfgen" diff --exit-code a.btf b.btf kept_t
t_exit 0 "nor does one that is only spelled otherwise" "$btfgen" diff --exit-code a.btf b.btf chain_t
t_exit 4 "unless that counts" "$btfgen" diff --exit-code --spelling a.btf b.btf chain_t
t_says 3 "struct nosuch: no such type in either" "a type of neither" "$btfgen" diff a.btf b.btf 'struct nosuch'
t_exit 1 "a file that is no BTF" "$btfgen" diff a.btf a.c
t_exit 1 "--exit-code: failure is no difference" "$btfgen" diff --exit-code a.btf ./nosuch.btf
t_exit 2 "one side alone" "$btfgen" diff a.btf
if [ -c /dev/full ]; then
	t_says 1 "can't write the output" "a full disk" sh -c '"$1" diff a.btf b.btf >/dev/full' sh "$btfgen"
fi

# ---- kernels of an archive ---------------------------------------------------------------------------
A=two.kbtf
"$btfgen" add -q -a $A --no-min -k 5.10.1-x --arch x86_64 -b 00aa11bb a.btf >added
"$btfgen" add -q -a $A --no-min -k 5.10.2-x --arch x86_64 -b 22cc33dd b.btf >added
mkdir 5.10.2-x
differ "by release" "$all" -a $A 5.10.1-x 5.10.2-x 'struct all'
differ "by build ID" "$all" -a $A 00AA 22cc 'struct all'
differ "by a pattern, and a file" "$all" -a $A '*.1-x' b.btf 'struct all'
tar cJf b.btf.tar.xz b.btf
differ "an archive of one, and a .btf.tar.xz" "$all" -k 5.10.1-x $A b.btf.tar.xz 'struct all'
t_says 0 "CYAN = 1" "show reads one, too" "$btfgen" show b.btf.tar.xz
t_says 1 "more than one entry fits" "a pattern of both" "$btfgen" diff -a $A 5.10 a.btf
t_says 3 "neither a file nor a kernel in $A" "a kernel that is not there" "$btfgen" diff -a $A 5.11 a.btf
t_says 1 "no such file, and no archive" "nor an archive" "$btfgen" diff -a nosuch.kbtf 5.11 a.btf
t "nothing is left in tmp/" no_scratch

# ---- real kernels --------------------------------------------------------------------------------------
unpack()
{
	for packed in "$data"/series-5.10-arm64/a12-5.10-2021-09-* "$data"/series-5.10-arm64/a12-5.10-2022-04-* \
		"$data"/btfhub-4x/4.19.90-24.* "$data"/btfhub-4x/4.19.90-52.*; do
		tar -xJf "$packed" || return 1
	done
}
if [ -d "$data/series-5.10-arm64" ] && [ -d "$data/btfhub-4x" ]; then
	t "real kernels are unpacked" unpack
	confirmed "of one series" a12-5.10-2021-09-*.btf a12-5.10-2022-04-*.btf
	confirmed "of years" 4.19.90-24.*.btf 4.19.90-52.*.btf
	t "the one that was never deduplicated, normalized" "$btfgen" add -q --no-min --normalize -a n.kbtf \
		-k 4.18.0-147.5.1.el8_1.aarch64 --arch aarch64 "$data"/btfhub-4x/4.18.0-147.*
	t "has the same types, each once" "$btfgen" diff --exit-code --functions --spelling \
		"$data"/btfhub-4x/4.18.0-147.* n.kbtf
else
	skip "real kernels" "no series-5.10-arm64 and btfhub-4x in BTFGEN_TEST_DATA"
fi
# Canonical form is another order and nothing else.
if [ -r /sys/kernel/btf/vmlinux ]; then
	t "this kernel goes into an archive" "$btfgen" add -q --no-min -a this.kbtf -k "$(uname -r)" \
		--arch "$(uname -m)" /sys/kernel/btf/vmlinux
	t "what comes out is the same, but for the order" "$btfgen" diff --exit-code --functions --spelling \
		/sys/kernel/btf/vmlinux this.kbtf
else
	skip "this kernel" "it has no BTF"
fi

finish
