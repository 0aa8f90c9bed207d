#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Kernels of several machines, of both byte orders, with DWARF 4 and 5, out of signed packages:
# both encoders, and what others read of the result. And of SUSE's kind, which dwz has packed.
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/sandbox.sh"
need python3 gpg rpmbuild rpmsign createrepo_c pahole bpftool clang
mkdir "$work/manifests"

# manifest ARCH: CentOS's, of one repository, and another signer
manifest()
{
	sed -e '/^\[release/,$d' -e "s/^key = .*/key = $(fingerprint "$work/$1/gnupg")/" \
		-e "s/^architectures = .*/architectures = $1/" "$top/manifests/centos.ini" \
		>"$work/manifests/centos.ini"
	printf '[release 8]\nversion = 8\nsuites = debuginfo:8/$basearch\nseries = 4.18\n' \
		>>"$work/manifests/centos.ini"
}

# build ARCH ARCHIVE [OPTION]...
build()
{
	arch=$1 archive=$work/$2
	shift 2
	"$btfgen" build --kernel 4.18 --distro centos --mirror "file:$work/$arch" --manifests "$work/manifests" \
		--keyring "$work/$arch/RPM-GPG-KEY-test" -a "$archive" --json "$@" >"$work/json" &&
		json 'd["done"] == 2 and d["failed"] == 0' "$work/json"
}

# Structs by bpftool, without their IDs: of BTF that pahole makes of the file, and of the archive's.
structs()
{
	bpftool btf dump file "$1" | sed -E 's/^\[[0-9]+\] //; s/type_id=[0-9]+ //' |
		awk '/^STRUCT/ { on = / '"'task_struct'"' / } /^[A-Z]/ && !/^STRUCT/ { on = 0 } on' | sort
}
same_struct() # FILE VERSION
{
	pahole -j1 --btf_gen_floats --btf_encode_detached="$work/hand.btf" "$1" &&
		"$btfgen" export -q -a "$work/full.kbtf" -k "$2" -o "$work/out.btf" &&
		structs "$work/hand.btf" >"$work/hand" && structs "$work/out.btf" >"$work/ours" &&
		[ "$(wc -l <"$work/ours")" -gt 5 ] && diff "$work/hand" "$work/ours"
}

members()
{
	bpftool btf dump file "$1" | sed -n "s/type_id=[0-9]* //; /bits_offset/p" | sort
}
same_members()
{
	members "$work/a.btf" >"$work/a" && members "$work/b.btf" >"$work/b" && [ -s "$work/a" ] &&
		diff "$work/a" "$work/b"
}

no_image()
{
	[ "$(find "$work/cache/btfgen/tmp" -mindepth 2 -type d | wc -l)" -eq 2 ] &&
		[ -z "$(find "$work/cache/btfgen/tmp" -type f -size +4k)" ] && rm -rf "$work/cache/btfgen/tmp"
}

minimized() # ARCHIVE VERSION OUT
{
	"$btfgen" export -q -a "$work/$1" -k "$2" --for "$programs/execsnoop.bpf.o" -o "$3"
}

programs=$(dirname "$btfgen")/bpf
for machine in x86_64 aarch64 s390x; do
	files=
	for version in 4 5; do
		kernel "$machine-$version" "4.18.0-$version.el8.$machine" "#1 SMP" --arch "$machine" --dwarf "$version"
		[ $? -ne 77 ] || break
		files="$files 4.18.0-$version.el8:$work/$machine-$version"
	done
	if [ -z "$files" ]; then
		skip "$machine" "no compiler for it: gcc-$machine-linux-gnu, or clang and lld"
		continue
	fi
	repository="$lib/make-rpm-repo $work/$machine --arch $machine"
	for file in $files; do
		repository="$repository $file"
	done
	# shellcheck disable=SC2086 # words
	t "$machine: a repository of two" $repository
	t "$machine: its manifest" manifest "$machine"
	rm -f "$work"/*.kbtf*
	t "$machine: by pahole" build "$machine" full.kbtf --for "$programs/execsnoop.bpf.o"
	t "$machine: straight from DWARF" build "$machine" min.kbtf --encoder dwarf --keep \
		--for "$programs/execsnoop.bpf.o"
	t "$machine: no vmlinux was written to the disk" no_image
	for version in 4 5; do
		release=4.18.0-$version.el8.$machine
		t "$machine, DWARF $version: task_struct is as pahole has it" same_struct \
			"$work/$machine-$version" "$release"
		t "$machine, DWARF $version: both encoders agree" "$btfgen" verify --against pahole \
			"$work/$machine-$version"
		t "$machine, DWARF $version: minimized BTF of the one" minimized full.kbtf "$release" "$work/a.btf"
		t "$machine, DWARF $version: of the other" minimized min.kbtf "$release" "$work/b.btf"
		t "$machine, DWARF $version: the same members at the same places" same_members
	done
done

cd "$work" || exit 1
if command -v dwz >/dev/null; then
	kernel packed 4.12.14-1-default '' --dwarf 4 --units 6
	cp packed plain
	t "dwz" dwz packed
	pahole=$(pahole --version | tr -d 'v\n')
	case $pahole in
	1.[0-9] | 1.[12][0-9] | 1.3[01])
		t_says 1 "packed by dwz, and pahole $pahole" "pahole is not asked" \
			"$btfgen" encode --encoder pahole -o packed.btf packed
		;;
	*)
		t_says 0 "relocations come out the same" "pahole reads it, too" \
			"$btfgen" verify -w "$work/cache" --against pahole --for "$programs/execsnoop.bpf.o" packed
		;;
	esac
	for file in packed plain; do
		t "straight from DWARF: $file" "$btfgen" encode -q --encoder dwarf --for "$programs/execsnoop.bpf.o" \
			-o $file.btf $file
	done
	t "both are the same" cmp packed.btf plain.btf
else
	skip "dwz" "it is missing"
fi

finish
