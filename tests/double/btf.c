/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sources: btf_check_meta() and btf_int_check_meta() of kernel/bpf/btf.c, BTF_INFO_MASK
 * there, enum of kinds in include/uapi/linux/btf.h. 4.18 knows the kinds up to RESTRICT,
 * el8 FUNC and FUNC_PROTO, too.
 */
#include "btf.h"

#include <errno.h>
#include <linux/btf.h>
#include <string.h>

#include "kernels.h"

/* What follows struct btf_type, in bytes, for the kinds up to FUNC_PROTO. */
static size_t size_behind(unsigned int kind, unsigned int count)
{
	switch (kind) {
	case BTF_KIND_INT: return 4;
	case BTF_KIND_ARRAY: return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: return count * sizeof(struct btf_member);
	case BTF_KIND_ENUM: return count * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO: return count * sizeof(struct btf_param);
	default: return 0;
	}
}

static int check_type(const struct btf_type *type, unsigned int id, struct verdict *verdict)
{
	unsigned int kind = type->info >> 24 & 0x1f;

	if (type->info & ~kernel->btf_info_mask)
		return refuse(verdict, -EINVAL, "[%u] Invalid btf_info:%x", id, type->info);
	if (kind == BTF_KIND_UNKN || (int)kind > kernel->last_btf_kind)
		return refuse(verdict, -EINVAL, "[%u] Invalid kind:%u", id, kind);
	return 0;
}

int btf__check(const void *data, size_t size, struct verdict *verdict)
{
	struct btf_header header;
	size_t at, end;

	if (size < sizeof(header))
		return -EINVAL;
	memcpy(&header, data, sizeof(header));
	at = (size_t)header.hdr_len + header.type_off;
	end = at + header.type_len;
	if (end > size)
		return -EINVAL;
	for (unsigned int id = 1; at + sizeof(struct btf_type) <= end; id++) {
		struct btf_type type;
		int err;

		memcpy(&type, (const char *)data + at, sizeof(type));
		err = check_type(&type, id, verdict);
		if (err)
			return err;
		at += sizeof(type) + size_behind(BTF_INFO_KIND(type.info), BTF_INFO_VLEN(type.info));
	}
	return 0;
}
