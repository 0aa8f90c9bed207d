/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

enum { HEADER_SIZE = 24, MAGIC = 0xeb9f };

static void *need(void *memory)
{
	if (!memory) {
		fprintf(stderr, "make-siblings: no memory\n");
		exit(1);
	}
	return memory;
}

static void need_file(bool right, const char *path)
{
	if (right)
		return;
	fprintf(stderr, "make-siblings: %s: %s\n", path, errno ? strerror(errno) : "no BTF");
	exit(1);
}

/* ---- strings ------------------------------------------------------------------------ */

static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return hash ^ hash >> 15;
}

const char *kernel__text(const struct kernel *kernel, uint32_t name)
{
	return kernel->text + name;
}

/* Where it is in the table of known strings, or would be. */
static uint32_t *place_of(const struct kernel *kernel, const char *text)
{
	uint32_t at = hash_of(text) & (kernel->known_room - 1);

	while (kernel->known[at] && strcmp(kernel->text + kernel->known[at], text) != 0)
		at = (at + 1) & (kernel->known_room - 1);
	return &kernel->known[at];
}

static void know(struct kernel *kernel, uint32_t name)
{
	if (2 * ++kernel->known_count > kernel->known_room) {
		uint32_t *old = kernel->known, room = kernel->known_room;

		kernel->known_room = room ? 2 * room : 1 << 16;
		kernel->known = need(calloc(kernel->known_room, sizeof(*kernel->known)));
		for (uint32_t i = 0; i < room; i++)
			if (old[i])
				*place_of(kernel, kernel->text + old[i]) = old[i];
		free(old);
	}
	*place_of(kernel, kernel->text + name) = name;
}

bool kernel__knows(const struct kernel *kernel, const char *text)
{
	return *place_of(kernel, text) != 0;
}

uint32_t kernel__string(struct kernel *kernel, const char *text)
{
	uint32_t name = *place_of(kernel, text), size = (uint32_t)strlen(text) + 1;

	if (name)
		return name;
	if (kernel->text_size + size > kernel->text_room) {
		kernel->text_room = 2 * (kernel->text_room + size);
		kernel->text = need(realloc(kernel->text, kernel->text_room));
	}
	name = kernel->text_size;
	memcpy(kernel->text + name, text, size);
	kernel->text_size += size;
	know(kernel, name);
	return name;
}

/* ---- types -------------------------------------------------------------------------- */

uint32_t kernel__add(struct kernel *kernel, struct type type)
{
	if (kernel->count == kernel->room) {
		kernel->room = kernel->room ? 2 * kernel->room : 1 << 17;
		kernel->types = need(realloc(kernel->types, kernel->room * sizeof(type)));
	}
	kernel->types[kernel->count] = type;
	return kernel->count++;
}

void type__make_room(struct type *type, uint32_t slots)
{
	type->slots = need(realloc(type->slots, (slots + 1) * sizeof(*type->slots)));
	memset(&type->slots[type->count], 0, (slots + 1 - type->count) * sizeof(*type->slots));
}

struct slot *slots__copy(const struct slot *slots, uint32_t count, uint32_t room)
{
	struct slot *copy = need(calloc(room + 1, sizeof(*copy)));

	if (count)
		memcpy(copy, slots, count * sizeof(*copy));
	return copy;
}

/* How many numbers of 32 bits a slot takes in BTF, and a type besides its slots. */
static uint32_t slot_words(uint8_t kind)
{
	switch (kind) {
	case KIND_STRUCT: case KIND_UNION: case KIND_DATASEC: case KIND_ENUM64: case KIND_ARRAY:
		return 3;
	case KIND_ENUM: case KIND_FUNC_PROTO:
		return 2;
	default:
		return 0;
	}
}

static bool has_extra(uint8_t kind)
{
	return kind == KIND_INT || kind == KIND_VAR || kind == KIND_DECL_TAG;
}

static bool slots_refer(uint8_t kind)
{
	return kind == KIND_STRUCT || kind == KIND_UNION || kind == KIND_ARRAY ||
	       kind == KIND_FUNC_PROTO || kind == KIND_DATASEC;
}

static bool refers(uint8_t kind)
{
	return kind == KIND_PTR || (kind >= KIND_TYPEDEF && kind <= KIND_VAR) ||
	       kind == KIND_DECL_TAG || kind == KIND_TYPE_TAG;
}

/* The type that a slot refers to, the `which`th of two: an array has its index's, too. */
static uint32_t *slot_ref(const struct type *type, struct slot *slot, int which)
{
	if (type->kind == KIND_ARRAY)
		return which ? &slot->type : &slot->name;
	if (type->kind == KIND_DATASEC)
		return which ? NULL : &slot->name;
	return which ? NULL : &slot->type;
}

