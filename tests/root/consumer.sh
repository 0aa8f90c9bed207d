#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An agent built outside of the project, from installed files alone: its skeleton's variables
# are the programs', whichever way globals work, and wherever its BTF comes from.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/sandbox.sh"
PATH=$PATH:/usr/sbin:/sbin
need make cc clang pkg-config bpftool readelf

[ "$(id -u)" -eq 0 ] || skip_all "loading BPF takes root"
[ -r /sys/kernel/btf/vmlinux ] || skip_all "this kernel has no BTF"
case $btfgen in
"$top"/build/btfgen) ;;
*) skip_all "BTFGEN names another program than the one that make builds" ;;
esac

root=$work/root
outside=$work/outside
mkdir "$outside"
t "make install" make -s -C "$top" DESTDIR="$root" PREFIX=/usr install
cp "$top"/tests/consumer/* "$outside"
export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_LIBDIR="$root/usr/lib/pkgconfig:$(
	pkg-config --variable pc_path pkg-config)"
export LD_LIBRARY_PATH="$root/usr/lib"

build_agent()
{
	(cd "$outside" && make -s OUT="$outside" BTFGEN="$root/usr/bin/btfgen" \
		ADD_FLAGS="--kernel $(uname -r) --arch $(uname -m) --kernel-version '$(uname -v)'")
}
t "the agent is built from installed files" build_agent
[ -x "$outside/agent" ] || { t "it is there" false; finish; }
t "its archive holds BTF minimized for its object" sh -c '"$1" stats -a "$2" | grep -w agent.bpf.o' \
	sh "$root/usr/bin/btfgen" "$outside/agent.kbtf"
t "the archive is in the program" sh -c 'readelf -Ws "$1" | grep -w agent_btf' sh "$outside/agent"

agent()
{
	"$outside/agent" 7 "$@"
}
version=$(uname -r | cut -d . -f 1,2)
# counts WHAT ARGUMENT...: $$ is the parent of all of them
counts()
{
	what=$1
	shift
	t_says 0 "step 3 calls 21
parent $$ comm agent kernel $version
step 1000 calls 1021" "$what" agent "$@"
}
# has WHAT TEXT, has_not WHAT TEXT: of the output of the last run
has()
{
	case $out in *"$2"*) tap_has=0 ;; *) tap_has=1 ;; esac
	tap_result $tap_has "$1"
}
has_not()
{
	case $out in *"$2"*) tap_has=1 ;; *) tap_has=0 ;; esac
	tap_result $tap_has "$1"
}

counts "with the kernel's BTF"
has_not "and its own variables" "through array maps"
counts "with the kernel's BTF, globals forced" force
has "which are four" "count: 4 sections of global variables through array maps"
counts "with the archive's BTF" archive
has "minimized for the skeleton's object" "from the archive, minimized for this object"
counts "with the archive's BTF, globals forced" archive force
has "both said" "minimized for this object"

finish
