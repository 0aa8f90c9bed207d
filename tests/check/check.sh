#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfgen check: objects that each have one thing to be found, on kernels that have it or not.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/check.sh"

object() # NAME OPTION...
{
	name=$1
	shift
	clang -target bpf -mcpu=v1 -g -O2 -Wall "$@" -c "$fixtures/check.bpf.c" -o "$name.bpf.o"
}
t "one that does not tell what it offers" kernel bare -DBARE
for one in plain failing lost guarded calling helper map twins no_target loop; do
	t "an object: $one" object $one "-D$(echo $one | tr '[:lower:]' '[:upper:]')"
done
t "one that is configured" object configured -DCONFIGURED=1
t "one that is not, unless asked to" object unconfigured -DCONFIGURED=0
t "one that reads an argument" object typed -DTYPED=0
t "one that reads an argument too many" object typed_more -DTYPED=1
t "one that reads a tracepoint's arguments" object raw -DRAW=1
t "one that reads one too many" object raw_more -DRAW=2

line_of() # TEXT: of the fixture
{
	grep -n "line: $1" "$fixtures/check.bpf.c" | cut -d: -f1
}

# ---- relocations --------------------------------------------------------------------------------
t "what is there is ok" verdict 0 ok plain young
t "what is not there fails" verdict 1 fails failing old
t_says 1 "struct task has no member exit_time" "and is named" \
	"$btfgen" check failing.bpf.o old.btf
t_says 1 "check.bpf.c:$(line_of exit_time): read_kernel(" "with its line" \
	"$btfgen" check failing.bpf.o old.btf
t_says 1 "nearest: struct task.exit_times" "and what comes closest" \
	"$btfgen" check failing.bpf.o old.btf
t_says 1 "nearest: struct lots_type" "also of types" "$btfgen" check lost.bpf.o old.btf
t "it is ok where it is" verdict 0 ok failing young
t "behind a question it does not fail" verdict 0 'ok, guarded' guarded old
t_says 0 "guarded: guarded: field_exists struct task.exit_time: the answer is no" \
	"and the question is named" "$btfgen" check guarded.bpf.o old.btf
t_says 0 "guarded: guarded: type_exists struct lost_type: the answer is no" \
	"as is the one behind it" "$btfgen" check guarded.bpf.o old.btf
t_not "what is behind them is not told of" said -e young -e 'no member'
t "nor is it, where the answer is given to a function" verdict 0 'ok, guarded' calling old
t "in a branch that a variable decides it fails" verdict 1 fails configured old
t "or may fail" verdict 0 'may fail' unconfigured old

# ---- machines ----------------------------------------------------------------------------------
t "a kernel of x86_64" kernel x86 -DYOUNG -DREGISTERS_X86
t "one of aarch64" kernel arm -DYOUNG -DREGISTERS_ARM
t "an object that reads registers of x86_64" object for_x86 -DREGISTERS=1
t "one that reads those of aarch64" object for_arm -DREGISTERS=2
t "where it is made for it is ok" verdict 0 ok for_x86 x86
t "and the other" verdict 0 ok for_arm arm
t_says 1 "fails: registers: machine: made for x86_64, the kernel is aarch64" \
	"on another machine that is what it fails for" "$btfgen" check for_x86.bpf.o arm.btf
t_not "and not each register" said -e "has no" -e "field_offset"
t_says 1 "fails: registers: machine: made for aarch64, the kernel is x86_64" "the other way round" \
	"$btfgen" check for_arm.bpf.o x86.btf
t_not "also in few words" said -e "no such type" -e "field_offset"
t_says 1 "fails: registers: field_offset struct pt_regs.di" "of a kernel that does not tell, registers are" \
	"$btfgen" check for_x86.bpf.o young.btf
t "archived: of aarch64" "$btfgen" add -q -a arm.kbtf --no-min --kernel 6.1.0 --arch aarch64 arm.btf
t_says 1 "made for x86_64, the kernel is aarch64" "an entry's types tell" \
	"$btfgen" check for_x86.bpf.o -a arm.kbtf
t "minimized, with no register in it" "$btfgen" export -q -a arm.kbtf --format embed \
	--for for_x86.bpf.o -o arm_min.kbtf
t_says 1 "made for x86_64, the kernel is aarch64" "and if not, it does itself" \
	"$btfgen" check for_x86.bpf.o -a arm_min.kbtf