static void count_refs(const struct type *type, uint32_t *uses)
{
	if (refers(type->kind))
		uses[type->size]++;
	if (!slots_refer(type->kind))
		return;
	for (uint32_t i = 0; i < (type->kind == KIND_ARRAY ? 1 : type->count); i++)
		for (int which = 0; which < 2; which++) {
			uint32_t *ref = slot_ref(type, &type->slots[i], which);

			if (ref)
				uses[*ref]++;
		}
}

uint32_t *kernel__count_uses(const struct kernel *kernel)
{
	uint32_t *uses = need(calloc(kernel->count, sizeof(uint32_t)));

	for (uint32_t i = 1; i < kernel->count; i++)
		if (!kernel->types[i].gone)
			count_refs(&kernel->types[i], uses);
	return uses;
}

static void keep_unused(struct kernel *kernel)
{
	uint32_t *uses = kernel__count_uses(kernel);

	for (uint32_t i = 1; i < kernel->count; i++)
		kernel->types[i].kept = !uses[i];
	free(uses);
}

static const uint32_t *read_type(struct kernel *kernel, const uint32_t *at)
{
	struct type type = { .name = at[0], .kind = at[1] >> 24 & 31, .flag = at[1] >> 31,
			     .count = at[1] & 0xffff, .size = at[2] };
	uint32_t words = slot_words(type.kind), count = type.kind == KIND_ARRAY ? 1 : type.count;

	at += 3;
	if (has_extra(type.kind))
		type.extra = *at++;
	if (words)
		type.slots = slots__copy(NULL, 0, count);
	for (uint32_t i = 0; words && i < count; i++, at += words)
		memcpy(&type.slots[i], at, words * sizeof(*at));
	kernel__add(kernel, type);
	return at;
}

void kernel__read(struct kernel *kernel, const char *path)
{
	FILE *file = fopen(path, "rb");
	uint32_t header[6], *words;
	size_t got;

	memset(kernel, 0, sizeof(*kernel));
	need_file(file && fread(header, sizeof(header), 1, file) == 1, path);
	need_file((header[0] & 0xffff) == MAGIC && header[1] == HEADER_SIZE && header[2] == 0 &&
		  header[4] == header[3], path);
	words = need(malloc(header[3] + 16));
	kernel->text_size = header[5];
	kernel->text_room = 2 * header[5];
	kernel->text = need(malloc(kernel->text_room));
	got = fread(words, 1, header[3], file) + fread(kernel->text, 1, header[5], file);
	need_file(got == (size_t)header[3] + header[5], path);
	fclose(file);
	kernel__add(kernel, (struct type){});
	for (const uint32_t *at = words; at < words + header[3] / 4;)
		at = read_type(kernel, at);
	keep_unused(kernel);
	for (uint32_t i = 1; i < kernel->text_size; i += (uint32_t)strlen(kernel->text + i) + 1)
		know(kernel, i);
	free(words);
}

void kernel__free(struct kernel *kernel)
{
	for (uint32_t i = 0; i < kernel->count; i++)
		free(kernel->types[i].slots);
	free(kernel->types);
	free(kernel->text);
	free(kernel->known);
}

/* ---- writing ------------------------------------------------------------------------ */

/* IDs and strings anew, for those that are written. */
struct written {
	const struct kernel *kernel;
	uint32_t *ids, *waiting;
	uint32_t *names;
	uint32_t *words;
	size_t word_count;
	char *text;
	uint32_t text_size;
};

/* Types that are met wait in `waiting`, which has room for all: chains of references are long. */
static void meet(uint32_t *ids, uint32_t *waiting, uint32_t *count, uint32_t number)
{
	if (!number || ids[number])
		return;
	ids[number] = 1;
	waiting[(*count)++] = number;
}

static void mark(const struct kernel *kernel, uint32_t *ids, uint32_t *waiting, uint32_t from)
{
	uint32_t count = 0;

	meet(ids, waiting, &count, from);
	while (count) {
		const struct type *type = &kernel->types[waiting[--count]];
		uint32_t slots = type->kind == KIND_ARRAY ? 1 : type->count;

		if (refers(type->kind))
			meet(ids, waiting, &count, type->size);
		for (uint32_t i = 0; slots_refer(type->kind) && i < slots; i++)
			for (int which = 0; which < 2; which++) {
				uint32_t *ref = slot_ref(type, &type->slots[i], which);

				if (ref)
					meet(ids, waiting, &count, *ref);
			}
	}
}

static bool stands_alone(const struct type *type)
{
	return !type->gone && (type->kept || (type->name && type->kind != KIND_TYPE_TAG));
}

static uint32_t name_of(struct written *out, uint32_t name)
{
	size_t size;

	if (!name || out->names[name])
		return out->names[name];
	size = strlen(out->kernel->text + name) + 1;
	memcpy(out->text + out->text_size, out->kernel->text + name, size);
	out->names[name] = out->text_size;
	out->text_size += (uint32_t)size;
	return out->names[name];
}

