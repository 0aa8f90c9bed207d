#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The bundled BPF programs keep the rules of bpf/README.md.
. "$(dirname "$0")/../lib/tap.sh"

objects=$(dirname "$btfgen")/bpf
btf=${VMLINUX_BTF:-/sys/kernel/btf/vmlinux}
PATH=$PATH:/usr/sbin:/sbin

# Helpers of 4.9, by number; 112 and 113 are what libbpf turns into 4 on old kernels.
old_helpers='1 2 3 4 5 12 14 15 16 25 26 35 112 113'
# Younger ones, by object: 115 (4.11) stands behind a test that folding decides, 130 (5.8) and
# 158 (5.11) behind tests that relocation decides, 93 and 94 (5.1) in programs that have
# alternatives, as 158 does.
younger_helpers()
{
	case $1 in
	cgroupbytes) echo 93 94 ;;
	exitsnoop) echo 115 ;;
	opensnoop) echo 130 ;;
	unlinksnoop) echo 158 ;;
	esac
}

sections()
{
	readelf -SW "$1" | sed -n 's/^ *\[ *[0-9]*\] *//p'
}

# These have variables on purpose; bpf/README.md says why.
with_variables=' capable cputime exitsnoop '

# Sections of variables. kconfig externs have none: they are symbols of no section.
data_sections()
{
	sections "$1" >"$work/sections"
	grep -q '^license ' "$work/sections" || return 1
	grep -E '^\.(rodata|data|bss|kconfig|ksyms)' "$work/sections"
	readelf -sW "$1" | grep -E ' UND (LINUX|CONFIG)_'
	true
}

no_data()
{
	data_sections "$1" >"$work/data" && [ ! -s "$work/data" ]
}

# What libkbtf can't give an object: sections of odd names, which no kernel's libbpf takes.
plain_data()
{
	data_sections "$1" >"$work/data" && [ -s "$work/data" ] && cat "$work/data" &&
		! grep -E '^\.(rodata\.|ksyms)' "$work/data"
}

# Calls between BPF functions go to .text.
no_functions()
{
	sections "$1" | awk '$1 == ".text" { size = $5 } END { exit size !~ /^0+$/ }'
}

disassemble()
{
	llvm-objdump -d --no-show-raw-insn "$1" >"$work/code" && grep -q exit "$work/code"
}

helpers_are_old()
{
	disassemble "$1" || return 1
	sed -n 's/.*call \(.*\)/\1/p' "$work/code" | sort -u >"$work/helpers"
	while read -r helper; do
		# from LLVM 17 on in hex
		case " $old_helpers $2 " in
		*" $((helper)) "*) ;;
		*)
			echo "calls helper $helper"
			return 1
			;;
		esac
	done <"$work/helpers"
}

short_enough()
{
	disassemble "$1" || return 1
	awk '{ sub(":", "", $1) } $1 ~ /^[0-9]+$/ && $1 + 0 >= 4096' "$work/code" >"$work/beyond"
	[ ! -s "$work/beyond" ]
}

no_loops()
{
	disassemble "$1" && "$top/tests/lib/find-loops" "$work/code"
}

has_type()
{
	bpftool gen min_core_btf "$btf" "$work/min.btf" "$1" &&
		bpftool btf dump file "$work/min.btf" format raw | grep -q "$2"
}

# Each row of the table names a file, and what is to be found in it.
techniques_are_shown()
{
	sed -n 's/^|[^`]*| `\([^`]*\)` | `\(bpf\/[^`]*\)` |$/\2	\1/p' "$top/docs/core-techniques.md" \
		>"$work/techniques"
	# all rows but the heading's two
	[ "$(wc -l <"$work/techniques")" -eq $(($(grep -c '^|' "$top/docs/core-techniques.md") - 2)) ] ||
		return 1
	while IFS='	' read -r file text; do
		grep -qF -e "$text" "$top/$file" || { echo "$file: no $text"; return 1; }
	done <"$work/techniques"
	[ -s "$work/techniques" ]
}
t "the techniques are where docs/core-techniques.md says" techniques_are_shown

found=no
for object in "$objects"/*.bpf.o; do
	[ -e "$object" ] || continue
	found=yes
	name=$(basename "$object")
	case $with_variables in
	*" ${name%.bpf.o} "*)
		t "$name has variables, and plain ones only" plain_data "$object"
		t "$name is said to have them" grep -q "^| .*\`${name%.bpf.o}\`.* variable" "$top/bpf/README.md"
		;;
	*) t "$name has no data sections" no_data "$object" ;;
	esac
	t "$name has no BPF-to-BPF calls" no_functions "$object"
	if command -v llvm-objdump >/dev/null; then
		t "$name calls helpers of 4.9 only" helpers_are_old "$object" \
			"$(younger_helpers "${name%.bpf.o}")"
		t "$name has at most 4096 instructions a program" short_enough "$object"
		t "$name has no loops" no_loops "$object"
	else
		skip "$name's instructions" "llvm-objdump is missing (package llvm)"
	fi
done
[ "$found" = yes ] || skip_all "no BPF objects in $objects: make bpf"

if [ -r "$btf" ]; then
	t "biolatency finds the disk" has_type "$objects/biolatency.bpf.o" "'disk'\|'rq_disk'"
	t "capable finds the registers" has_type "$objects/capable.bpf.o" "'pt_regs'"
	t "cputime finds the times" has_type "$objects/cputime.bpf.o" "'sum_exec_runtime'"
	t "execsnoop finds the parent's PID" has_type "$objects/execsnoop.bpf.o" "'real_parent'"
	t "execsnoop finds the tracepoint's record" has_type "$objects/execsnoop.bpf.o" \
		"'trace_event_raw_sched_process_exec'"
	t "exitsnoop finds the bitfield" has_type "$objects/exitsnoop.bpf.o" "'is_child_subreaper'.*bitfield_size=1"
	t "exitsnoop finds the file's name" has_type "$objects/exitsnoop.bpf.o" "'exe_file'"
	t "opensnoop finds open_how" has_type "$objects/opensnoop.bpf.o" "'open_how'"
	t "opensnoop finds the registers" has_type "$objects/opensnoop.bpf.o" "'pt_regs'"
	t "runqlat finds the state" has_type "$objects/runqlat.bpf.o" "'__*state'"
	t "unlinksnoop finds the path" has_type "$objects/unlinksnoop.bpf.o" "'d_parent'"
	t "unlinksnoop finds the bitfield" has_type "$objects/unlinksnoop.bpf.o" "'has_child_subreaper'.*bitfield_size=1"
	t "tcpconnect finds the port" has_type "$objects/tcpconnect.bpf.o" "'skc_dport'"
else
	skip "relocation against a kernel's BTF" "$btf is missing"
fi

finish
