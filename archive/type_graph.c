/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "type_graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/cursor.h"
#include "btf_bytes.h"

void type_graph__free(struct type_graph *graph)
{
	free(graph->types);
	free(graph->slots);
	free(graph->text);
	free(graph->strings);
	*graph = (struct type_graph){};
}

/* ---- reading -------------------------------------------------------------------------- */

struct parser {
	struct cursor at;       /* the types that are left */
	bool swap;              /* the BTF is in big endian */
	const char *text;
	uint32_t text_size;
	struct type_graph *graph;
	size_t type_room, slot_room;
	struct type_graph_error *error;
};

static int bad(struct parser *parser, const char *what)
{
	*parser->error = (struct type_graph_error){ .what = what,
						    .type = parser->graph->type_count };
	return -EBADMSG;
}

static uint32_t word(struct parser *parser)
{
	uint32_t value = cursor__u32(&parser->at);

	return parser->swap ? __builtin_bswap32(value) : value;
}

static struct graph_slot *add_slot(struct parser *parser)
{
	struct type_graph *graph = parser->graph;

	if (graph->slot_count == parser->slot_room) {
		size_t room = parser->slot_room ? 2 * parser->slot_room : 4096;
		struct graph_slot *grown = realloc(graph->slots, room * sizeof(*grown));

		if (!grown)
			return NULL;
		graph->slots = grown;
		parser->slot_room = room;
	}
	graph->slots[graph->slot_count] = (struct graph_slot){};
	return &graph->slots[graph->slot_count++];
}

static int read_slots(struct parser *parser, struct graph_type *type, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct graph_slot *slot = add_slot(parser);

		if (!slot)
			return -ENOMEM;
		if (type->kind != TYPE_DATASEC)
			slot->name = word(parser);
		switch (type->kind) {
		case TYPE_STRUCT:
		case TYPE_UNION:
			slot->type = word(parser);
			slot->value = word(parser);
			break;
		case TYPE_FUNC_PROTO:
			slot->type = word(parser);
			break;
		case TYPE_ENUM:
			slot->value = word(parser);
			break;
		case TYPE_ENUM64:
			slot->value = word(parser);
			slot->high = word(parser);
			break;
		default:
			slot->type = word(parser);
			slot->value = word(parser);
			slot->high = word(parser);
		}
	}
	type->count = count;
	return 0;
}

static int read_array(struct parser *parser, struct graph_type *type)
{
	struct graph_slot *element = add_slot(parser), *index = element ? add_slot(parser) : NULL;

	if (!index)
		return -ENOMEM;
	element = index - 1; /* the first may have moved */
	element->type = word(parser);
	index->type = word(parser);
	element->value = word(parser);
	type->count = 2;
	return 0;
}

static int read_rest(struct parser *parser, struct graph_type *type, uint32_t count)
{
	bool has_slots = type_kind__slot_words(type->kind);

	if (type->kind == TYPE_FUNC) {
		type->extra = count;
		return 0;
	}
	if (count && !has_slots)
		return bad(parser, "a type of a kind without members has some");
	if (type->kind == TYPE_ARRAY)
		return read_array(parser, type);
	if (type->kind == TYPE_INT || type->kind == TYPE_VAR || type->kind == TYPE_DECL_TAG)
		type->extra = word(parser);
	if (count > (parser->at.len - parser->at.pos) / 4)
		return bad(parser, "it is cut off");
	return has_slots ? read_slots(parser, type, count) : 0;
}

