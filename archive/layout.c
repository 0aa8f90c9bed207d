/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What an archive is to hold, in its fixed order. */
#include <string.h>
#include <zstd.h>

#include "ident.h"
#include "open_archive.h"
#include "writing.h"

/*
 * Minimized BTF of siblings lies together in frames of so many bytes: what is alike is stored
 * once, and one is read in a fraction of a millisecond. Of the base's frames, those stay of which
 * all is in use, and that have at least half of it.
 */
#define FRAME_SIZE (512u << 10)

static int by_ident(const void *a, const void *b)
{
	const struct draft *x = a, *y = b;

	return ident__compare(&x->ident, &y->ident);
}

static int by_address(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return (x > y) - (x < y);
}

/* ---- profiles ------------------------------------------------------------------------------ */

static int by_profile_digest(const void *a, const void *b)
{
	const struct kbtf_profile *x = a, *y = b;
	int order = memcmp(x->digest, y->digest, SHA256_SIZE);

	/* two names for one set of objects: the lesser one stays, whichever came first */
	return order ? order : strcmp(x->name, y->name);
}

static int lay_out_profiles(const struct kbtf_writer *writer, struct contents *out)
{
	uint32_t count = 0, kept = 0;

	for (size_t i = 0; i < writer->draft_count; i++)
		count += writer->drafts[i].min_count;
	out->profiles = calloc(count + 1, sizeof(*out->profiles));
	if (!out->profiles)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < writer->draft_count; i++)
		for (size_t k = 0; k < writer->drafts[i].min_count; k++)
			out->profiles[count++] = *writer->drafts[i].mins[k].profile;
	qsort(out->profiles, count, sizeof(*out->profiles), by_profile_digest);
	for (uint32_t i = 0; i < count; i++)
		if (!kept || memcmp(out->profiles[kept - 1].digest, out->profiles[i].digest,
				    SHA256_SIZE) != 0)
			out->profiles[kept++] = out->profiles[i];
	out->profile_count = kept;
	return 0;
}

static const struct kbtf_profile *profile_in(const struct contents *contents,
					     const struct kbtf_profile *profile)
{
	uint32_t i = 0;

	while (memcmp(contents->profiles[i].digest, profile->digest, SHA256_SIZE) != 0)
		i++;
	return &contents->profiles[i];
}

/* ---- full BTF --------------------------------------------------------------------------------- */

/* Where the writer's blobs come to lie. */
struct blob_places {
	const struct blob **blobs;  /* by address */
	uint32_t *places;           /* plus 1; 0: not yet */
	uint32_t count;
};

static void blob_places__free(struct blob_places *map)
{
	free(map->blobs);
	free(map->places);
}

static int blob_places__init(struct blob_places *map, const struct kbtf_writer *writer)
{
	uint32_t all = 0, kept = 0;

	for (size_t i = 0; i < writer->draft_count; i++)
		all += writer->drafts[i].btf ? writer->drafts[i].btf->depth + 1 : 0;
	map->blobs = calloc(all + 1, sizeof(*map->blobs));
	map->places = calloc(all + 1, sizeof(*map->places));
	if (!map->blobs || !map->places)
		return -ENOMEM;
	all = 0;
	/* what no entry has any more may still be what others follow */
	for (size_t i = 0; i < writer->draft_count; i++)
		for (const struct blob *blob = writer->drafts[i].btf; blob; blob = blob->base)
			map->blobs[all++] = blob;
	qsort(map->blobs, all, sizeof(*map->blobs), by_address);
	for (uint32_t i = 0; i < all; i++)
		if (!kept || map->blobs[kept - 1] != map->blobs[i])
			map->blobs[kept++] = map->blobs[i];
	map->count = kept;
	return 0;
}

static uint32_t *blob_places__at(const struct blob_places *map, const struct blob *blob)
{
	const struct blob **at = bsearch(&blob, map->blobs, map->count, sizeof(*map->blobs),
					 by_address);

	return &map->places[at - map->blobs];
}