static void write_slot(struct written *out, const struct type *type, struct slot slot)
{
	for (int which = 0; which < 2 && slots_refer(type->kind); which++) {
		uint32_t *ref = slot_ref(type, &slot, which);

		if (ref)
			*ref = out->ids[*ref];
	}
	if (type->kind != KIND_ARRAY && type->kind != KIND_DATASEC)
		slot.name = name_of(out, slot.name);
	memcpy(out->words + out->word_count, &slot, slot_words(type->kind) * sizeof(uint32_t));
	out->word_count += slot_words(type->kind);
}

static void write_type(struct written *out, const struct type *type)
{
	uint32_t *at = out->words + out->word_count;

	at[0] = name_of(out, type->name);
	at[1] = (uint32_t)type->flag << 31 | (uint32_t)type->kind << 24 | type->count;
	at[2] = refers(type->kind) ? out->ids[type->size] : type->size;
	out->word_count += 3;
	if (has_extra(type->kind))
		out->words[out->word_count++] = type->extra;
	if (!slot_words(type->kind))
		return;
	for (uint32_t i = 0; i < (type->kind == KIND_ARRAY ? 1 : type->count); i++)
		write_slot(out, type, type->slots[i]);
}

static size_t words_at_most(const struct kernel *kernel)
{
	size_t words = 0;

	for (uint32_t i = 1; i < kernel->count; i++)
		words += 4 + 3 * ((size_t)kernel->types[i].count + 1);
	return words;
}

void kernel__write(const struct kernel *kernel, const char *path)
{
	struct written out = { .kernel = kernel, .text_size = 1,
			       .ids = need(calloc(kernel->count, sizeof(uint32_t))),
			       .waiting = need(calloc(kernel->count, sizeof(uint32_t))),
			       .names = need(calloc(kernel->text_size, sizeof(uint32_t))),
			       .words = need(malloc(4 * words_at_most(kernel))),
			       .text = need(calloc(kernel->text_size, 1)) };
	uint32_t next = 1, header[6] = { 1 << 16 | MAGIC, HEADER_SIZE };
	FILE *file = fopen(path, "wb");

	need_file(file != NULL, path);
	for (uint32_t i = 1; i < kernel->count; i++)
		if (stands_alone(&kernel->types[i]))
			mark(kernel, out.ids, out.waiting, i);
	for (uint32_t i = 1; i < kernel->count; i++)
		out.ids[i] = out.ids[i] ? next++ : 0;
	for (uint32_t i = 1; i < kernel->count; i++)
		if (out.ids[i])
			write_type(&out, &kernel->types[i]);
	header[3] = header[4] = (uint32_t)(4 * out.word_count);
	header[5] = out.text_size;
	need_file(fwrite(header, sizeof(header), 1, file) == 1 &&
		  fwrite(out.words, 1, header[3], file) == header[3] &&
		  fwrite(out.text, 1, header[5], file) == header[5] && fclose(file) == 0, path);
	free(out.ids);
	free(out.waiting);
	free(out.names);
	free(out.words);
	free(out.text);
}

/* ---- sizes -------------------------------------------------------------------------- */

static bool is_wrapper(uint8_t kind)
{
	return kind == KIND_TYPEDEF || kind == KIND_VOLATILE || kind == KIND_CONST ||
	       kind == KIND_RESTRICT || kind == KIND_TYPE_TAG;
}

/* `length`: of all arrays on the way. */
static uint32_t strip(const struct kernel *kernel, uint32_t number, uint32_t *length)
{
	const struct type *type = &kernel->types[number];

	for (*length = 1; is_wrapper(type->kind) || type->kind == KIND_ARRAY;
	     type = &kernel->types[number]) {
		if (type->kind == KIND_ARRAY)
			*length *= type->slots[0].value;
		number = type->kind == KIND_ARRAY ? type->slots[0].name : type->size;
	}
	return number;
}

uint32_t kernel__stripped(const struct kernel *kernel, uint32_t number)
{
	uint32_t length;

	return strip(kernel, number, &length);
}

uint32_t kernel__size_of(const struct kernel *kernel, uint32_t number)
{
	uint32_t length;
	const struct type *type = &kernel->types[strip(kernel, number, &length)];

	switch (type->kind) {
	case KIND_PTR:
		return 8 * length;
	case KIND_FWD: case KIND_FUNC_PROTO: case 0:
		return 0;
	default:
		return type->size * length;
	}
}

uint32_t kernel__align_of(const struct kernel *kernel, uint32_t number)
{
	const struct type *type = &kernel->types[kernel__stripped(kernel, number)];
	uint32_t align = 1;

	switch (type->kind) {
	case KIND_PTR:
		return 8;
	case KIND_INT: case KIND_ENUM: case KIND_ENUM64: case KIND_FLOAT:
		return type->size ? type->size : 1;
	case KIND_STRUCT: case KIND_UNION:
		for (uint32_t i = 0; i < type->count; i++) {
			uint32_t of = kernel__align_of(kernel, type->slots[i].type);

			if (of > align)
				align = of;
		}
		return align;
	default:
		return 1;
	}
}
