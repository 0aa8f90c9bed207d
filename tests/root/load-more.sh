#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# btfload on this machine's kernel: programs of cgroups, and of disks.
# shellcheck disable=SC2154 # $work and others are of tests/lib
. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/live.sh"

# ---- cgroups ---------------------------------------------------------------------------

counts_packets()
{
	watch cgroupbytes --cgroup "$cgroup" "$@" && send_packets 25 && unwatch && told_packets 25
}

if ! own_cgroup; then
	skip "cgroupbytes" "$no_cgroup"
else
	t "cgroupbytes counts packets, under a lock" counts_packets
	t "the same with an archive's BTF" counts_packets --no-kernel-btf -a "$archive"
	t "the same with the globals pass forced" counts_packets --legacy-globals force
fi
# ---- disks -----------------------------------------------------------------------------

# 60 writes and 60 reads that go to the disk, and what others do besides
does_io()
{
	dd if=/dev/zero of="$work/io" bs=4k count=60 oflag=direct 2>/dev/null &&
		dd if="$work/io" of=/dev/null bs=4k iflag=direct 2>/dev/null
}

times_disks_once()
{
	watch biolatency "$@" || return 1
	does_io || return 1
	unwatch || return 1
	python3 - "$work/events" "$disk" "$swaps" <<'TIMES'
import json, sys
swaps = sys.argv[3]
lines = [json.loads(line) for line in open(sys.argv[1])]
for operation in "read", "write":
    own = [l for l in lines if l["disk"] == sys.argv[2] and l["operation"] == operation]
    longest = [l["longest_us"] for l in own if "longest_us" in l]
    slots = [l for l in own if "count" in l]
    print(operation, longest, slots)
    assert sum(s["count"] for s in slots) >= 60 and slots[0]["count"] > 0
    assert len(longest) == 1 and slots[-1]["count"] > 0
    assert 0 < longest[0] <= slots[-1]["to_us"]
    # where nothing swaps, of two at once the shorter may be stored last
    assert longest[0] >= slots[-1]["from_us"] or swaps == "no"
TIMES
}

# The map is read while others go on: what is counted in between fits with nothing, so again.
times_disks()
{
	times_disks_once "$@" || times_disks_once "$@"
}

# The object without its raw tracepoints, as kernels before 4.17 have it.
without_raw()
{
	mkdir "$work/plain" && bpftool btf dump file /sys/kernel/btf/vmlinux format c >"$work/plain/vmlinux.h" &&
		awk '/^SEC\("raw_tracepoint/ { skip = 1 } !skip { print } /^}/ { skip = 0 }' \
			"$top/bpf/biolatency.bpf.c" >"$work/plain/biolatency.bpf.c" &&
		clang -target bpf -mcpu=v1 -g -O2 -Wno-unused-function -isystem "$work/plain" -I "$top/bpf" -c \
			-o "$work/plain/biolatency.bpf.o" "$work/plain/biolatency.bpf.c"
}

times_disks_plainly()
{
	(export BTFGEN_OBJECTS="$work/plain" && times_disks)
}

PATH=$PATH:/usr/sbin:/sbin
disk=$(basename "$(readlink "/sys/dev/block/$(stat -c '%Hd:%Ld' "$work")" 2>/dev/null)")
if [ ! -e "/sys/block/$disk/stat" ] || ! does_io; then
	skip "biolatency" "no whole disk is below $work, or it can't be written to directly"
elif ! command -v python3 >/dev/null; then
	skip "biolatency" "python3 is missing"
else
	swaps=no
	! "$btfload" biolatency --load-only --explain | grep -q 'complete: by complete___swap' || swaps=yes
	t "biolatency counts what a disk does" times_disks
	t "the same with an archive's BTF" times_disks --no-kernel-btf -a "$archive"
	if command -v clang >/dev/null && command -v bpftool >/dev/null; then
		t "the object without raw tracepoints" without_raw
		swaps=no
		t "which counts the same" times_disks_plainly
	else
		skip "plain tracepoints" "clang or bpftool is missing"
	fi
fi

# ---- alternatives ------------------------------------------------------------------------

cat >"$work/two.bpf.c" <<'TWO'
#define SEC(name) __attribute__((section(name), used))
SEC("raw_tp/sys_enter") int only___wild(long *ctx) { return *(volatile int *)ctx[0]; }
#ifdef TAME
SEC("raw_tp/sys_enter") int only___tame(long *ctx) { return 0; }
#endif
char LICENSE[] SEC("license") = "GPL";
TWO
two()
{
	clang -target bpf -mcpu=v1 -O2 "$@" -c -o "$work/two.bpf.o" "$work/two.bpf.c"
}
if command -v clang >/dev/null; then
	t "an object of two alternatives" two -DTAME
	t_says 0 "only: by only___tame" "the second is taken where the verifier refuses the first" \
		"$btfload" run "$work/two.bpf.o" --load-only --explain
	t_says 1 "only___wild (raw_tp/sys_enter) does not load" "but not if it must be right" \
		"$btfload" run "$work/two.bpf.o" --load-only --strict
	t "an object of the first alone" two
	t_says 1 "none of its programs can be loaded" "has nothing in its place" \
		"$btfload" run "$work/two.bpf.o" --load-only
