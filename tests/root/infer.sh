#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfload on a machine whose kernel lies between two of an archive: what these agree on is
# loaded, if that is asked for, and what they don't is refused by name.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/live.sh"

printf 'ID=test\nVERSION_ID=1\n' >"$work/os-release"
object=$objects/execsnoop.bpf.o

# add ARCHIVE NUMBER BTF [OPTION]...: as a kernel of this machine's name with a number before it
add()
{
	into=$1 release=$2.$(uname -r) btf=$3
	shift 3
	"$btfgen" add -q -a "$into" --no-min --distro test --release 1 --arch "$(uname -m)" \
		--kernel "$release" "$@" "$btf"
}
run()
{
	"$btfload" run "$object" --no-kernel-btf --os-release "$work/os-release" --load-only "$@"
}

t "the kernel before, with this one's BTF" add "$work/a.kbtf" 0 /sys/kernel/btf/vmlinux
t_says 1 "flavour after it" "behind the last nothing is inferred" run -a "$work/a.kbtf" --infer
t "the kernel after" add "$work/a.kbtf" 999 /sys/kernel/btf/vmlinux
t_says 1 "no BTF for $(uname -r)" "what nobody asks for is refused" run -a "$work/a.kbtf"
t_says 1 "its neighbours 0.$(uname -r) and 999.$(uname -r); what they agree on is taken if asked for" \
	"and what there is" run -a "$work/a.kbtf"
t_says 0 "btf       inferred: " "asked for, it loads" run -a "$work/a.kbtf" --infer --explain
t_says 0 "neighbours 0.$(uname -r) and 999.$(uname -r) agree" "and from which is said" \
	run -a "$work/a.kbtf" --infer --explain
t "it sees what it should" sees_exec --no-kernel-btf -a "$work/a.kbtf" \
	--os-release "$work/os-release" --infer
t_says 0 "the kernel brings its own BTF" "what the kernel has comes first" \
	"$btfload" run "$object" -a "$work/a.kbtf" --infer --load-only --explain
t_says 1 "distribution, architecture and flavour before or after it" "of an unknown distribution" \
	run -a "$work/a.kbtf" --infer --os-release /dev/null
t "an archive with this kernel, too" cp "$work/a.kbtf" "$work/full.kbtf"
t "that it is in" "$btfgen" add -q -a "$work/full.kbtf" --no-min --distro test --release 1 \
	--arch "$(uname -m)" --kernel "$(uname -r)" /sys/kernel/btf/vmlinux
run -a "$work/full.kbtf" --infer --explain >"$work/explained" 2>&1
t_not "infers nothing" grep inferred "$work/explained"
t "and loads" grep -q "BTF of $(uname -r) from the archive" "$work/explained"

# ---- minimized -------------------------------------------------------------------------------
t "an archive for one object" "$btfgen" export -q -a "$work/a.kbtf" --format embed --for "$object" \
	-o "$work/min.kbtf"
t_says 0 "minimized for this object" "serves that" run -a "$work/min.kbtf" --infer --explain
object=$objects/opensnoop.bpf.o
t_says 1 "nothing can be inferred from its neighbours: the archive has BTF of 0.$(uname -r) that was minimized for other objects" \
	"and no other" run -a "$work/min.kbtf" --infer
object=$objects/execsnoop.bpf.o

# ---- neighbours that differ ------------------------------------------------------------------
if command -v pahole >/dev/null && command -v cc >/dev/null; then
	t "another kernel" "$top/tests/lib/make-vmlinux" --with-btf "$work/vmlinux"
	t "which comes next" add "$work/a.kbtf" 99 "$work/vmlinux"
	t_says 1 "nothing can be inferred from its neighbours: " "is no neighbour to infer from" \
		run -a "$work/a.kbtf" --infer
	echo "$out" >"$work/said"
	t "and the relocation is named" grep -q \
		"(.*): [a-z_]* of .* on 0[.]$(uname -r) and .* on 99[.]$(uname -r); asked for in .*:[0-9]" \
		"$work/said"
else
	skip "neighbours that differ" "pahole or cc is missing"
fi
finish
