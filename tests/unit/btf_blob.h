/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * BTF as bytes, for tests: the same types in another order, more than once, without some of
 * them, in big endian; and whether two hold the same types. Nothing here is libkbtf's.
 */
#ifndef TESTS_BTF_BLOB_H
#define TESTS_BTF_BLOB_H

#include <bpf/btf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct blob {
	void *data;
	size_t size;
};

/* The header that all have; from Linux 7.0 on linux/btf.h's own may be longer. */
struct blob_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
};

static inline void *some(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		abort();
	return memory;
}

static inline struct blob blob_of(const void *data, size_t size)
{
	struct blob blob = { some(size), size };

	memcpy(blob.data, data, size);
	return blob;
}

/* libbpf's view of it; aborts if it has none. */
static inline struct btf *open_blob(struct blob blob)
{
	struct btf *btf = btf__new(blob.data, (uint32_t)blob.size);

	if (!btf)
		abort();
	return btf;
}

/* Frees the view. */
static inline struct blob close_blob(struct btf *btf)
{
	uint32_t size;
	const void *raw = btf__raw_data(btf, &size);
	struct blob blob;

	if (!raw)
		abort();
	blob = blob_of(raw, size);
	btf__free(btf);
	return blob;
}

static inline struct blob big_endian(struct blob blob)
{
	struct btf *btf = open_blob(blob);

	if (btf__set_endianness(btf, BTF_BIG_ENDIAN))
		abort();
	return close_blob(btf);
}

/* ---- what a type is made of ------------------------------------------------------------------- */

