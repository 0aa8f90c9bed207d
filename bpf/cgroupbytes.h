/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What cgroupbytes.bpf.c keeps in its map "traffic": struct cgroupbytes_key -> _count. */
#ifndef BPF_CGROUPBYTES_H
#define BPF_CGROUPBYTES_H

#ifndef __VMLINUX_H__
#include <linux/bpf.h>
#include <linux/types.h>
#endif

enum cgroupbytes_direction {
	CGROUPBYTES_INGRESS,
	CGROUPBYTES_EGRESS
};

struct cgroupbytes_key {
	__u8 direction;
	__u8 version;              /* of IP: 4 or 6; or 0, for what is no IP */
	__u8 protocol;             /* IPPROTO_*; of IPv6, the first header's next one */
	__u8 unused;
};

struct cgroupbytes_count {
	__u64 packets;
	__u64 bytes;               /* from the network layer's header on */
	struct bpf_spin_lock lock; /* of the two; kernels before 5.1 see four bytes and no lock */
};

#endif