# ---- what kernels offer ---------------------------------------------------------------------------
t "a helper that is not there fails" verdict 1 fails helper old
t_says 1 "check.bpf.c:$(line_of helper): return young_helper" "with its line" \
	"$btfgen" check helper.bpf.o old.btf
t "and is ok where it is" verdict 0 ok helper young
t "one that an older one stands in for is adapted" verdict 0 'ok, adapted' plain old
t_says 0 "bpf_probe_read stands in for it" "which is said" "$btfgen" check plain.bpf.o old.btf
t_says 0 ".rodata: the kernel has no global variables" "so are globals" \
	"$btfgen" check unconfigured.bpf.o old.btf
t "a type of map that is not there fails" verdict 1 fails map old
t_says 1 "the kernel has no maps of type queue" "and is named" "$btfgen" check map.bpf.o old.btf
t "and is ok where it is" verdict 0 ok map young
t "where the kernel does not tell, it is unknown" verdict 0 unknown plain bare
t_says 0 "bpf_func_id bpf_map_type bpf_prog_type" "and what is lacking is named" \
	"$btfgen" check plain.bpf.o bare.btf

# ---- programs -----------------------------------------------------------------------------------------
t "a typed target that is there" verdict 0 ok typed young
t "and gives fewer arguments" verdict 1 fails typed_more young
t_says 1 "the program reads 2 words of its context, and this gives 1" "is said" \
	"$btfgen" check typed_more.bpf.o young.btf
t "a typed tracepoint" verdict 0 ok raw young
t "that gives fewer arguments" verdict 1 fails raw_more young
t "a type of program that is not there" verdict 1 fails typed old
t "of alternatives one is enough" verdict 0 'ok, adapted' twins old
t_says 0 "leave___kprobe: alternative kprobe/do_exit:
        in place of leave___fentry, which the kernel can't have or may not have" "and is named" \
	"$btfgen" check twins.bpf.o old.btf
t "the first where it can be had" verdict 0 ok twins young
t "a loop" verdict 0 ok loop young
t "where there may be none" verdict 1 fails loop old
t_says 1 "the kernel allows no loops" "is said" "$btfgen" check loop.bpf.o old.btf
t "a kprobe's target that BTF does not have is unknown" verdict 0 unknown no_target young
cat >two.c <<'END'
#define TYPED 0
#define PLAIN
#include "check.bpf.c"
END
t "an object of which a program can't be had" clang -target bpf -mcpu=v1 -g -O2 -I"$fixtures" \
	-c two.c -o two.bpf.o
t "works in part without it" verdict 4 'in part (1 of 2 programs)' two old
t_says 4 "in part: typed: program fentry/do_exit: left out" "which is said" \
	"$btfgen" check two.bpf.o old.btf
t "as a whole where it can be had" verdict 0 ok two young
t "but not if nothing may be left out" verdict 1 fails two old --strict

cat >three.c <<'END'
#define FAILING
#define PLAIN
#define TWINS
#include "check.bpf.c"
END
t "an object of which the verifier refuses a program" clang -target bpf -mcpu=v1 -g -O2 \
	-I"$fixtures" -c three.c -o three.bpf.o
t "works in part, and alternatives count as one" verdict 4 'in part (2 of 3 programs)' three old
t_says 4 "fails: failing: field_offset struct task.exit_time" "with the reason" \
	"$btfgen" check three.bpf.o old.btf
t "which fails if all of them are to be loaded" verdict 1 fails three old --strict
t "of all that could fail, failing is the worst" [ "$("$btfgen" check two.bpf.o failing.bpf.o old.btf \
	>/dev/null; echo $?)" = 1 ]
counts() # TEST: of the report in Python
{
	"$btfgen" check --json three.bpf.o old.btf >counts.json
	python3 -c 'import json, sys
r = json.load(open("counts.json"))["reports"][0]; assert eval(sys.argv[1]), r' "$1"
}
t "--json counts them" counts 'r["verdict"] == "in part" and (r["programs"], r["loaded"]) == (3, 2)'

# ---- many kernels ---------------------------------------------------------------------------------------
add() # RELEASE BTF
{
	"$btfgen" add -q -a many.kbtf --no-min --kernel "$1" --kernel-version "#1 $1" --arch x86_64 \
		--distro debian --release 12 --build-id "$(printf '%s' "$1" | sha1sum | cut -c1-40)" "$2"
}
for release in 4.9.1-1 4.9.2-1 4.9.10-1; do
	t "archived: $release" add $release old.btf