/* A number that says the same sequence for the same seed. */
static inline uint32_t dice(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

static inline size_t size_of_type(const struct btf_type *type)
{
	size_t count = btf_vlen(type), head = sizeof(*type);

	switch (btf_kind(type)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return head + 4;
	case BTF_KIND_ARRAY:
		return head + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return head + count * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return head + count * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return head + count * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return head + count * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return head + count * sizeof(struct btf_var_secinfo);
	default:
		return head;
	}
}

typedef void (*visit_fn)(uint32_t *word, void *ctx);

static inline void visit_ids(struct btf_type *type, visit_fn visit, void *ctx)
{
	switch (btf_kind(type)) {
	case BTF_KIND_ARRAY:
		visit(&btf_array(type)->type, ctx);
		visit(&btf_array(type)->index_type, ctx);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (int i = 0; i < btf_vlen(type); i++)
			visit(&btf_members(type)[i].type, ctx);
		break;
	case BTF_KIND_DATASEC:
		for (int i = 0; i < btf_vlen(type); i++)
			visit(&btf_var_secinfos(type)[i].type, ctx);
		break;
	case BTF_KIND_FUNC_PROTO:
		visit(&type->type, ctx);
		for (int i = 0; i < btf_vlen(type); i++)
			visit(&btf_params(type)[i].type, ctx);
		break;
	case BTF_KIND_INT:
	case BTF_KIND_FWD:
	case BTF_KIND_FLOAT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		break;
	default:
		visit(&type->type, ctx);
	}
}

static inline void visit_names(struct btf_type *type, visit_fn visit, void *ctx)
{
	visit(&type->name_off, ctx);
	for (int i = 0; i < btf_vlen(type); i++) {
		if (btf_is_composite(type))
			visit(&btf_members(type)[i].name_off, ctx);
		else if (btf_kind(type) == BTF_KIND_ENUM)
			visit(&btf_enum(type)[i].name_off, ctx);
		else if (btf_kind(type) == BTF_KIND_ENUM64)
			visit(&btf_enum64(type)[i].name_off, ctx);
		else if (btf_kind(type) == BTF_KIND_FUNC_PROTO)
			visit(&btf_params(type)[i].name_off, ctx);
	}
}

/* ---- the same types, written otherwise ---------------------------------------------------------- */

struct rewriting {
	const struct btf *btf;
	uint64_t seed;
	uint32_t copies, count; /* of each type; of all that there will be */
	uint32_t *entries;      /* by new ID - 1: old ID and copy */
	uint32_t *ids;          /* by old ID and copy: the new ID */
	char *text;
	uint32_t text_size, *places; /* by old offset */
};

static inline void new_id(uint32_t *id, void *ctx)
{
	struct rewriting *rewriting = ctx;

	if (*id)
		*id = rewriting->ids[*id * rewriting->copies +
				     dice(&rewriting->seed) % rewriting->copies];
}

/* At the end, in the middle of another that ends alike, or twice. */
static inline uint32_t place_name(struct rewriting *rewriting, const char *name)
{
	uint32_t size = (uint32_t)strlen(name) + 1, at;

	for (at = 1; at + size <= rewriting->text_size; at++)
		if (memcmp(rewriting->text + at, name, size) == 0 && dice(&rewriting->seed) % 4)
			return at;
	at = rewriting->text_size;
	memcpy(rewriting->text + at, name, size);
	rewriting->text_size += size;
	return at;
}

static inline void new_name(uint32_t *offset, void *ctx)
{
	struct rewriting *rewriting = ctx;
	const char *name = btf__str_by_offset(rewriting->btf, *offset);
	uint32_t *place = &rewriting->places[*offset];

	if (!*offset)
		return;
	if (!*place)
		*place = place_name(rewriting, name);
	*offset = *place;
}

static inline void shuffle(uint32_t *items, uint32_t count, uint64_t *seed)
{
	for (uint32_t i = count; i > 1; i--) {
		uint32_t at = dice(seed) % i, item = items[i - 1];

		items[i - 1] = items[at];
		items[at] = item;
	}
}

static inline void give_ids(struct rewriting *rewriting, const bool *keep)
{
	uint32_t types = btf__type_cnt(rewriting->btf);

	rewriting->entries = some(4 * (size_t)types * rewriting->copies);
	rewriting->ids = some(4 * (size_t)types * rewriting->copies);
	for (uint32_t i = 1; i < types; i++)
		for (uint32_t k = 0; k < rewriting->copies && (!keep || keep[i]); k++)
			rewriting->entries[rewriting->count++] = i * rewriting->copies + k;
	if (rewriting->seed)
		shuffle(rewriting->entries, rewriting->count, &rewriting->seed);
	for (uint32_t i = 0; i < rewriting->count; i++)
		rewriting->ids[rewriting->entries[i]] = i + 1;
}

/*
 * The types that `keep` says (NULL: all), each so many times, one copy referring to any.
 * Types and strings are in an order that the seed decides; 0: as they were. What is kept
 * refers to nothing that is not.
 */
static inline struct blob rewrite_blob(struct blob blob, uint64_t seed, uint32_t copies,
				       const bool *keep)
{
	struct btf *btf = open_blob(blob);
	struct rewriting rewriting = { .btf = btf, .seed = seed, .copies = copies };
	const struct blob_header *old = blob.data;
	struct blob_header header = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(header) };
	uint8_t *types = some(blob.size * copies);
	struct blob out;

	rewriting.text = some(blob.size * copies * 4);
	rewriting.text_size = 1;
	rewriting.places = some(4 * ((size_t)old->str_len + 1));
	give_ids(&rewriting, keep);
	for (uint32_t i = 0; i < rewriting.count; i++) {
		const struct btf_type *type = btf__type_by_id(btf, rewriting.entries[i] / copies);
		size_t size = size_of_type(type);
		void *copy = memcpy(types + header.type_len, type, size);

		visit_ids(copy, new_id, &rewriting);
		visit_names(copy, new_name, &rewriting);
		header.type_len += (uint32_t)size;
	}
	header.str_off = header.type_len;
	header.str_len = rewriting.text_size;
	out = (struct blob){ some(sizeof(header) + header.type_len + header.str_len),
			     sizeof(header) + header.type_len + header.str_len };
	memcpy(out.data, &header, sizeof(header));
	memcpy((char *)out.data + sizeof(header), types, header.type_len);
	memcpy((char *)out.data + sizeof(header) + header.type_len, rewriting.text, header.str_len);
	free(types);
	free(rewriting.text);
	free(rewriting.places);
	free(rewriting.entries);
	free(rewriting.ids);
	btf__free(btf);
	return out;
}