static int read_type(struct parser *parser)
{
	struct type_graph *graph = parser->graph;
	struct graph_type *type;
	uint32_t info, other;
	int err;

	if (graph->type_count == parser->type_room) {
		size_t room = parser->type_room ? 2 * parser->type_room : 4096;
		struct graph_type *grown = realloc(graph->types, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		graph->types = grown;
		parser->type_room = room;
	}
	type = &graph->types[graph->type_count];
	*type = (struct graph_type){ .name = word(parser), .first = (uint32_t)graph->slot_count };
	info = word(parser);
	other = word(parser);
	type->kind = info >> 24 & 0x1f;
	type->flag = info >> 31;
	if (cursor__failed(&parser->at))
		return bad(parser, "it is cut off");
	if (info & 0x60ff0000)
		return bad(parser, "a type's reserved bits are set");
	if (type->kind >= TYPE_KIND_END || !type->kind) {
		bad(parser, "a kind of type that this version does not know");
		parser->error->kind = type->kind;
		return -ENOTSUP;
	}
	*(type_kind__has_ref(type->kind) ? &type->ref : &type->size) = other;
	err = read_rest(parser, type, info & 0xffff);
	if (!err && cursor__failed(&parser->at))
		err = bad(parser, "it is cut off");
	graph->type_count += !err;
	return err;
}

static int read_types(struct parser *parser)
{
	struct type_graph *graph = parser->graph;
	int err;

	/* slots are there even if no type has any: the place of none is one of theirs */
	graph->types = calloc(4096, sizeof(*graph->types));
	graph->slots = malloc(4096 * sizeof(*graph->slots));
	if (!graph->types || !graph->slots)
		return -ENOMEM;
	parser->type_room = parser->slot_room = 4096;
	graph->type_count = 1;
	while (parser->at.pos < parser->at.len) {
		err = read_type(parser);
		if (err)
			return err;
	}
	return 0;
}

/* ---- names -------------------------------------------------------------------------------- */

static int check_text(struct parser *parser)
{
	if (!parser->text_size || parser->text[0] || parser->text[parser->text_size - 1])
		return bad(parser, "its strings do not begin and end as they must");
	return 0;
}

/* libbpf refuses what contradicts that from 1.4 on, and the kernel does. */
static bool has_prototype(const struct type_graph *graph, const struct graph_type *type)
{
	return type->kind != TYPE_FUNC || graph->types[type->ref].kind == TYPE_FUNC_PROTO;
}

static int check_references(struct parser *parser)
{
	const struct type_graph *graph = parser->graph;

	for (uint32_t i = 1; i < graph->type_count; i++) {
		const struct graph_type *type = &graph->types[i];
		bool fine = type->ref < graph->type_count && type->name < parser->text_size;

		for (uint32_t k = 0; k < type->count; k++) {
			const struct graph_slot *slot = &graph->slots[type->first + k];

			fine &= slot->type < graph->type_count && slot->name < parser->text_size;
		}
		if (!fine) {
			*parser->error = (struct type_graph_error){
				.what = "a type or name that is referred to is not there",
				.type = i };
			return -EBADMSG;
		}
		if (!has_prototype(graph, type)) {
			*parser->error = (struct type_graph_error){
				.what = "a function's type is no prototype", .type = i };
			return -EBADMSG;
		}
	}
	return 0;
}

static int bad_names(struct parser *parser, const char *what)
{
	*parser->error = (struct type_graph_error){ .what = what };
	return -EBADMSG;
}

static int by_text(const void *a, const void *b, void *text)
{
	return strcmp((const char *)text + *(const uint32_t *)a,
		      (const char *)text + *(const uint32_t *)b);
}

/* Offsets in the BTF's text that something is named by. malloc'ed. */
static uint32_t *list_names(const struct parser *parser, uint32_t *number, uint32_t *count)
{
	const struct type_graph *graph = parser->graph;
	uint32_t *used, all = 0;

	for (uint32_t i = 1; i < graph->type_count; i++)
		number[graph->types[i].name] = 1;
	for (size_t i = 0; i < graph->slot_count; i++)
		number[graph->slots[i].name] = 1;
	for (uint32_t i = 1; i < parser->text_size; i++)
		all += number[i];
	used = malloc(((size_t)all + 1) * sizeof(*used));
	*count = 0;
	for (uint32_t i = 1; used && i < parser->text_size; i++)
		if (number[i])
			used[(*count)++] = i;
	return used;
}

/* Where each string begins in our text, and the number of each offset in the BTF's. */
static int place_strings(struct parser *parser, const uint32_t *used, uint32_t count,
			 uint32_t *number)
{
	struct type_graph *graph = parser->graph;
	const char *last = "";
	size_t text = 1;

	graph->strings[0] = 0;
	graph->string_count = 1;
	number[0] = 0;
	for (uint32_t i = 0; i < count; i++) {
		const char *name = parser->text + used[i];
		size_t size = strnlen(name, GRAPH_NAME_MAX) + 1;

		if (size > GRAPH_NAME_MAX)
			return bad_names(parser, "a name is longer than any kernel's");
		/* "" at another place than the first is "" all the same */
		if (strcmp(last, name) != 0) {
			graph->strings[graph->string_count++] = (uint32_t)text;
			text += size;
		}
		if (text > GRAPH_TEXT_MAX)
			return bad_names(parser, "its names are longer than any kernel's");
		number[used[i]] = graph->string_count - 1;
		last = name;
	}
	graph->text = malloc(text);
	return graph->text ? 0 : -ENOMEM;
}

/*
 * From offsets in the BTF's text to our strings. An offset may lie in the middle of another
 * name, so it is each name's bytes that count.
 */
static int number_strings(struct parser *parser, uint32_t *number)
{
	struct type_graph *graph = parser->graph;
	uint32_t count;
	_cleanup_free_ uint32_t *used = list_names(parser, number, &count);
	int err;

	if (!used)
		return -ENOMEM;
	graph->strings = malloc(((size_t)count + 1) * sizeof(*graph->strings));
	if (!graph->strings)
		return -ENOMEM;
	qsort_r(used, count, sizeof(*used), by_text, (void *)parser->text);
	err = place_strings(parser, used, count, number);
	if (err)
		return err;
	graph->text[0] = '\0';
	for (uint32_t i = 0; i < count; i++)
		strcpy(graph->text + graph->strings[number[used[i]]], parser->text + used[i]);
	return 0;
}

static int intern_names(struct parser *parser)
{
	struct type_graph *graph = parser->graph;
	_cleanup_free_ uint32_t *number = calloc(parser->text_size, sizeof(*number));
	int err = number ? number_strings(parser, number) : -ENOMEM;

	for (uint32_t i = 1; !err && i < graph->type_count; i++)
		graph->types[i].name = number[graph->types[i].name];
	for (size_t i = 0; !err && i < graph->slot_count; i++)
		graph->slots[i].name = number[graph->slots[i].name];
	return err;
}

/* ---- the header ------------------------------------------------------------------------------ */

bool type_graph__is_big_endian(const void *data)
{
	const uint8_t *bytes = data;

	return bytes[0] == BTF_MAGIC_NUMBER >> 8 && bytes[1] == (BTF_MAGIC_NUMBER & 0xff);
}

static int read_header(struct parser *parser, const void *data, size_t size)
{
	struct cursor header = cursor__over(data, size);
	uint32_t length, types_at, types_size, text_at;
	uint32_t first = cursor__u32(&header); /* u16 magic, u8 version, u8 flags */
	const uint8_t *bytes = data;

	if (size < BTF_HEADER_SIZE)
		return bad(parser, "it is no BTF");
	parser->swap = type_graph__is_big_endian(data);
	if (!parser->swap && (first & 0xffff) != BTF_MAGIC_NUMBER)
		return bad(parser, "it is no BTF");
	if (bytes[2] != 1)
		return bad(parser, "its version is unknown");
	parser->at = header;
	length = word(parser);
	types_at = word(parser);
	types_size = word(parser);
	text_at = word(parser);
	parser->text_size = word(parser);
	if (length < BTF_HEADER_SIZE || length > size || types_at > size - length ||
	    types_size > size - length - types_at || text_at > size - length ||
	    parser->text_size > size - length - text_at)
		return bad(parser, "it is cut off");
	parser->at = cursor__over(bytes + length + types_at, types_size);
	parser->text = (const char *)bytes + length + text_at;
	return check_text(parser);
}

int type_graph__parse(const void *data, size_t size, struct type_graph *graph,
		      struct type_graph_error *error)
{
	struct type_graph_error ignored;
	struct parser parser = { .graph = graph, .error = error ? error : &ignored };
	int err;

	*graph = (struct type_graph){};
	if ((err = read_header(&parser, data, size)) || (err = read_types(&parser)) ||
	    (err = check_references(&parser)) || (err = intern_names(&parser)))
		type_graph__free(graph);
	return err;
}

/* ---- writing ----------------------------------------------------------------------------------- */

struct text {
	const struct type_graph *graph;
	uint32_t *places; /* of each string, once it is used */
	struct buf bytes;
};

static uint32_t place_of(struct text *text, uint32_t string)
{
	if (string && !text->places[string]) {
		const char *name = type_graph__string(text->graph, string);

		text->places[string] = (uint32_t)text->bytes.len;
		buf__add(&text->bytes, name, strlen(name) + 1);
	}
	return text->places[string];
}

/* Words of a type and what belongs to it. */
static size_t words_of(const struct graph_type *type)
{
	switch (type->kind) {
	case TYPE_ARRAY:
		return 6;
	case TYPE_INT:
	case TYPE_VAR:
	case TYPE_DECL_TAG:
		return 4;
	default:
		return 3 + (size_t)type->count * type_kind__slot_words(type->kind);
	}
}

static uint8_t *put_slot(uint8_t *at, struct text *text, uint8_t kind,
			 const struct graph_slot *slot)
{
	if (kind != TYPE_DATASEC)
		at = btf_bytes__put(at, place_of(text, slot->name));
	if (kind != TYPE_ENUM && kind != TYPE_ENUM64)
		at = btf_bytes__put(at, slot->type);
	if (kind != TYPE_FUNC_PROTO)
		at = btf_bytes__put(at, slot->value);
	if (kind == TYPE_DATASEC || kind == TYPE_ENUM64)
		at = btf_bytes__put(at, slot->high);
	return at;
}

static uint8_t *put_type(uint8_t *at, struct text *text, const struct graph_type *type)
{
	const struct graph_slot *slots = &text->graph->slots[type->first];
	uint32_t count = type->kind == TYPE_FUNC ? type->extra :
			 type->kind == TYPE_ARRAY ? 0 : type->count;

	at = btf_bytes__put(at, place_of(text, type->name));
	at = btf_bytes__put_info(at, type->kind, type->flag, count);
	at = btf_bytes__put(at, type_kind__has_ref(type->kind) ? type->ref : type->size);
	if (type->kind == TYPE_ARRAY) {
		at = btf_bytes__put(at, slots[0].type);
		at = btf_bytes__put(at, slots[1].type);
		return btf_bytes__put(at, slots[0].value);
	}
	if (type->kind == TYPE_INT || type->kind == TYPE_VAR || type->kind == TYPE_DECL_TAG)
		at = btf_bytes__put(at, type->extra);
	for (uint32_t i = 0; i < type->count; i++)
		at = put_slot(at, text, type->kind, &slots[i]);
	return at;
}

int type_graph__write(const struct type_graph *graph, void **data, size_t *size)
{
	_cleanup_free_ uint32_t *places = calloc(graph->string_count, sizeof(*places));
	struct text text = { .graph = graph, .places = places };
	_cleanup_buf_ struct buf out = {};
	size_t types_size = 0;
	uint8_t *at;

	for (uint32_t i = 1; i < graph->type_count; i++)
		types_size += 4 * words_of(&graph->types[i]);
	at = buf__reserve(&out, BTF_HEADER_SIZE + types_size);
	if (!places || !at)
		return -ENOMEM;
	buf__add_u8(&text.bytes, 0);
	at += BTF_HEADER_SIZE;
	for (uint32_t i = 1; i < graph->type_count; i++)
		at = put_type(at, &text, &graph->types[i]);
	btf_bytes__put_header(out.data, (uint32_t)types_size, (uint32_t)text.bytes.len);
	out.len = BTF_HEADER_SIZE + types_size;
	buf__add(&out, text.bytes.data, text.bytes.len);
	if (buf__failed(&text.bytes))
		out.failed = true;
	buf__free(&text.bytes);
	if (out.len > UINT32_MAX)
		return -E2BIG;
	*data = buf__steal(&out, size);
	return *data ? 0 : -ENOMEM;
}
