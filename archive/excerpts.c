/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Minimized BTF, in canonical form: siblings whose types of interest are the same share it. */
#include <string.h>

#include "canonical.h"
#include "format.h"
#include "open_archive.h"
#include "stored_btf.h"
#include "writing.h"

static struct excerpt *add_excerpt(struct kbtf_writer *writer)
{
	struct excerpt *excerpt = writer__own(writer, calloc(1, sizeof(*excerpt)));
	struct excerpt **excerpts = excerpt ?
		realloc(writer->excerpts, (writer->excerpt_count + 1) * sizeof(*excerpts)) : NULL;

	if (!excerpts)
		return NULL;
	writer->excerpts = excerpts;
	writer->excerpts[writer->excerpt_count++] = excerpt;
	return excerpt;
}

int writer__begin_excerpts(struct kbtf_writer *writer)
{
	const struct contents *base = writer->base ? &writer->base->contents : NULL;

	for (uint32_t i = 0; base && i < base->part_count; i++) {
		struct excerpt *excerpt = add_excerpt(writer);

		if (!excerpt)
			return -ENOMEM;
		excerpt->part = &base->parts[i];
		excerpt->size = base->parts[i].size;
	}
	return 0;
}

int excerpt__read(struct kbtf_writer *writer, struct excerpt *excerpt)
{
	const struct part *part = excerpt->part;
	uint8_t *bytes;
	int err;

	if (excerpt->bytes)
		return 0;
	err = frame__unpack(part->frame, (void **)&bytes);
	if (err)
		return err;
	if (!writer__own(writer, bytes))
		return -ENOMEM;
	/* all of the frame, then: the base's come first, in the order of its parts */
	for (uint32_t i = 0; i < writer->base->contents.part_count; i++) {
		struct excerpt *it = writer->excerpts[i];

		if (it->part->frame != part->frame)
			continue;
		it->bytes = bytes + it->part->offset;
		digest__of(it->bytes, it->size, it->digest);
	}
	return 0;
}

/* What is damaged can't be compared, and stays where it is. */
static int read_all(struct kbtf_writer *writer)
{
	if (writer->excerpts_read)
		return 0;
	for (size_t i = 0; i < writer->excerpt_count; i++)
		if (excerpt__read(writer, writer->excerpts[i]) == -ENOMEM)
			return -ENOMEM;
	writer->excerpts_read = true;
	return 0;
}

/* The excerpt of these canonical bytes, which are taken over. */
static int find_or_add(struct kbtf_writer *writer, void *bytes, size_t size, struct excerpt **out)
{
	uint8_t digest[DIGEST_SIZE];

	if (!writer__own(writer, bytes))
		return -ENOMEM;
	digest__of(bytes, size, digest);
	for (size_t i = 0; i < writer->excerpt_count; i++) {
		*out = writer->excerpts[i];
		if ((*out)->bytes && memcmp((*out)->digest, digest, DIGEST_SIZE) == 0)
			return 0;
	}
	*out = add_excerpt(writer);
	if (!*out)
		return -ENOMEM;
	(*out)->bytes = bytes;
	(*out)->size = size;
	memcpy((*out)->digest, digest, DIGEST_SIZE);
	return 0;
}

int writer__excerpt(struct kbtf_writer *writer, const void *btf, size_t size,
		    struct excerpt **out)
{
	struct type_graph canonical;
	void *bytes;
	size_t bytes_size;
	/* an object without relocations is in need of no type */
	int err = writer__check_btf(btf, size, FORMAT_FRAME_MAX, true);

	if (err || (err = read_all(writer)) || (err = canonical__of(btf, size, &canonical)))
		return err;
	err = type_graph__write(&canonical, &bytes, &bytes_size);
	type_graph__free(&canonical);
	/* names that lay in one another are longer now */
	if (!err && bytes_size > FORMAT_FRAME_MAX) {
		free(bytes);
		err = -EMSGSIZE;
	}
	return err ? err : find_or_add(writer, bytes, bytes_size, out);
}
