/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "value_json.h"

#include <endian.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_text.h"

/* No value nests deeper, but BTF that refers to itself would. */
#define DEPTH_MAX 32
#define TYPE_ENUM64 19 /* linux/btf.h of an older kernel lacks it */

/* Bytes, of which `bits` are the value's from the bit `shift` on: all, but in bit fields. */
struct place {
	const uint8_t *data;
	size_t size;
	unsigned int shift, bits;
};

static json_t *any(const struct btf *btf, uint32_t type_id, struct place at, int depth);

/* ---- numbers ------------------------------------------------------------------------------ */

static bool read_bits(struct place at, uint32_t type_size, bool is_signed, uint64_t *value)
{
	unsigned int bits = at.bits ?: 8 * type_size, bytes = (at.shift + bits + 7) / 8;
	unsigned __int128 all = 0;

	if (!bits || bits > 64 || bytes > at.size)
		return false;
	for (unsigned int i = 0; i < bytes; i++)
		all |= (unsigned __int128)at.data[__BYTE_ORDER == __LITTLE_ENDIAN ? i : bytes - 1 - i]
		       << 8 * i;
	/* in big endian the first bit is the highest */
	all >>= __BYTE_ORDER == __LITTLE_ENDIAN ? at.shift : 8 * bytes - at.shift - bits;
	*value = (uint64_t)all << (64 - bits);
	*value = is_signed ? (uint64_t)((int64_t)*value >> (64 - bits)) : *value >> (64 - bits);
	return true;
}

static json_t *number(uint64_t value, bool is_signed)
{
	char text[24];

	if (is_signed || value <= INT64_MAX)
		return json_integer((json_int_t)value);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_string(text);
}

static json_t *integer(const struct btf_type *type, struct place at)
{
	uint8_t encoding = btf_int_encoding(type);
	bool is_signed = encoding & BTF_INT_SIGNED;
	uint64_t value;

	if (!read_bits(at, type->size, is_signed, &value))
		return NULL;
	return encoding & BTF_INT_BOOL ? json_boolean(value != 0) : number(value, is_signed);
}

static json_t *enumerator(const struct btf *btf, const struct btf_type *type, struct place at)
{
	bool is_signed = btf_kflag(type), wide = btf_kind(type) == TYPE_ENUM64;
	uint64_t value;

	if (!read_bits(at, type->size, is_signed, &value))
		return NULL;
	for (uint16_t i = 0; i < btf_vlen(type); i++) {
		/* an enum64 has the upper half behind the lower */
		const uint32_t *words = (const uint32_t *)(type + 1) + i * (wide ? 3 : 2);
		uint64_t its = wide ? (uint64_t)words[2] << 32 | words[1] :
			       is_signed ? (uint64_t)(int32_t)words[1] : words[1];

		if (its == value)
			return json_text(btf__name_by_offset(btf, words[0]));
	}
	return number(value, is_signed);
}

static json_t *pointer(const struct btf *btf, struct place at)
{
	char text[24];
	uint64_t value;

	if (!read_bits(at, btf__pointer_size(btf) ?: sizeof(void *), false, &value))
		return NULL;
	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_string(text);
}

static json_t *real(const struct btf_type *type, struct place at)
{
	double value;
	float narrow;

	if (type->size > at.size)
		return NULL;
	if (type->size == sizeof(narrow)) {
		memcpy(&narrow, at.data, sizeof(narrow));
		value = narrow;
	} else if (type->size == sizeof(value)) {
		memcpy(&value, at.data, sizeof(value));
	} else {
		return NULL;
	}
	/* JSON has no infinity */
	return json_real(value) ?: json_null();
}

/* ---- what has parts ------------------------------------------------------------------------ */

static bool is_char(const struct btf *btf, uint32_t type_id)
{
	const struct btf_type *type = btf__type_by_id(btf, (uint32_t)btf__resolve_type(btf, type_id));

	return type && btf_is_int(type) && type->size == 1 &&
	       strcmp(btf__name_by_offset(btf, type->name_off), "char") == 0;
}

static json_t *text(struct place at, uint32_t length)
{
	_cleanup_free_ char *copy = length <= at.size ? strndup((const char *)at.data, length) : NULL;

	return copy ? json_text(copy) : NULL;
}

static json_t *array(const struct btf *btf, const struct btf_type *type, struct place at, int depth)
{
	const struct btf_array *about = btf_array(type);
	int64_t size = btf__resolve_size(btf, about->type);
	json_t *list;

	if (is_char(btf, about->type))
		return text(at, about->nelems);
	list = size > 0 && about->nelems <= at.size / (size_t)size ? json_array() : NULL;
	for (uint32_t i = 0; list && i < about->nelems; i++) {
		struct place element = { at.data + i * (size_t)size, (size_t)size, 0, 0 };

		if (json_array_append_new(list, any(btf, about->type, element, depth))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static bool has_no_length(const struct btf *btf, uint32_t type_id)
{
	const struct btf_type *type = btf__type_by_id(btf, (uint32_t)btf__resolve_type(btf, type_id));

	return type && btf_is_array(type) && !btf_array(type)->nelems;
}

static int add_member(const struct btf *btf, const struct btf_type *type, uint32_t index,
		      struct place at, int depth, json_t *object)
{
	const struct btf_member *member = &btf_members(type)[index];
	const char *name = btf__name_by_offset(btf, member->name_off);
	uint32_t offset = btf_member_bit_offset(type, index);
	struct place inner = { .bits = btf_member_bitfield_size(type, index) };
	json_t *value;
	int res;

	if (has_no_length(btf, member->type))
		return 0;
	if (offset / 8 >= at.size)
		return -1;
	inner.data = at.data + offset / 8;
	inner.size = at.size - offset / 8;
	inner.shift = offset % 8;
	value = any(btf, member->type, inner, depth);
	if (!value)
		return -1;
	if (name && *name)
		return json_object_set_new(object, name, value);
	res = json_is_object(value) ? json_object_update_missing(object, value) : 0;
	json_decref(value);
	return res;
}

static json_t *members(const struct btf *btf, const struct btf_type *type, struct place at,
		       int depth)
{
	json_t *object = type->size <= at.size ? json_object() : NULL;

	at.size = type->size;
	for (uint32_t i = 0; object && i < btf_vlen(type); i++)
		if (add_member(btf, type, i, at, depth, object)) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static json_t *any(const struct btf *btf, uint32_t type_id, struct place at, int depth)
{
	int resolved = btf__resolve_type(btf, type_id);
	const struct btf_type *type = resolved > 0 ? btf__type_by_id(btf, (uint32_t)resolved) : NULL;

	if (!type || depth == DEPTH_MAX)
		return NULL;
	switch (btf_kind(type)) {
	case BTF_KIND_INT: return integer(type, at);
	case BTF_KIND_ENUM:
	case TYPE_ENUM64: return enumerator(btf, type, at);
	case BTF_KIND_PTR: return pointer(btf, at);
	case BTF_KIND_FLOAT: return real(type, at);
	case BTF_KIND_ARRAY: return array(btf, type, at, depth + 1);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: return members(btf, type, at, depth + 1);
	}
	return NULL;
}

json_t *value_json(const struct btf *btf, uint32_t type_id, const void *data, size_t size)
{
	return any(btf, type_id, (struct place){ data, size, 0, 0 }, 0);
}
