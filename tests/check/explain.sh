#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfgen explain: what it says of relocations, alone and on kernels, agrees with check, with
# bpftool's dump of the kernel's types, and with itself. tests/root/explain.sh asks libbpf.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/core.sh"
for tool in clang llvm-objcopy python3; do
	command -v "$tool" >/dev/null || skip_all "$tool is missing"
done
cd "$work" || exit 1
make_core_fixtures
object() # NAME [OPTION]...
{
	name=$1
	shift
	clang -target bpf -mcpu=v1 -g -O2 -Wall "$@" -c "$fixtures/check.bpf.c" -o "$name.bpf.o"
}
kernel() # NAME [OPTION]...
{
	name=$1
	shift
	clang -target bpf -g -O2 "$@" -c "$fixtures/check_kernel.c" -o "$name.elf" &&
		dump_btf "$name.elf" "$name.btf"
}
t "an old kernel" kernel old
t "a young one" kernel young -DYOUNG
for one in plain failing lost guarded configured; do
	t "an object: $one" object $one "-D$(echo $one | tr '[:lower:]' '[:upper:]')=1"
done
t "one that is configured otherwise" object unconfigured -DCONFIGURED=0
t "one that asks for what is ambiguous" bpf_object disputed.o clang bpf -DDISPUTED

line_of() # TEXT: of the fixture
{
	grep -n "line: $1" "$fixtures/check.bpf.c" | cut -d: -f1
}

# ---- an object alone ------------------------------------------------------------------------------
t_says 0 "field_offset of struct task.exit_time (0:" "what it asks for" \
	"$btfgen" explain failing.bpf.o
t_says 0 "check.bpf.c:$(line_of exit_time): read_kernel(&when" "and where" "$btfgen" explain failing.bpf.o
t_says 0 "failing+3: r1 = " "with the instruction" "$btfgen" explain failing.bpf.o
t_not "but not what becomes of it" said -e '->  ' -e there
t_says 0 "field_exists of struct task.exit_time (0:1), a guard" "a guard is told from others" \
	"$btfgen" explain guarded.bpf.o

# ---- on a kernel -------------------------------------------------------------------------------------
t_says 0 "on young.btf: ok" "what is there" "$btfgen" explain failing.bpf.o young.btf
t_says 1 "on old.btf: fails" "what is not" "$btfgen" explain failing.bpf.o old.btf
t_says 1 "it is not there: struct task [" "the candidate" "$btfgen" explain failing.bpf.o old.btf
t_says 1 "has no member exit_time
        nearest: struct task.exit_times" "what it lacks, and what comes closest" \
	"$btfgen" explain failing.bpf.o old.btf
t_says 1 "call 195896080
            fails: failing gets there; the verifier says \"invalid func unknown#195896080\"" \
	"and what happens then" "$btfgen" explain failing.bpf.o old.btf
t_says 1 "the kernel has no such type
        nearest: struct lots_type" "a type that is not there" "$btfgen" explain lost.bpf.o old.btf
t_says 0 "no harm: no program gets there" "behind a guard it does no harm" \
	"$btfgen" explain guarded.bpf.o old.btf
t_says 0 "there it is not" "and the guard's answer is told" "$btfgen" explain guarded.bpf.o old.btf
t_says 1 "fails: configured gets there" "where a variable wants it" \
	"$btfgen" explain configured.bpf.o old.btf
t_says 0 "may fail: a variable or the kernel's configuration decides if configured gets there" \
	"and where it may" "$btfgen" explain unconfigured.bpf.o old.btf

# ---- candidates: all of them ------------------------------------------------------------------------
explain_core() { "$btfgen" explain core/core.o small/same.btf; }
t_says 1 "has it     struct agreed [" "several that agree" explain_core
t_says 1 "lacks it   struct agreed___old [" "one that lacks it" explain_core
t_says 1 "dropped    struct agreed___old [" "and is asked no more" explain_core
explain_core >lines.txt
t "no line is longer than a terminal" \
	awk 'length > 100 { print; bad = 1 } END { exit bad || NR < 500 }' lines.txt
t_says 1 "disagrees  struct disputed" "several that do not agree" \
	"$btfgen" explain --program kprobe/refused disputed.o small/same.btf
t_says 1 "ambiguous: the kernel has it twice, and not the same" "which is said" \
	"$btfgen" explain --program kprobe/refused disputed.o small/same.btf
t_says 1 "fails: libbpf does not load the object" "with what it leads to" \
	"$btfgen" explain --program refused disputed.o small/same.btf
t_says 1 "it is of another kind there: float, and here int" "a member of another kind" \
	"$btfgen" explain --type plain core/core.o small/moved.btf
t_says 1 "elements there, and no [2]" "an array that is too short" \
	"$btfgen" explain --type plain core/core.o small/moved.btf