done
t "archived: 6.1" add 6.1.0-1 young.btf
t_says 1 "debian 12 x86_64  4.9.1-1 .. 4.9.10-1 (3)  fails [1]" "neighbours that agree are one row" \
	"$btfgen" check failing.bpf.o -a many.kbtf
t_says 1 "debian 12 x86_64  6.1.0-1                  ok" "and others another" \
	"$btfgen" check failing.bpf.o -a many.kbtf
t_says 1 "failing: fails on 3; ok on 1 of 4 kernels" "objects are summed up" \
	"$btfgen" check failing.bpf.o -a many.kbtf
t_says 1 "task->exit_time); /* line: exit_time */
        on debian 12 x86_64 4.9.1-1 .. 4.9.10-1 (3)" "what is found says where" \
	"$btfgen" check failing.bpf.o -a many.kbtf
# helpers of one kernel, a field of both
cat >mixed.c <<'END'
#define FAILING
#define HELPER
#include "check.bpf.c"
SEC("kprobe/do_exit") int other(void *ctx)
{
	return failing(ctx);
}
END
t "an object of several programs" clang -target bpf -mcpu=v1 -g -O2 -I"$fixtures" -c mixed.c -o mixed.bpf.o
t "a kernel that differs in one of several things" kernel half -DHELPERS
t "archived: that" add 4.10.0-1 half.btf
t_says 1 "fails: failing, other: field_offset struct task.exit_time: struct task has no member exit_time
        nearest: struct task.exit_times
        check.bpf.c:$(line_of exit_time): read_kernel(&when, sizeof(when), &task->exit_time); /* line: exit_time */
        on debian 12 x86_64 4.9.1-1 .. 4.10.0-1 (4)" \
	"what is found alike in programs and on kernels is told once" "$btfgen" check mixed.bpf.o -a many.kbtf
t "and only so" [ "$(printf '%s\n' "$out" | grep -c 'no member exit_time')" = 1 ]
t_says 1 "4.9.1-1 .. 4.9.10-1 (3)  fails [1,2]
debian 12 x86_64  4.10.0-1                 in part (1 of 3 programs) [1]" \
	"and rows name it by its number" "$btfgen" check mixed.bpf.o -a many.kbtf
# ---- versions ------------------------------------------------------------------------------------
t "an object that asks for 5.0" object asking -DVERSIONED=0x050000
t_says 0 "4.9.1-1 .. 4.10.0-1 (4)  ok, adapted" "it asks right" "$btfgen" check asking.bpf.o -a many.kbtf
t_not "so it does not fail anywhere" said fail
t "one that asks for 4.9.2" object asking_wrong -DVERSIONED=0x040902
t_says 1 "
debian 12 x86_64  4.9.1-1                  ok, adapted [2]
debian 12 x86_64  4.9.2-1 .. 4.10.0-1 (3)  fails [1]" "one that asks for the wrong one fails from there on" \
	"$btfgen" check asking_wrong.bpf.o -a many.kbtf
cp many.kbtf ubuntu.kbtf
t "archived: one of Ubuntu's" "$btfgen" add -q -a ubuntu.kbtf --no-min --kernel 4.9.0-1-generic --arch x86_64 \
	--distro ubuntu old.btf
t_says 1 "4.9.0-1-generic          may fail" "whose last number is not known" \
	"$btfgen" check asking_wrong.bpf.o -a ubuntu.kbtf
t "the other object asks for what is known" [ "$("$btfgen" check asking.bpf.o -a ubuntu.kbtf | grep -c 'may fail')" = 0 ]
t "of a file it is not known" verdict 0 'may fail' asking old
t "explain has it, too: 4.9" eval "'$btfgen' explain --json asking.bpf.o -a many.kbtf >versions.json"
t "explain finds it never reached" python3 -c 'import json; d = json.load(open("versions.json"))[0]
assert [r["fates"][0]["reached"] for r in d["results"]] == ["never", "surely"], d["results"]'

t "archived: of no release" "$btfgen" add -q -a vague.kbtf --no-min --kernel 4.9.1 --arch x86_64 \
	--distro debian old.btf
