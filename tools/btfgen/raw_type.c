/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "raw_type.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *keyword;
} kinds[] = {
	[BTF_KIND_UNKN] = { "UNKNOWN", "void" },
	[BTF_KIND_INT] = { "INT", "int" },
	[BTF_KIND_PTR] = { "PTR", "ptr" },
	[BTF_KIND_ARRAY] = { "ARRAY", "array" },
	[BTF_KIND_STRUCT] = { "STRUCT", "struct" },
	[BTF_KIND_UNION] = { "UNION", "union" },
	[BTF_KIND_ENUM] = { "ENUM", "enum" },
	[BTF_KIND_FWD] = { "FWD", "fwd" },
	[BTF_KIND_TYPEDEF] = { "TYPEDEF", "typedef" },
	[BTF_KIND_VOLATILE] = { "VOLATILE", "volatile" },
	[BTF_KIND_CONST] = { "CONST", "const" },
	[BTF_KIND_RESTRICT] = { "RESTRICT", "restrict" },
	[BTF_KIND_FUNC] = { "FUNC", "func" },
	[BTF_KIND_FUNC_PROTO] = { "FUNC_PROTO", "func_proto" },
	[BTF_KIND_VAR] = { "VAR", "var" },
	[BTF_KIND_DATASEC] = { "DATASEC", "datasec" },
	[BTF_KIND_FLOAT] = { "FLOAT", "float" },
	[BTF_KIND_DECL_TAG] = { "DECL_TAG", "decl_tag" },
	[BTF_KIND_TYPE_TAG] = { "TYPE_TAG", "type_tag" },
	[BTF_KIND_ENUM64] = { "ENUM64", "enum" },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *raw_type__keyword(const struct btf_type *type)
{
	return btf_kind(type) < KINDS ? kinds[btf_kind(type)].keyword : "?";
}

static const char *name_at(const struct btf *btf, __u32 offset)
{
	const char *name = btf__name_by_offset(btf, offset);

	return name && *name ? name : "(anon)";
}

static void print_int(const struct btf_type *type)
{
	__u8 encoding = btf_int_encoding(type);

	printf(" size=%u bits_offset=%u nr_bits=%u encoding=%s", type->size, btf_int_offset(type),
	       btf_int_bits(type), encoding & BTF_INT_SIGNED ? "SIGNED" : encoding & BTF_INT_CHAR ?
	       "CHAR" : encoding & BTF_INT_BOOL ? "BOOL" : "(none)");
}

static void print_members(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_member *member = btf_members(type);

	printf(" size=%u vlen=%u", type->size, btf_vlen(type));
	for (__u32 i = 0; i < btf_vlen(type); i++, member++) {
		__u32 bits = btf_member_bitfield_size(type, i);

		printf("\n\t'%s' type_id=%u bits_offset=%u", name_at(btf, member->name_off),
		       member->type, btf_member_bit_offset(type, i));
		if (bits)
			printf(" bitfield_size=%u", bits);
	}
}

static void print_enum(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_enum *value = btf_enum(type);

	printf(" encoding=%s size=%u vlen=%u", btf_kflag(type) ? "SIGNED" : "UNSIGNED", type->size,
	       btf_vlen(type));
	for (__u32 i = 0; i < btf_vlen(type); i++, value++)
		printf(btf_kflag(type) ? "\n\t'%s' val=%d" : "\n\t'%s' val=%u",
		       name_at(btf, value->name_off), value->val);
}

static void print_enum64(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_enum64 *value = btf_enum64(type);

	printf(" encoding=%s size=%u vlen=%u", btf_kflag(type) ? "SIGNED" : "UNSIGNED", type->size,
	       btf_vlen(type));
	for (__u32 i = 0; i < btf_vlen(type); i++, value++) {
		__u64 number = btf_enum64_value(value);

		if (btf_kflag(type))
			printf("\n\t'%s' val=%" PRId64 "LL", name_at(btf, value->name_off),
			       (int64_t)number);
		else
			printf("\n\t'%s' val=%" PRIu64 "ULL", name_at(btf, value->name_off),
			       (uint64_t)number);
	}
}

static void print_proto(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_param *param = btf_params(type);

	printf(" ret_type_id=%u vlen=%u", type->type, btf_vlen(type));
	for (__u32 i = 0; i < btf_vlen(type); i++, param++)
		printf("\n\t'%s' type_id=%u", name_at(btf, param->name_off), param->type);
}

static void print_section(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_var_secinfo *info = btf_var_secinfos(type);

	printf(" size=%u vlen=%u", type->size, btf_vlen(type));
	for (__u32 i = 0; i < btf_vlen(type); i++, info++) {
		const struct btf_type *var = btf__type_by_id(btf, info->type);

		printf("\n\ttype_id=%u offset=%u size=%u (VAR '%s')", info->type, info->offset,
		       info->size, var ? name_at(btf, var->name_off) : "?");
	}
}

static const char *linkage(__u32 value)
{
	static const char *const names[] = { "static", "global", "extern" };

	return value < 3 ? names[value] : "?";
}

void raw_type__print(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);
	__u32 kind = btf_kind(type);

	printf("[%u] %s '%s'", id, kind < KINDS ? kinds[kind].name : "?",
	       name_at(btf, type->name_off));
	switch (kind) {
	case BTF_KIND_INT:
		print_int(type);
		break;
	case BTF_KIND_ARRAY:
		printf(" type_id=%u index_type_id=%u nr_elems=%u", btf_array(type)->type,
		       btf_array(type)->index_type, btf_array(type)->nelems);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		print_members(btf, type);
		break;
	case BTF_KIND_ENUM:
		print_enum(btf, type);
		break;
	case BTF_KIND_ENUM64:
		print_enum64(btf, type);
		break;
	case BTF_KIND_FWD:
		printf(" fwd_kind=%s", btf_kflag(type) ? "union" : "struct");
		break;
	case BTF_KIND_FUNC:
		printf(" type_id=%u linkage=%s", type->type, linkage(btf_vlen(type)));
		break;
	case BTF_KIND_FUNC_PROTO:
		print_proto(btf, type);
		break;
	case BTF_KIND_VAR:
		printf(" type_id=%u, linkage=%s", type->type, linkage(btf_var(type)->linkage));
		break;
	case BTF_KIND_DATASEC:
		print_section(btf, type);
		break;
	case BTF_KIND_FLOAT:
		printf(" size=%u", type->size);
		break;
	case BTF_KIND_DECL_TAG:
		printf(" type_id=%u component_idx=%d", type->type,
		       btf_decl_tag(type)->component_idx);
		break;
	default: /* pointers, modifiers, typedefs, tags */
		printf(" type_id=%u", type->type);
	}
	putchar('\n');
}