t_says 1 "nearest: union other_kind" "a type of another kind" \
	"$btfgen" explain --type other_kind core/core.o small/moved.btf

cat >copies.c <<'END'
#define COPY(n) struct agreed___##n { int a; unsigned int x; }; struct agreed___##n copy##n
COPY(1); COPY(2); COPY(3);
END
t "a kernel with several alike" clang -target bpf -g -O2 -c copies.c -o copies.elf
t "and its BTF" dump_btf copies.elf copies.btf
t_says 1 "of 3 candidates
        has it     struct agreed___" "candidates are told one by one" \
	"$btfgen" explain --type agreed --program candidates core/core.o copies.btf

# ---- which relocations --------------------------------------------------------------------------------
t_says 0 "3 relocations, 3 different, of " "of one type" \
	"$btfgen" explain --type 'struct other_kind' --program kprobe/candidates core/core.o
t_exit 3 "none of it" "$btfgen" explain --type nobody core/core.o
t_exit 3 "no such program" "$btfgen" explain --program nobody core/core.o
t_says 1 "fails: " "those that fail" "$btfgen" explain --failing core/core.o small/same.btf
t_not "and no others" said -e stays -e 'no harm'
t_exit 0 "what fails elsewhere counts for nothing" \
	"$btfgen" explain --type agreed core/core.o small/same.btf
t_says 0 "0 relocations" "none may fail" "$btfgen" explain --failing plain.bpf.o young.btf

# ---- several kernels, and an archive -------------------------------------------------------------------
add() # RELEASE BTF [ARCHIVE]
{
	"$btfgen" add -q -a "${3:-many.kbtf}" --no-min --kernel "$1" --kernel-version "#1 $1" --arch x86_64 \
		--distro debian --release 12 --build-id "$(printf '%s' "$1" | sha1sum | cut -c1-40)" "$2"
}
for release in 4.9.1-1 4.9.2-1; do
	t "archived: $release" add $release old.btf
done
t "archived: 6.1" add 6.1.0-1 young.btf
t_says 1 "debian 12 x86_64  4.9.1-1 .. 4.9.2-1 (2)  fails" "kernels that agree are one" \
	"$btfgen" explain failing.bpf.o -a many.kbtf
t_says 1 "    debian 12 x86_64 4.9.1-1 .. 4.9.2-1 (2)
        it is not there: struct task, " "also above an answer" "$btfgen" explain failing.bpf.o many.kbtf
t_says 1 "    debian 12 x86_64 6.1.0-1
        there " "which others do not have" "$btfgen" explain failing.bpf.o many.kbtf
t_says 1 "RELOCATIONS
debian 12 x86_64  4.9.1-1 .. 4.9.2-1 (2)  fails" "and in the table" "$btfgen" explain failing.bpf.o many.kbtf
t_exit 0 "entries are filtered" "$btfgen" explain failing.bpf.o -a many.kbtf --kernel 6.1
t_exit 3 "none that matches" "$btfgen" explain failing.bpf.o -a many.kbtf --kernel 5
t "BTF for another object alone" "$btfgen" export -q -a many.kbtf --format embed \
	--for failing.bpf.o -o min.kbtf
t_says 1 "it is not there" "minimized BTF is enough for its own object" \
	"$btfgen" explain failing.bpf.o -a min.kbtf
t_says 1 "minimized for other objects" "and tells nothing of others" \
	"$btfgen" explain plain.bpf.o -a min.kbtf

# ---- JSON, compared --------------------------------------------------------------------------------------
json() # TEST FILE: of the document in Python
{
	python3 -c 'import json, sys; d = json.load(open(sys.argv[2])); assert eval(sys.argv[1]), d' "$1" "$2"
}
"$btfgen" explain --json failing.bpf.o plain.bpf.o many.kbtf young.btf >many.json
t "--json has each object" json '[o["object"] for o in d] == ["failing.bpf.o", "plain.bpf.o"]' many.json
t "and all kernels, files first" json \
	'[k.get("kernel") or k["path"] for k in d[0]["kernels"]] == ["young.btf", "4.9.1-1", "4.9.2-1", "6.1.0-1"]' many.json
t "that share what they agree in" json \
	'[k["result"] for k in d[0]["kernels"]][1:3] == [1, 1] and d[0]["kernels"][3]["result"] == 0' many.json
# an archive begins with what came first, and lists what has the lowest release
t "archived: 6.1 before it" add 6.1.0-1 young.btf late.kbtf
t "archived: and then 4.9.1" add 4.9.1-1 old.btf late.kbtf
"$btfgen" explain --json failing.bpf.o late.kbtf >late.json
t "results stand in the order of kernels, in whichever they came" json \
	'[(k["kernel"], d[0]["results"][k["result"]]["verdict"], k["result"]) for k in
	d[0]["kernels"]] == [("4.9.1-1", "fails", 0), ("6.1.0-1", "ok", 1)]' late.json