t "archived: of nobody" "$btfgen" add -q -a vague.kbtf --no-min --kernel 4.9.2 --arch aarch64 old.btf
t_says 1 "
aarch64        4.9.2 " "a system of which little is known is what is known" \
	"$btfgen" check failing.bpf.o -a vague.kbtf
t "without blanks for the rest" said -e "debian x86_64  4.9.1 "
t "entries are filtered" "$btfgen" check failing.bpf.o -a many.kbtf --kernel 6.1
t_exit 3 "none that matches" "$btfgen" check failing.bpf.o -a many.kbtf --kernel 5
t_says 1 "ok, adapted" "an archive may be an argument, too" \
	"$btfgen" check many.kbtf failing.bpf.o plain.bpf.o
json() # TEST: of the document in Python
{
	"$btfgen" check --json failing.bpf.o plain.bpf.o -a many.kbtf young.btf -j "${2:-2}" >json.txt
	[ $? -eq 1 ] || return 1
	python3 -c 'import json, sys; d = json.load(open("json.txt")); assert eval(sys.argv[1]), d' "$1"
}
t "--json has all kernels, files first" json \
	'[k.get("kernel") or k["path"] for k in d["kernels"]] == ["young.btf", "4.9.1-1", "4.9.2-1", "4.9.10-1", "4.10.0-1", "6.1.0-1"]'
t "and a report for each object" json 'all(len(k["reports"]) == 2 for k in d["kernels"])'
t "which equal kernels share" json 'd["kernels"][1]["reports"] == d["kernels"][3]["reports"] != d["kernels"][5]["reports"]'
t "with what was found" json '[f for f in d["reports"][d["kernels"][1]["reports"][0]]["findings"] if f["verdict"] == "fails"] == [
	{"verdict": "fails", "subject": "relocation", "what": "struct task.exit_time",
	 "text": "struct task has no member exit_time", "program": "failing", "section": "kprobe/do_exit",
	 "relocation": "field_offset", "instruction": 3,
	 "nearest": "struct task.exit_times", "file": "'"$fixtures/check.bpf.c"'", "line": '"$(line_of exit_time)"',
	 "source": "read_kernel(&when, sizeof(when), &task->exit_time); /* line: exit_time */"}]'
cp json.txt several.txt
t "one thread gives the same" json 'd == json.load(open("several.txt"))' 1

# ---- minimized BTF ----------------------------------------------------------------------------------------
t "an archive of minimized BTF alone" "$btfgen" export -q -a many.kbtf --format embed --for plain.bpf.o \
	-o min.kbtf
t_says 0 "its BTF is minimized: nothing is known of helpers" "tells of relocations" \
	"$btfgen" check plain.bpf.o -a min.kbtf
t_says 0 "minimized for other objects" "but not of other objects" \
	"$btfgen" check failing.bpf.o -a min.kbtf
t_not "of which it says no more" said 'has no member'

# ---- what is no good -----------------------------------------------------------------------------------------
echo nonsense >nonsense
t_says 1 "nonsense" "a file that is neither" "$btfgen" check plain.bpf.o nonsense
echo 'int none;' >no_btf.c
t "an object without BTF" clang -target bpf -O2 -c no_btf.c -o no_btf.bpf.o
head -c 300 plain.bpf.o >cut.bpf.o
: >empty.bpf.o
for bad in no_btf cut empty missing; do
	t_says 1 "btfgen: $bad.bpf.o: " "an object that is $bad is named" \
		"$btfgen" check plain.bpf.o $bad.bpf.o young.btf
	t "and the others are checked" said "young.btf  ok"
	t_says 1 "btfgen: $bad.bpf.o: " "one that is alone" "$btfgen" check $bad.bpf.o young.btf
	t_not "has no table" said SYSTEM
done
"$btfgen" check --json cut.bpf.o plain.bpf.o young.btf >unusable.json 2>/dev/null
t "--json has them" python3 -c 'import json; d = json.load(open("unusable.json"))
assert d["objects"] == ["plain.bpf.o"] and [u["object"] for u in d["unusable"]] == ["cut.bpf.o"], d
assert "no BPF object" in d["unusable"][0]["error"], d'
t_says 0 "young.btf  ok" "entries are chosen beside files, too" \
	"$btfgen" check plain.bpf.o young.btf -a many.kbtf --kernel 6.1