/* After those that it follows. */
static const struct blob *place_blob(const struct blob_places *map, const struct blob *blob,
				     struct contents *out)
{
	for (;;) {
		const struct blob *next = blob;
		struct blob *placed;

		while (next->base && !*blob_places__at(map, next->base))
			next = next->base;
		if (!*blob_places__at(map, next)) {
			placed = &out->blobs[out->blob_count++];
			*placed = *next;
			if (next->base)
				placed->base = &out->blobs[*blob_places__at(map, next->base) - 1];
			*blob_places__at(map, next) = out->blob_count;
		}
		if (next == blob)
			return &out->blobs[*blob_places__at(map, blob) - 1];
	}
}

/* ---- minimized BTF ------------------------------------------------------------------------------ */

struct use {
	struct excerpt *excerpt;
	const struct kbtf_profile *profile;
};

/* By profile, then by the first kernel that has it, so that those of siblings are neighbours. */
static int by_likeness(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	int order = memcmp(x->profile->digest, y->profile->digest, SHA256_SIZE);

	return order ? order : (x->excerpt->order > y->excerpt->order) -
			       (x->excerpt->order < y->excerpt->order);
}

static struct use *used_excerpts(const struct kbtf_writer *writer, size_t *count)
{
	struct use *uses = calloc(writer->excerpt_count + 1, sizeof(*uses));

	*count = 0;
	for (size_t i = 0; i < writer->excerpt_count; i++)
		writer->excerpts[i]->order = 0;
	for (size_t i = 0; uses && i < writer->draft_count; i++)
		for (size_t k = 0; k < writer->drafts[i].min_count; k++) {
			const struct draft_min *min = &writer->drafts[i].mins[k];

			if (min->excerpt->order)
				continue;
			uses[(*count)++] = (struct use){ min->excerpt, min->profile };
			min->excerpt->order = *count;
		}
	if (uses)
		qsort(uses, *count, sizeof(*uses), by_likeness);
	return uses;
}

/* One that is damaged stays, too: what is in it can't be stored anew, and others go on. */
static bool frame_stays(struct kbtf_writer *writer, uint32_t first_part)
{
	const struct contents *base = &writer->base->contents;
	const struct frame *frame = base->parts[first_part].frame;

	if (writer->anew || (frame->size < FRAME_SIZE / 2 &&
			     excerpt__read(writer, writer->excerpts[first_part]) != -EBADMSG))
		return false;
	for (uint32_t i = first_part; i < base->part_count && base->parts[i].frame == frame; i++)
		if (!writer->excerpts[i]->order)
			return false;
	return true;
}

/* The next part of the frame that was added last. */
static void add_part(struct contents *out, struct excerpt *excerpt)
{
	struct frame *frame = &out->frames[out->frame_count - 1];

	out->parts[out->part_count++] = (struct part){ .frame = frame, .offset = frame->size,
						       .size = excerpt->size };
	frame->size += excerpt->size;
	excerpt->order = out->part_count;
}

/* The base's frames that stay; *placed says, by the writer's excerpts, which are in them. */
static void keep_frames(struct kbtf_writer *writer, struct contents *out, bool *placed)
{
	const struct contents *base = writer->base ? &writer->base->contents : NULL;

	for (uint32_t i = 0; base && i < base->part_count;) {
		const struct frame *frame = base->parts[i].frame;
		bool stays = frame_stays(writer, i);

		if (stays) {
			out->frames[out->frame_count] = *frame;
			out->frames[out->frame_count++].size = 0;
		}
		for (; i < base->part_count && base->parts[i].frame == frame; i++)
			if (stays) {
				add_part(out, writer->excerpts[i]);
				placed[i] = true;
			}
	}
}

