/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "type_text.h"

#include <inttypes.h>
#include <string.h>

/* No honest type comes near; what says that it contains itself ends there. */
#define MAX_DEPTH 64
#define MAX_LENGTH (1u << 16)

struct text {
	struct buf *out;
	const struct btf *btf;
	size_t end; /* of what may be written */
	int how;
};

static void write_left(const struct text *it, __u32 id, unsigned int depth);
static void write_right(const struct text *it, __u32 id, unsigned int depth);

const char *type_text__name(const struct btf *btf, const struct btf_type *type)
{
	return btf__name_by_offset(btf, type->name_off) ?: "";
}

static bool is_qualifier(const struct btf_type *type)
{
	return btf_is_mod(type) || btf_is_type_tag(type);
}

const struct btf_type *type_text__unqualified(const struct btf *btf, __u32 id)
{
	for (unsigned int depth = 0; depth < MAX_DEPTH && id; depth++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (!type || !is_qualifier(type))
			return type;
		id = type->type;
	}
	return NULL;
}

/* What is declared binds tighter to these than to a star, which then needs parentheses. */
static bool binds_tighter(const struct text *it, __u32 id)
{
	const struct btf_type *type = type_text__unqualified(it->btf, id);

	for (unsigned int depth = 0; type && depth < MAX_DEPTH && it->how & TYPE_TEXT_RESOLVED &&
	     btf_is_typedef(type); depth++)
		type = type_text__unqualified(it->btf, type->type);
	return type && (btf_is_array(type) || btf_is_func_proto(type));
}

static bool is_cut(const struct text *it, unsigned int depth)
{
	return depth > MAX_DEPTH || it->out->len > it->end;
}

static char last_of(const struct text *it)
{
	return it->out->len ? (char)it->out->data[it->out->len - 1] : '\0';
}

static void declare(const struct text *it, __u32 id, const char *name, unsigned int depth)
{
	write_left(it, id, depth);
	if (*name && last_of(it) != '*')
		buf__add_u8(it->out, ' ');
	buf__add(it->out, name, strlen(name));
	write_right(it, id, depth);
}

static void write_members(const struct text *it, const struct btf_type *type, unsigned int depth)
{
	const struct btf_member *member = btf_members(type);

	buf__printf(it->out, "/* %u */ { ", type->size);
	for (__u32 i = 0; i < btf_vlen(type) && !is_cut(it, depth); i++, member++) {
		declare(it, member->type, btf__name_by_offset(it->btf, member->name_off) ?: "",
			depth + 1);
		buf__printf(it->out, " @%u:%u; ", btf_member_bit_offset(type, i),
			    btf_member_bitfield_size(type, i));
	}
	buf__add_u8(it->out, '}');
}

static void write_enumerators(const struct text *it, const struct btf_type *type)
{
	buf__printf(it->out, "/* %u %u */ { ", type->size, btf_kflag(type));
	for (__u32 i = 0; i < btf_vlen(type) && !is_cut(it, 0); i++) {
		bool wide = btf_is_enum64(type);
		__u32 name = wide ? btf_enum64(type)[i].name_off : btf_enum(type)[i].name_off;

		buf__printf(it->out, "%s = %" PRId64 ", ", btf__name_by_offset(it->btf, name) ?: "",
			    wide ? (int64_t)btf_enum64_value(&btf_enum64(type)[i])
				 : (int64_t)btf_enum(type)[i].val);
	}
	buf__add_u8(it->out, '}');
}

static void write_tagged(const struct text *it, const struct btf_type *type, unsigned int depth)
{
	const char *name = type_text__name(it->btf, type);
	bool is_enum = btf_is_any_enum(type);

	buf__printf(it->out, "%s ", is_enum ? "enum" : btf_is_union(type) ||
		    (btf_is_fwd(type) && btf_kflag(type)) ? "union" : "struct");
	if (*name)
		buf__add(it->out, name, strlen(name));
	else if (!(it->how & TYPE_TEXT_BODIES))
		buf__printf(it->out, "{ ... }");
	else if (is_enum)
		write_enumerators(it, type);
	else if (btf_is_composite(type))
		write_members(it, type, depth);
}

static const char *qualifier_of(const struct text *it, const struct btf_type *type)
{
	switch (btf_kind(type)) {
	case BTF_KIND_CONST:
		return "const";
	case BTF_KIND_VOLATILE:
		return "volatile";
	case BTF_KIND_RESTRICT:
		return "restrict";
	default: /* a tag: the kernel's macro for it has the name with __ before it */
		return it->how & TYPE_TEXT_RESOLVED ? NULL : "__";
	}
}