t_says 1 "kernels of an archive are named by --kernel" "a kernel in place of a file" \
	"$btfgen" check plain.bpf.o 6.1.0-1

# ---- what people read ------------------------------------------------------------------------------
# a source line may have anything in it, and be long
sed "s/line: exit_time/$(printf 'line: exit_time\t\033[31m \302\233 %0100d' 1)/" "$fixtures/check.bpf.c" >loud.bpf.c
t "an object with a loud line" clang -target bpf -g -O2 -DFAILING -c loud.bpf.c -o loud.bpf.o
for command in check explain; do
	t_says 1 '/* line: exit_time ?[' "$command obeys no object" "$btfgen" $command loud.bpf.o old.btf
	"$btfgen" $command loud.bpf.o old.btf >loud.txt
	t_not "nor hands over what terminals obey" env LC_ALL=C grep -q "$(printf '[\033\t\233]')" loud.txt
	t "and cuts it" awk 'length > 100 { print; bad = 1 } /\.\.\.$/ { cut = 1 } END { exit bad || !cut }' loud.txt
done
long=$(printf 'old-%050d' 1)
cp old.btf "$long"
# No width but the test's: COLUMNS is of whoever runs this.
unset COLUMNS
t_says 1 "OBJECT " "a table that is too wide for a terminal has a line an object" \
	"$btfgen" check failing.bpf.o typed_more.bpf.o lost.bpf.o twins.bpf.o "$long"
t_says 1 "KERNEL   failing    typed_more  lost" "one that is not has a column an object" \
	"$btfgen" check failing.bpf.o typed_more.bpf.o lost.bpf.o twins.bpf.o old.btf

narrow() # COLUMNS OBJECT...: on many.kbtf, into narrow.txt
{
	columns=$1
	shift
	COLUMNS=$columns "$btfgen" check "$@" -a many.kbtf >narrow.txt
	[ $? -eq 1 ] || return 1
	awk -v most="$columns" '!NF { exit } length > most { print; bad = 1 } END { exit bad }' narrow.txt
}
t "a table fits the terminal" narrow 60 failing.bpf.o twins.bpf.o
t "with the object's lines below the kernels'" [ "$(sed -n 1,6p narrow.txt)" = \
"debian 12 x86_64 4.9.1-1 .. 4.10.0-1 (4)
    failing  fails [1]
    twins    ok, adapted [3]
debian 12 x86_64 6.1.0-1
    failing  ok
    twins    ok" ]
t "in a wide one it is a table again" narrow 120 failing.bpf.o twins.bpf.o
t "with its columns" grep -q "^SYSTEM .*KERNEL .*failing .*twins" narrow.txt
if command -v script >/dev/null; then
	t_exit 1 "a terminal says itself how wide it is" script -qec \
		"stty cols 50; '$btfgen' check failing.bpf.o -a many.kbtf" /dev/null
	t "and gets no more" eval "said -e '^    failing  fails .1.'"
	t_not "nor a table" said -e SYSTEM
else
	skip "a terminal's own width" "script(1) is missing"
fi

# ---- real kernels: a field of today's that 4.18 and 4.19 lack ----------------------------------------------------
find_real_kernels || skip_all "no kernel has BTF here"
cat >young.c <<'END'
#define SEC(name) __attribute__((section(name), used))
struct task_struct { unsigned int __state; } __attribute__((preserve_access_index));
static void *(*get_current)(void) = (void *)35;
static int (*read)(void *to, unsigned int size, const void *from) = (void *)4;
char LICENSE[] SEC("license") = "GPL";
SEC("kprobe/do_exit")
int young(void *ctx)
{
	struct task_struct *task = get_current();
	unsigned int state = 0;

	read(&state, 4, &task->__state);
	return (int)state;
}
END
t "an object for today's kernels" clang -target bpf -mcpu=v1 -g -O2 -c young.c -o young.bpf.o
for kernel in real/4.1*; do
	[ -e "$kernel" ] || { skip "4.18 and 4.19" "not in $data"; break; }
	t_says 1 "young.c:12: read(&state, 4, &task->__state);" "its line fails on ${kernel##*/}" \
		"$btfgen" check young.bpf.o "$kernel"
	t_says 1 "nearest: struct task_struct.state" "where the field had another name" \
		"$btfgen" check young.bpf.o "$kernel"
done
finish