t "with what was found" json 'any(f["patch"] == "poisoned" and f["verdict"] == "fails" and f["by"] == "failing"
	for f in d[0]["results"][1]["fates"])' many.json

compare() # WITH OBJECT KERNEL
{
	"$btfgen" explain --json "$2" "$3" >own.json
	[ $? -le 1 ] || return 1
	case $1 in
	check) "$btfgen" check --strict --json "$2" "$3" >other.json; [ $? -le 1 ] || return 1 ;;
	dump) bpftool -j btf dump file "$3" >other.json || return 1 ;;
	esac
	"$top/tests/lib/compare-explained" own.json "$1" other.json
}
for kernel in small/same.btf small/moved.btf; do
	t "as check has it: core.o on $kernel" compare check core/core.o "$kernel"
	if command -v bpftool >/dev/null; then
		t "as bpftool has it: core.o on $kernel" compare dump core/core.o "$kernel"
	else
		skip "as bpftool has it" "bpftool is missing"
	fi
done

# ---- the other byte order ----------------------------------------------------------------------------------
t "an object of the other byte order" bpf_object foreign.o clang bpfeb
"$btfgen" explain --json core/core.o small/moved.btf >own.json
"$btfgen" explain --json foreign.o small/foreign.btf >foreign.json
what='[(q["kind"], q["what"], q["access"]) for q in d[0]["questions"]] == [(q["kind"], q["what"], q["access"])
	for q in json.load(open("own.json"))[0]["questions"]]'
t "asks the same" json "$what" foreign.json
what='[r.get("line") for r in d[0]["relocations"]] == [r.get("line") for r in
	json.load(open("own.json"))[0]["relocations"]]'
t "in the same lines" json "$what" foreign.json
t_says 0 "may fail: whether a program gets there can't be told of this object" "and its code is not followed" \
	"$btfgen" explain foreign.o small/foreign.btf

# ---- what is no good ------------------------------------------------------------------------------------------
t "an object without BTF" llvm-objcopy --remove-section .BTF --remove-section .BTF.ext \
	--remove-section .rel.BTF --remove-section .rel.BTF.ext plain.bpf.o bare.bpf.o
t_says 1 "bare.bpf.o: it has no BTF" "is refused" "$btfgen" explain bare.bpf.o
t "one without .BTF.ext" llvm-objcopy --remove-section .BTF.ext --remove-section .rel.BTF.ext \
	plain.bpf.o no_ext.bpf.o
t_says 0 "no relocations: it has no .BTF.ext" "is told of" "$btfgen" explain no_ext.bpf.o
head -c 300 plain.bpf.o >cut.bpf.o
t_says 1 "btfgen: cut.bpf.o: it is no BPF object" "an object that can't be read is named" \
	"$btfgen" explain cut.bpf.o plain.bpf.o young.btf
t "and the others are explained" said -e "^plain.bpf.o: .* relocation"
"$btfgen" explain --json cut.bpf.o plain.bpf.o young.btf >unusable.json 2>/dev/null
t "--json has it behind them" python3 -c 'import json; d = json.load(open("unusable.json"))
assert [o["object"] for o in d] == ["plain.bpf.o", "cut.bpf.o"] and "no BPF object" in d[1]["error"], d
assert "error" not in d[0], d'
echo nonsense >nonsense
t_says 1 "nonsense" "a file that is neither" "$btfgen" explain plain.bpf.o nonsense

# ---- real kernels ------------------------------------------------------------------------------------------------
find_real_kernels || skip_all "no kernel has BTF here"
ls "$objects"/*.bpf.o >/dev/null 2>&1 || skip_all "no objects in $objects: make bpf"
twice=real/4.19.90-2107.6.0.0248.35.oe1.bclinux.x86_64.btf
if [ -e "$twice" ]; then
	t_says 0 "and 1 alike" "candidates that are alike are told once" \
		"$btfgen" explain "$objects/runqlat.bpf.o" "$twice"
else
	skip "candidates that are alike" "$twice is not here"
fi
for kernel in real/own.btf real/4.1*x86_64.btf; do
	[ -e "$kernel" ] || { skip "$kernel" "it is not here"; continue; }
	for one in runqlat tcpconnect; do
		t "as check has it: $one on ${kernel##*/}" compare check "$objects/$one.bpf.o" "$kernel"
		command -v bpftool >/dev/null || { skip "as bpftool has it" "bpftool is missing"; continue; }
		t "as bpftool has it: $one on ${kernel##*/}" compare dump "$objects/$one.bpf.o" "$kernel"
	done
done
finish