/* ---- comparison ------------------------------------------------------------------------------------- */

/* Pairs that are taken to be alike while what they lead to is compared. */
struct comparison {
	const struct btf *a, *b;
	bool *assumed;
};

static inline bool names_alike(const struct comparison *comparison, uint32_t a, uint32_t b)
{
	return strcmp(btf__str_by_offset(comparison->a, a),
		      btf__str_by_offset(comparison->b, b)) == 0;
}

/* Test types are small. */
struct word_list {
	uint32_t words[1024];
	size_t count;
};

static inline void list_word(uint32_t *word, void *ctx)
{
	struct word_list *list = ctx;

	if (list->count == sizeof(list->words) / sizeof(list->words[0]))
		abort();
	list->words[list->count++] = *word;
	*word = 0;
}

static inline bool alike(struct comparison *comparison, uint32_t x, uint32_t y);

static inline bool lists_alike(struct comparison *comparison, const struct word_list *a,
			       const struct word_list *b, bool names)
{
	bool same = a->count == b->count;

	for (size_t i = 0; same && i < a->count; i++)
		same = names ? names_alike(comparison, a->words[i], b->words[i])
			     : alike(comparison, a->words[i], b->words[i]);
	return same;
}

/* All else than names and IDs, as bytes; then those. */
static inline bool contents_alike(struct comparison *comparison, uint32_t x, uint32_t y)
{
	const struct btf_type *a = btf__type_by_id(comparison->a, x);
	const struct btf_type *b = btf__type_by_id(comparison->b, y);
	struct blob a_copy = blob_of(a, size_of_type(a)), b_copy = blob_of(b, size_of_type(b));
	struct word_list *lists = some(4 * sizeof(*lists));
	bool same = a->info == b->info;

	if (same) {
		visit_names(a_copy.data, list_word, &lists[0]);
		visit_names(b_copy.data, list_word, &lists[1]);
		visit_ids(a_copy.data, list_word, &lists[2]);
		visit_ids(b_copy.data, list_word, &lists[3]);
		same = memcmp(a_copy.data, b_copy.data, a_copy.size) == 0 &&
		       lists_alike(comparison, &lists[0], &lists[1], true) &&
		       lists_alike(comparison, &lists[2], &lists[3], false);
	}
	free(a_copy.data);
	free(b_copy.data);
	free(lists);
	return same;
}

static inline bool alike(struct comparison *comparison, uint32_t x, uint32_t y)
{
	bool *assumed = &comparison->assumed[(size_t)x * btf__type_cnt(comparison->b) + y];

	if (!x || !y)
		return x == y;
	if (*assumed)
		return true;
	*assumed = true;
	return contents_alike(comparison, x, y);
}

/* Whether nothing that the types lead to tells them apart. */
static inline bool types_alike(const struct btf *a, uint32_t x, const struct btf *b, uint32_t y)
{
	struct comparison comparison = { a, b, some((size_t)btf__type_cnt(a) * btf__type_cnt(b)) };
	bool same = alike(&comparison, x, y);

	free(comparison.assumed);
	return same;
}

static inline bool has_all(const struct btf *a, const struct btf *b)
{
	for (uint32_t x = 1; x < btf__type_cnt(a); x++) {
		uint32_t y = 1;

		while (y < btf__type_cnt(b) && !types_alike(a, x, b, y))
			y++;
		if (y == btf__type_cnt(b))
			return false;
	}
	return true;
}

/* Whether each has every type of the other. */
static inline bool blobs_equivalent(struct blob x, struct blob y)
{
	struct btf *a = open_blob(x), *b = open_blob(y);
	bool same = has_all(a, b) && has_all(b, a);

	btf__free(a);
	btf__free(b);
	return same;
}

#endif
