#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The main job on a real kernel: the newest 6.1 of bookworm's cloud flavour, from this
# machine's Debian mirror, compared with what the reference tools make of the same package.
. "$(dirname "$0")/../lib/tap.sh"
. "$top/tests/lib/real-kernels.sh"
need_debian
need_space 3

kernel=$(newest_kernel --release bookworm --arch x86_64 --kernel '6.1.*-cloud-amd64' 2>"$work/.out")
tap_result $? "btfgen list knows a 6.1 cloud kernel: $kernel"
[ -n "$kernel" ] || finish

check_kernel "$kernel" x86_64 both --release bookworm

# The cache is shared: nothing is fetched again, and the same input gives the same bytes.
t "a fresh archive" on --release bookworm --arch x86_64 --kernel "$kernel" --encoder pahole \
	-a "$work/fresh.kbtf" --json
echo "$out" >"$work/fresh.out"
t "needs no package fetched" grep -q '"fetched_bytes": 0' "$work/fresh.out"
t "has the same kernels" same_archive "$work/fresh.kbtf" "$work/$kernel/pahole.kbtf"
t "no scratch files are left" [ -z "$(find "$cache/tmp" -mindepth 1 ! -name lock)" ]

finish
