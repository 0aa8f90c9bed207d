/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "type_shape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "type_text.h"

/* Far above any kernel's; beyond them unnamed types must contain themselves. */
#define MAX_NESTING 32
#define MAX_MEMBERS (1u << 20)

static bool is_unnamed_composite(const struct btf *btf, const struct btf_type *type)
{
	return type && btf_is_composite(type) && !*type_text__name(btf, type);
}

/* ---- members ---------------------------------------------------------------------------------- */

struct place {
	const char *prefix;
	uint64_t offset;
	unsigned int depth;
};

static int add_members(struct type_shape *shape, const struct btf_type *type,
		       const struct place *place);

static int add_member(struct type_shape *shape, const struct shape_member *member)
{
	size_t count = shape->member_count;

	if (count == MAX_MEMBERS)
		return -E2BIG;
	if ((count & (count - 1)) == 0) {
		struct shape_member *grown = reallocarray(shape->members, count ? 2 * count : 1,
							  sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		shape->members = grown;
	}
	shape->members[shape->member_count++] = *member;
	return 0;
}

/* The type of an array's elements, and "[]" for each dimension; else what it was given. */
static const struct btf_type *element_of(const struct btf *btf, const struct btf_type *type,
					 struct buf *path)
{
	for (unsigned int depth = 0; type && btf_is_array(type) && depth < MAX_NESTING; depth++) {
		buf__printf(path, "[]");
		type = type_text__unqualified(btf, btf_array(type)->type);
	}
	return type;
}

/* RHEL's kABI macros make such names, of which a counter of the compiler's is no part. */
static int length_of_name(const char *name)
{
	static const char prefix[] = "__UNIQUE_ID_";
	size_t len = strlen(name);

	if (strncmp(name, prefix, strlen(prefix)) == 0)
		while (name[len - 1] >= '0' && name[len - 1] <= '9')
			len--;
	return (int)len;
}

/* One with a name: itself, and what is in it if that has no other name. */
static int add_named(struct type_shape *shape, const struct shape_member *found,
		     const struct place *place, const char *name)
{
	_cleanup_buf_ struct buf path = {};
	struct shape_member member = *found;
	const struct btf_type *inner;
	int res;

	buf__printf(&path, "%s%.*s", place->prefix, length_of_name(name), name);
	member.path = buf__cstr(&path) ? strdup(buf__cstr(&path)) : NULL;
	if (!member.path)
		return -ENOMEM;
	inner = element_of(shape->btf, type_text__unqualified(shape->btf, member.type), &path);
	member.is_body = is_unnamed_composite(shape->btf, inner);
	res = add_member(shape, &member);
	if (res) {
		free(member.path);
		return res;
	}
	if (!member.is_body)
		return 0;
	buf__add_u8(&path, '.');
	if (!buf__cstr(&path))
		return -ENOMEM;
	return add_members(shape, inner, &(struct place){ buf__cstr(&path), member.offset,
							  place->depth + 1 });
}

static int add_members(struct type_shape *shape, const struct btf_type *type,
		       const struct place *place)
{
	const struct btf_member *given = btf_members(type);
	int res = place->depth > MAX_NESTING ? -E2BIG : 0;

	for (__u32 i = 0; !res && i < btf_vlen(type); i++, given++) {
		const char *name = btf__name_by_offset(shape->btf, given->name_off) ?: "";
		const struct btf_type *inner = type_text__unqualified(shape->btf, given->type);
		const struct shape_member member = {
			.offset = place->offset + btf_member_bit_offset(type, i),
			.bits = btf_member_bitfield_size(type, i),
			.type = given->type,
		};

		/* one without a name is seen through, whatever its type is called */
		if (!*name && inner && btf_is_composite(inner))
			res = add_members(shape, inner, &(struct place){ place->prefix, member.offset,
									 place->depth + 1 });
		else
			res = add_named(shape, &member, place, name);
	}
	return res;
}

/* ---- enumerators ------------------------------------------------------------------------------ */

static int add_enumerators(struct type_shape *shape)
{
	const struct btf_type *type = shape->body;
	/* of 8 bytes it is of an encoder that knew no enums of 64 bits, and cut its values */
	bool is_signed = btf_kflag(type) || type->size > 4;
	__u32 count = btf_vlen(type);

	shape->enumerators = calloc(count + 1, sizeof(*shape->enumerators));
	if (!shape->enumerators)
		return -ENOMEM;
	for (__u32 i = 0; i < count; i++) {
		struct shape_enumerator *to = &shape->enumerators[shape->enumerator_count++];

		if (btf_is_enum64(type)) {
			to->name = btf__name_by_offset(shape->btf, btf_enum64(type)[i].name_off);
			to->value = (int64_t)btf_enum64_value(&btf_enum64(type)[i]);
		} else {
			__s32 value = btf_enum(type)[i].val;

			to->name = btf__name_by_offset(shape->btf, btf_enum(type)[i].name_off);
			to->value = is_signed ? (int64_t)value : (int64_t)(__u32)value;
		}
		to->name = to->name ?: "";
	}
	return 0;
}

/* ---- all of it --------------------------------------------------------------------------------- */

static bool has_members(const struct type_shape *shape)
{
	return btf_is_composite(shape->body);
}

bool type_shape__has_size(const struct type_shape *shape)
{
	const struct btf_type *body = shape->body;

	return btf_is_composite(body) || btf_is_any_enum(body) ||
	       (body == shape->type && (btf_is_int(body) || btf_is_float(body)));
}

void type_shape__declare(const struct type_shape *shape, struct buf *out)
{
	const char *name = type_text__name(shape->btf, shape->type);

	if (btf_is_func(shape->type)) {
		type_text__add(out, shape->btf, shape->type->type, name, TYPE_TEXT_PARAM_NAMES);
	} else if (btf_is_typedef(shape->type)) {
		buf__printf(out, "typedef ");
		type_text__add(out, shape->btf, shape->type->type, name, 0);
	} else if (btf_is_var(shape->type)) {
		type_text__add(out, shape->btf, shape->type->type, name, 0);
	} else {
		type_text__add(out, shape->btf, shape->id, "", 0);
	}
}

void type_shape__target(const struct type_shape *shape, int how, struct buf *out)
{
	const struct btf_type *type = shape->type;

	if (btf_is_int(type))
		buf__printf(out, "%u bytes, %u bits from bit %u%s%s%s", type->size, btf_int_bits(type),
			    btf_int_offset(type),
			    btf_int_encoding(type) & BTF_INT_SIGNED ? ", signed" : "",
			    btf_int_encoding(type) & BTF_INT_CHAR ? ", char" : "",
			    btf_int_encoding(type) & BTF_INT_BOOL ? ", bool" : "");
	else if (btf_is_float(type))
		buf__printf(out, "%u bytes", type->size);
	else if (shape->body != type)
		buf__printf(out, "%s", btf_is_any_enum(shape->body) ? "enum { ... }" :
			    btf_is_union(shape->body) ? "union { ... }" : "struct { ... }");
	else if (btf_is_typedef(type) || btf_is_func(type) || btf_is_var(type))
		type_text__add(out, shape->btf, type->type, "", how);
}

void shape_member__type(const struct type_shape *shape, const struct shape_member *member, int how,
			struct buf *out)
{
	type_text__add(out, shape->btf, member->type, "",
		       member->is_body ? how & ~TYPE_TEXT_BODIES : how);
}

static int write_text(struct type_shape *shape)
{
	_cleanup_buf_ struct buf text = {};

	type_shape__target(shape, TYPE_TEXT_BODIES, &text);
	if (type_shape__has_size(shape))
		buf__printf(&text, " %u%s", shape->body->size,
			    btf_is_any_enum(shape->body) && btf_kflag(shape->body) ? " signed" : "");
	for (size_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];

		buf__printf(&text, "; %s @%" PRIu64 ":%u ", member->path, member->offset,
			    member->bits);
		shape_member__type(shape, member, TYPE_TEXT_BODIES, &text);
	}
	for (size_t i = 0; i < shape->enumerator_count; i++)
		buf__printf(&text, "; %s = %" PRId64, shape->enumerators[i].name,
			    shape->enumerators[i].value);
	buf__add_u8(&text, '\0');
	shape->text = (char *)buf__steal(&text, NULL);
	return shape->text ? 0 : -ENOMEM;
}

int type_shape__read(const struct btf *btf, __u32 id, struct type_shape *shape)
{
	const struct btf_type *type = btf__type_by_id(btf, id), *target;
	int res = 0;

	*shape = (struct type_shape){ .btf = btf, .type = type, .body = type, .id = id };
	target = btf_is_typedef(type) ? btf__type_by_id(btf, type->type) : NULL;
	if (target && (btf_is_composite(target) || btf_is_any_enum(target)) &&
	    !*type_text__name(btf, target))
		shape->body = target;
	if (has_members(shape))
		res = add_members(shape, shape->body, &(struct place){ .prefix = "" });
	else if (btf_is_any_enum(shape->body))
		res = add_enumerators(shape);
	if (!res)
		res = write_text(shape);
	if (res)
		type_shape__free(shape);
	return res;
}

void type_shape__free(struct type_shape *shape)
{
	for (size_t i = 0; i < shape->member_count; i++)
		free(shape->members[i].path);
	free(shape->members);
	free(shape->enumerators);
	free(shape->text);
	*shape = (struct type_shape){};
}