/* A pointer's qualifiers stand behind its star, others in front. */
static void write_qualified(const struct text *it, const struct btf_type *type, unsigned int depth)
{
	const struct btf_type *target = type_text__unqualified(it->btf, type->type);
	const char *name = btf_is_type_tag(type) ? type_text__name(it->btf, type) : "";
	const char *word = qualifier_of(it, type);

	if (!target || !btf_is_ptr(target)) {
		if (word)
			buf__printf(it->out, "%s%s ", word, name);
		write_left(it, type->type, depth + 1);
		return;
	}
	write_left(it, type->type, depth + 1);
	if (word)
		buf__printf(it->out, "%s%s%s", last_of(it) == '*' ? "" : " ", word, name);
}

static void write_star(const struct text *it, const struct btf_type *type, unsigned int depth)
{
	write_left(it, type->type, depth + 1);
	if (binds_tighter(it, type->type))
		buf__printf(it->out, " (*");
	else
		buf__printf(it->out, last_of(it) == '*' ? "*" : " *");
}

static void write_left(const struct text *it, __u32 id, unsigned int depth)
{
	const struct btf_type *type = id ? btf__type_by_id(it->btf, id) : NULL;

	if (is_cut(it, depth) || (id && !type)) {
		buf__printf(it->out, "...");
		return;
	}
	switch (type ? btf_kind(type) : BTF_KIND_UNKN) {
	case BTF_KIND_UNKN:
		buf__printf(it->out, "void");
		break;
	case BTF_KIND_PTR:
		write_star(it, type, depth);
		break;
	case BTF_KIND_ARRAY:
		write_left(it, btf_array(type)->type, depth + 1);
		break;
	case BTF_KIND_FUNC_PROTO:
		write_left(it, type->type, depth + 1);
		break;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		write_qualified(it, type, depth);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_FWD:
		write_tagged(it, type, depth);
		break;
	case BTF_KIND_TYPEDEF:
		if (it->how & TYPE_TEXT_RESOLVED) {
			write_left(it, type->type, depth + 1);
			break;
		}
		/* fall through */
	default:
		buf__printf(it->out, "%s", type_text__name(it->btf, type));
	}
}

static void write_params(const struct text *it, const struct btf_type *proto, unsigned int depth)
{
	const struct btf_param *param = btf_params(proto);
	__u32 count = btf_vlen(proto);

	buf__printf(it->out, count ? "(" : "(void");
	for (__u32 i = 0; i < count && !is_cut(it, depth); i++, param++) {
		const char *name = it->how & TYPE_TEXT_PARAM_NAMES ?
			btf__name_by_offset(it->btf, param->name_off) : NULL;

		buf__printf(it->out, "%s", i ? ", " : "");
		if (i && i == count - 1 && !param->type)
			buf__printf(it->out, "...");
		else
			declare(it, param->type, name ?: "", depth + 1);
	}
	buf__add_u8(it->out, ')');
}

static void write_right(const struct text *it, __u32 id, unsigned int depth)
{
	const struct btf_type *type = id ? btf__type_by_id(it->btf, id) : NULL;

	if (is_cut(it, depth) || !type)
		return;
	switch (btf_kind(type)) {
	case BTF_KIND_PTR:
		if (binds_tighter(it, type->type))
			buf__add_u8(it->out, ')');
		write_right(it, type->type, depth + 1);
		break;
	case BTF_KIND_ARRAY:
		buf__printf(it->out, "[%u]", btf_array(type)->nelems);
		write_right(it, btf_array(type)->type, depth + 1);
		break;
	case BTF_KIND_FUNC_PROTO:
		write_params(it, type, depth);
		/* fall through */
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		write_right(it, type->type, depth + 1);
		break;
	case BTF_KIND_TYPEDEF:
		if (it->how & TYPE_TEXT_RESOLVED)
			write_right(it, type->type, depth + 1);
		break;
	default:
		break;
	}
}

void type_text__add(struct buf *out, const struct btf *btf, __u32 id, const char *name, int how)
{
	const struct text it = { .out = out, .btf = btf, .end = out->len + MAX_LENGTH, .how = how };

	declare(&it, id, name, 0);
}