else
	skip "alternatives" "clang is missing"
fi

# ---- names that are no text -----------------------------------------------------------------

# byte 377 in what it attaches to
odd_name()
{
	clang -target bpf -mcpu=v1 -O2 -c -o "$work/odd.o" -x c - <<'ODD' &&
__attribute__((section("raw_tp/nobody_x"), used)) int program(void *ctx) { return 0; }
char LICENSE[] __attribute__((section("license"), used)) = "GPL";
ODD
		LC_ALL=C sed "s/nobody_x/nobody_$(printf '\377')/" "$work/odd.o" >"$work/odd.bpf.o"
}

if command -v clang >/dev/null; then
	t "an object with a name that is not UTF-8" odd_name
	t_says 3 '"section":"raw_tp/nobody_?","attached":false' "its program is told of in JSON" \
		"$btfload" run "$work/odd.bpf.o" --explain --json
else
	skip "names that are no text" "clang is missing"
fi

# ---- sections of variables ----------------------------------------------------------------

# as many as are asked for, and a program that uses all
sections() # COUNT
{
	{
		echo '#define SEC(name) __attribute__((section(name), used))'
		seq "$1" | sed 's/.*/int v& SEC(".data.s&") = &;/'
		echo 'SEC("raw_tp/sys_enter") int use_all(void *ctx) {'
		seq "$1" | sed 's/.*/v&++;/'
		echo 'return 0; } char LICENSE[] SEC("license") = "GPL";'
	} >"$work/sections.bpf.c" &&
		clang -target bpf -mcpu=v1 -g -O2 -c -o "$work/sections.bpf.o" "$work/sections.bpf.c"
}

if command -v clang >/dev/null; then
	t "an object with 40 sections of variables" sections 40
	for when in off force; do
		t "it loads, legacy globals $when" "$btfload" run "$work/sections.bpf.o" --load-only \
			--strict --set v40=7 --legacy-globals "$when"
	done
	t "an object with 65" sections 65
	t_says 1 "the object has more global variables than are taken: 64 sections" \
		"is refused, and why is said" "$btfload" run "$work/sections.bpf.o" --load-only
else
	skip "sections of variables" "clang is missing"
fi

# ---- maps ---------------------------------------------------------------------------------

if [ -r "$(dirname "$btfgen")/vmlinux.h" ] && command -v clang >/dev/null; then
	t "an object with storage for each cgroup" clang -target bpf -mcpu=v1 -g -O2 \
		-isystem "$(dirname "$btfgen")" -c -o "$work/storage.bpf.o" \
		"$top/tests/fixtures/cgroup_storage.bpf.c"
	t "such maps are given no size" "$btfload" run "$work/storage.bpf.o" --load-only --strict
else
	skip "storage for each cgroup" "clang or vmlinux.h is missing"
fi

# ---- events -------------------------------------------------------------------------------

# An object that sends the first 8 bytes of its event, once.
cut_event()
{
	clang -target bpf -mcpu=v1 -g -O2 -isystem "$(dirname "$btfgen")" -c -o "$work/cut.bpf.o" -x c - <<'CUT'
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct event {
	int number;
	char text[100];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, int);
	__type(value, long);
	__uint(max_entries, 4);
} seen SEC(".maps");
struct event *type_of_events;
int sent;
SEC("raw_tp/sys_enter") int send_event(void *ctx)
{
	struct event event = { .number = 4242, .text = "cut" };
	int key = 258;
	long value = 7;

	if (sent || bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, 8))
		return 0;
	sent = 1;
	bpf_map_update_elem(&seen, &key, &value, BPF_ANY);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
CUT
}

if [ -r "$(dirname "$btfgen")/vmlinux.h" ] && command -v clang >/dev/null; then
	t "an object that cuts its events" cut_event
	t_says 0 '.number = (int)4242,' "they are printed by their type" \
		"$btfload" run "$work/cut.bpf.o" -D 2
	"$btfload" run "$work/cut.bpf.o" -D 2 --json >"$work/cut.json"
	t "events in JSON, by their type" grep -q '^{"type":"event","value":{"number":4242,"text":"' \
		"$work/cut.json"
	t "maps, too" grep -qxF '{"map":"seen","key":258,"value":7}' "$work/cut.json"
else
	skip "events that are cut" "clang or vmlinux.h is missing"
fi

# ---- what goes wrong ---------------------------------------------------------------------

t_says 3 "is no cgroup of the hierarchy v2" "what is no cgroup" "$btfload" cgroupbytes --cgroup "$work"
t "which is all that is said" sh -c '[ "$("$1" cgroupbytes --cgroup "$2" 2>&1 >/dev/null |
	wc -l)" -eq 1 ]' sh "$btfload" "$work"
t_says 3 "No such file" "a cgroup that is not there" \
	"$btfload" cgroupbytes --cgroup "$work/none"
finish
