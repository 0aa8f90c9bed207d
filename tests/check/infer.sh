#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A kernel between two that are archived: what they agree on for an object is found, told and,
# if asked for, taken; what they don't is refused by name.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 pahole clang

cd "$work" || exit 1
kernel one 6.1.0-1-amd64 '#1 SMP Test 6.1.1-1' --with-btf
kernel three 6.1.0-3-amd64 '#1 SMP Test 6.1.3-1' --with-btf
kernel five 6.1.0-5-amd64 '#1 SMP Test 6.1.5-1' --with-btf --variant 1
kernel nine 6.1.0-9-amd64 '#1 SMP Test 6.1.9-1' --with-btf --variant 2
for file in one three five nine; do
	t "an archive with $file" "$btfgen" add -q --no-min -a a.kbtf --distro test --release 1 $file
done

# object NAME STRUCT FIELD DECLARATION: asks where the field is
object()
{
	clang -target bpf -mcpu=v1 -g -O2 -x c -c -o "$1.o" - <<SOURCE
struct $2 { $4; } __attribute__((preserve_access_index));
__attribute__((section("kprobe/x"), used)) int prog(struct $2 *s)
{ return __builtin_preserve_field_info(s->$3, 0); }
char LICENSE[] __attribute__((section("license"))) = "GPL";
SOURCE
}
t "an object" object comm task_struct comm "char comm[16]"
t "another" object uts nsproxy uts_ns "void *uts_ns"

machine() # RELEASE: $work/ident describes it
{
	printf '%s\n' DISTRO=test DISTRO_RELEASE=1 ARCH="$(uname -m)" KERNEL_RELEASE="$1" >ident
}
which()
{
	"$btfgen" which -a a.kbtf --ident ident "$@"
}
told() # EXPRESSION: of the JSON that the last command printed
{
	echo "$out" >json
	json "$1" json
}

# ---- between two that agree ------------------------------------------------------------------
machine 6.1.0-2-amd64
t_says 3 "neighbours  before: 6.1.0-1-amd64, after: 6.1.0-3-amd64" "neighbours are told" which
t_says 3 "comm.o: nothing, but the neighbours agree: --infer would take" "for an object, that they agree" \
	which --for comm.o
t_says 0 "uses        the entry of 6.1.0-1-amd64 " "the former is taken if asked for" \
	which --for comm.o --for uts.o --infer
t_says 0 "because     inferred: " "and labelled" which --for comm.o --infer
t_exit 0 "in JSON" which --for comm.o --infer --json
t "the same" told 'd["match"] == "inferred" and d["entry"]["kernel"] == "6.1.0-1-amd64" and
	[e["kernel"] for e in d["neighbours"]] == ["6.1.0-1-amd64", "6.1.0-3-amd64"] and
	d["objects"] == [{"object": "comm.o", "btf": "full", "neighbours_agree": True}]'
t_exit 3 "in JSON, not asked for" which --for comm.o --json
t "nothing is taken" told 'd["match"] == "none" and d["entry"] is None and len(d["neighbours"]) == 2 and
	d["objects"] == [{"object": "comm.o", "btf": "none", "neighbours_agree": True}]'
t_exit 3 "in JSON, without an object" which --json
t "neighbours alone" told 'len(d["neighbours"]) == 2 and "objects" not in d'

# ---- between two that don't ------------------------------------------------------------------
machine 6.1.0-4-amd64
t_says 3 "comm.o: nothing: prog+0 (kprobe/x): field_offset of struct task_struct.comm is " \
	"a field that moves is named" which --for comm.o --infer
t_exit 3 "one of two objects is enough to refuse" which --for uts.o --for comm.o --infer --json
t "and is told which" told 'd["match"] == "none" and
	[o["neighbours_agree"] for o in d["objects"]] == [True, False] and
	" on 6.1.0-3-amd64 and " in d["objects"][1]["reason"]'
t_exit 0 "for the other alone they serve" which --for uts.o --infer
machine 6.1.0-7-amd64
t_says 3 "not there on 6.1.0-9-amd64" "a field that goes" which --for comm.o --infer

# ---- none ------------------------------------------------------------------------------------
machine 6.1.0-10-amd64
t_says 3 "flavour after it" "behind the last" which --for uts.o --infer
machine 6.1.0-2-cloud-amd64
t_says 3 "flavour before or after it" "another flavour" which --for uts.o --infer
machine 6.1.0-3-amd64
t_exit 0 "what is archived needs none" which --for comm.o --infer --json
t "and is not inferred" told 'd["match"] == "release" and "neighbours" not in d and
	d["objects"] == [{"object": "comm.o", "btf": "full"}]'
t_says 2 "--for OBJ.bpf.o" "--infer says for which" which --infer
t_says 1 "nosuch.o: No such file" "an object that is not there" which --for nosuch.o
machine 6.1.0-2-amd64
t_says 1 "one: " "what is no object" which --for one --infer

# ---- minimized BTF ---------------------------------------------------------------------------
t "an archive for one object" "$btfgen" export -q -a a.kbtf --format embed --for comm.o -o min.kbtf
t_says 0 "comm.o: BTF minimized for it, on which the neighbours agree" "serves that" \
	"$btfgen" which -a min.kbtf --ident ident --for comm.o --infer
t_says 3 "minimized for other objects" "and no other" \
	"$btfgen" which -a min.kbtf --ident ident --for uts.o --infer
machine 6.1.0-3-amd64
t_says 0 "comm.o: BTF minimized for it" "an entry serves it, too" \
	"$btfgen" which -a min.kbtf --ident ident --for comm.o
t_says 3 "uts.o: nothing" "and no other" "$btfgen" which -a min.kbtf --ident ident --for uts.o
finish