static int pack_frame(struct kbtf_writer *writer, struct frame *frame, const struct buf *bytes)
{
	size_t bound = ZSTD_compressBound(bytes->len);
	uint8_t *stored = writer__own(writer, malloc(bound));

	if (buf__failed(bytes) || !stored)
		return -ENOMEM;
	frame->stored_size = ZSTD_compress(stored, bound, bytes->data, bytes->len,
					   COMPRESSION_LEVEL);
	if (ZSTD_isError(frame->stored_size))
		return -ENOMEM;
	frame->stored = stored;
	digest__of(stored, frame->stored_size, frame->digest);
	return 0;
}

/* New frames of what is in none that stays. */
static int fill_frames(struct kbtf_writer *writer, struct contents *out, const struct use *uses,
		       size_t count)
{
	_cleanup_buf_ struct buf bytes = {};
	int err = 0;

	for (size_t i = 0; !err && i < count; i++) {
		struct excerpt *excerpt = uses[i].excerpt;

		if (bytes.len && bytes.len + excerpt->size > FRAME_SIZE) {
			err = pack_frame(writer, &out->frames[out->frame_count - 1], &bytes);
			bytes.len = 0;
		}
		if (!err)
			err = excerpt__read(writer, excerpt);
		if (err)
			return err;
		if (!bytes.len)
			out->frames[out->frame_count++] = (struct frame){};
		buf__add(&bytes, excerpt->bytes, excerpt->size);
		add_part(out, excerpt);
	}
	if (!err && bytes.len)
		err = pack_frame(writer, &out->frames[out->frame_count - 1], &bytes);
	return err;
}

static int lay_out_excerpts(struct kbtf_writer *writer, struct contents *out)
{
	size_t count, loose = 0;
	_cleanup_free_ struct use *uses = used_excerpts(writer, &count);
	_cleanup_free_ bool *placed = calloc(writer->excerpt_count + 1, sizeof(*placed));

	out->frames = calloc(count + 1, sizeof(*out->frames));
	out->parts = calloc(count + 1, sizeof(*out->parts));
	if (!uses || !placed || !out->frames || !out->parts)
		return -ENOMEM;
	keep_frames(writer, out, placed);
	for (size_t i = 0; i < count; i++) {
		const struct part *part = uses[i].excerpt->part;

		if (!part || !placed[part - writer->base->contents.parts])
			uses[loose++] = uses[i];
	}
	return fill_frames(writer, out, uses, loose);
}

/* ---- entries -------------------------------------------------------------------------------------- */

static int lay_out_entry(struct kbtf_writer *writer, const struct draft *draft,
			 const struct blob_places *places, struct contents *out)
{
	struct kbtf_entry *entry = &out->entries[out->entry_count++];

	entry->ident = draft->ident;
	entry->provenance = draft->provenance;
	entry->btf = draft->btf ? place_blob(places, draft->btf, out) : NULL;
	entry->mins = writer__own(writer, calloc(draft->min_count + 1, sizeof(*entry->mins)));
	if (!entry->mins)
		return -ENOMEM;
	for (size_t i = 0; i < draft->min_count; i++)
		entry->mins[entry->min_count++] = (struct entry_min){
			.profile = profile_in(out, draft->mins[i].profile),
			.part = &out->parts[draft->mins[i].excerpt->order - 1],
		};
	return 0;
}

int writer__lay_out(struct kbtf_writer *writer, struct contents *out)
{
	struct blob_places places cleanup(blob_places__free) = {};
	int err;

	qsort(writer->drafts, writer->draft_count, sizeof(*writer->drafts), by_ident);
	out->entries = calloc(writer->draft_count + 1, sizeof(*out->entries));
	if (!out->entries)
		return -ENOMEM;
	if ((err = lay_out_profiles(writer, out)) || (err = lay_out_excerpts(writer, out)) ||
	    (err = blob_places__init(&places, writer)))
		return err;
	out->blobs = calloc(places.count + 1, sizeof(*out->blobs));
	if (!out->blobs)
		return -ENOMEM;
	for (size_t i = 0; !err && i < writer->draft_count; i++)
		err = lay_out_entry(writer, &writer->drafts[i], &places, out);
	return err;
}
