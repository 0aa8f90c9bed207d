/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "contents.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "format.h"
#include "ident.h"

#define COUNT_MAX 0x7fffffffu

/* One walk both writes and reads, so that the two can't disagree about the format. */
struct walk {
	struct contents *it;
	bool reading;
	int err;
	struct columns columns;
	struct cursor in[INDEX_COLUMNS];
	uint32_t last[INDEX_COLUMNS];
};

static void fail(struct walk *walk, int err)
{
	if (!walk->err)
		walk->err = err;
}

/* ---- values ----------------------------------------------------------------------------------- */

static inline uint64_t number(struct walk *walk, enum index_column column, uint64_t value,
			      uint64_t max)
{
	struct cursor *in = &walk->in[column];

	if (!walk->reading) {
		buf__add_varint(&walk->columns.items[column], value);
		return value;
	}
	/* most are of one byte */
	value = in->pos < in->len && in->data[in->pos] < 0x80 ? in->data[in->pos++]
							      : cursor__varint(in);
	if (!in->failed && value <= max)
		return value;
	fail(walk, -EBADMSG);
	return 0;
}

/* A number below `count` that is most often near the one before it. */
static inline uint32_t near_number(struct walk *walk, enum index_column column, uint32_t value,
			    uint32_t count)
{
	uint32_t *last = &walk->last[column];
	int32_t step = value - *last;
	uint64_t told = number(walk, column, (uint32_t)step << 1 ^ (uint32_t)(step >> 31), UINT32_MAX);

	if (walk->reading)
		value = *last + ((uint32_t)(told >> 1) ^ -(uint32_t)(told & 1));
	if (value >= count) {
		fail(walk, -EBADMSG);
		value = 0;
	}
	return *last = value;
}

static const void *bytes(struct walk *walk, enum index_column column, const void *data, size_t size)
{
	if (!walk->reading) {
		buf__add(&walk->columns.items[column], data, size);
		return data;
	}
	data = cursor__take(&walk->in[column], size);
	if (!data)
		fail(walk, -EBADMSG);
	return data;
}

static void digest(struct walk *walk, enum index_column column, uint8_t digest[DIGEST_SIZE])
{
	const void *data = bytes(walk, column, digest, DIGEST_SIZE);

	if (walk->reading && data)
		memcpy(digest, data, DIGEST_SIZE);
}

static void text(struct walk *walk, enum index_column column, const char **text)
{
	const struct texts *texts = &walk->it->texts;
	uint32_t own = walk->reading ? 0 : texts__number(texts, *text);
	uint32_t at = near_number(walk, column, own, texts->count);

	if (!walk->reading)
		return;
	if (texts->has_newline[at] && column != ENTRY_NOTES)
		fail(walk, -EBADMSG);
	*text = texts->items[at];
}

/* So many items follow, of at least `size` bytes each in this column. */
static uint32_t count_of(struct walk *walk, enum index_column counts, uint32_t count,
			 enum index_column column, size_t size)
{
	const struct cursor *in = &walk->in[column];
	uint64_t max = (in->len - in->pos) / size;

	return number(walk, counts, count, max < COUNT_MAX ? max : COUNT_MAX);
}

/* Room for what is read: NULL, and failed, where there is none. */
static void *room_for(struct walk *walk, size_t count, size_t size)
{
	void *room = walk->err ? NULL : calloc(count + 1, size);

	if (!room)
		fail(walk, -ENOMEM);
	return room;
}

/* ---- texts --------------------------------------------------------------------------------------- */

static int collect_texts(struct contents *it)
{
	int err = texts__add(&it->texts, "");

	for (uint32_t i = 0; !err && i < it->profile_count; i++) {
		const struct kbtf_profile *profile = &it->profiles[i];

		err = texts__add(&it->texts, profile->name);
		for (size_t k = 0; !err && k < profile->object_count; k++)
			err = texts__add(&it->texts, profile->objects[k].name);
	}
	for (uint32_t i = 0; !err && i < it->entry_count; i++) {
		const struct kbtf_ident *ident = &it->entries[i].ident;
		const struct kbtf_provenance *prov = &it->entries[i].provenance;
		const char *all[] = { ident->distro, ident->distro_release, ident->arch,
				      ident->kernel_release, ident->kernel_version, prov->package,
				      prov->package_version, prov->verified_by, prov->encoder,
				      prov->encoder_version, prov->encoder_flags, prov->notes };

		for (size_t k = 0; !err && k < sizeof(all) / sizeof(all[0]); k++)
			err = texts__add(&it->texts, all[k]);
	}
	return err ? err : texts__sort(&it->texts);
}

static void walk_texts(struct walk *walk)
{
	struct texts *texts = &walk->it->texts;
	uint32_t count = count_of(walk, INDEX_COUNTS, texts->count - 1, TEXT_REST, 1) + 1;

	if (!walk->reading)
		texts__write(texts, &walk->columns.items[TEXT_SHARED], &walk->columns.items[TEXT_REST]);
	else if (!walk->err)
		fail(walk, texts__read(texts, count, &walk->in[TEXT_SHARED], &walk->in[TEXT_REST]));
}

/* ---- what is stored -------------------------------------------------------------------------------- */

static void walk_blob(struct walk *walk, struct blob *blob, uint32_t own_number)
{
	struct contents *it = walk->it;
	uint32_t back = blob->base ? own_number - (blob->base - it->blobs) : 0;

	blob->stored_size = number(walk, BLOB_STORED, blob->stored_size, UINT32_MAX);
	blob->data_size = number(walk, BLOB_DATA, blob->data_size, blob->stored_size);
	blob->size = number(walk, BLOB_SIZE, blob->size, FORMAT_BTF_MAX);
	/* only one that is before it: no path runs in a circle */
	back = number(walk, BLOB_BASE, back, own_number);
	digest(walk, BLOB_DIGEST, blob->digest);
	digest(walk, BLOB_DATA_DIGEST, blob->data_digest);
	digest(walk, BLOB_FUNCTION_DIGEST, blob->function_digest);
	if (!walk->reading)
		return;
	blob->base = back ? blob - back : NULL;
	blob->depth = back ? blob->base->depth + 1 : 0;
	blob->path_size = blob->stored_size + (back ? blob->base->path_size : 0);
	if (blob->depth >= FORMAT_PATH_MAX)
		fail(walk, -EBADMSG);
}

static void walk_blobs(struct walk *walk)
{
	struct contents *it = walk->it;
	uint32_t count = count_of(walk, INDEX_COUNTS, it->blob_count, BLOB_DIGEST, DIGEST_SIZE);

	if (walk->reading)
		it->blobs = room_for(walk, count, sizeof(*it->blobs));
	for (uint32_t i = 0; !walk->err && i < count; i++)
		walk_blob(walk, &it->blobs[i], i);
	it->blob_count = count;
}

/* Parts of the next frame; those of a writer are known to lie so. */
static void walk_parts(struct walk *walk, struct frame *frame, uint32_t *at)
{
	struct contents *it = walk->it;
	uint32_t count = 0;

	while (!walk->reading && *at + count < it->part_count && it->parts[*at + count].frame == frame)
		count++;
	count = number(walk, FRAME_PARTS, count, it->part_count - *at);
	if (!count)
		fail(walk, -EBADMSG);
	frame->size = 0;
	for (; !walk->err && count > 0; count--, (*at)++) {
		struct part *part = &it->parts[*at];

		part->frame = frame;
		part->offset = frame->size;
		part->size = number(walk, PART_SIZE, part->size, FORMAT_FRAME_MAX);
		frame->size += part->size;
		if (!part->size || frame->size > FORMAT_FRAME_MAX)
			fail(walk, -EBADMSG);
	}
}

static void walk_frames(struct walk *walk)
{
	struct contents *it = walk->it;
	uint32_t parts = count_of(walk, INDEX_COUNTS, it->part_count, PART_SIZE, 1);
	uint32_t count = count_of(walk, INDEX_COUNTS, it->frame_count, FRAME_DIGEST, DIGEST_SIZE);
	uint32_t at = 0;

	it->part_count = parts;
	if (walk->reading) {
		it->parts = room_for(walk, parts, sizeof(*it->parts));
		it->frames = room_for(walk, count, sizeof(*it->frames));
	}
	for (uint32_t i = 0; !walk->err && i < count; i++) {
		struct frame *frame = &it->frames[i];

		frame->stored_size = number(walk, FRAME_STORED, frame->stored_size, FORMAT_FRAME_MAX);
		digest(walk, FRAME_DIGEST, frame->digest);
		walk_parts(walk, frame, &at);
	}
	if (at != parts)
		fail(walk, -EBADMSG);
	it->frame_count = count;
}

/* Blobs and frames lie back to back, and nothing else does. */
static int place(struct contents *it, const uint8_t *chunks, size_t size)
{
	size_t at = 0;

	for (uint32_t i = 0; i < it->blob_count; i++) {
		if (it->blobs[i].stored_size > size - at)
			return -EBADMSG;
		it->blobs[i].stored = chunks + at;
		at += it->blobs[i].stored_size;
	}
	for (uint32_t i = 0; i < it->frame_count; i++) {
		if (it->frames[i].stored_size > size - at)
			return -EBADMSG;
		it->frames[i].stored = chunks + at;
		at += it->frames[i].stored_size;
	}
	return at == size ? 0 : -EBADMSG;
}

/* ---- profiles --------------------------------------------------------------------------------------- */

void profile__digest(const struct kbtf_object_ref *objects, size_t count,
		     uint8_t digest[SHA256_SIZE])
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < count; i++)
		crypto_hash_sha256_update(&state, objects[i].sha256, SHA256_SIZE);
	crypto_hash_sha256_final(&state, digest);
}

static void walk_profile(struct walk *walk, struct kbtf_profile *profile)
{
	text(walk, PROFILE_NAME, &profile->name);
	profile->object_count = count_of(walk, PROFILE_OBJECTS, profile->object_count, OBJECT_SHA256,
					 SHA256_SIZE);
	for (size_t i = 0; !walk->err && i < profile->object_count; i++) {
		struct kbtf_object_ref *object = &profile->objects[i];
		const void *sha256;

		text(walk, OBJECT_NAME, &object->name);
		sha256 = bytes(walk, OBJECT_SHA256, object->sha256, SHA256_SIZE);
		if (!walk->reading || !sha256)
			continue;
		memcpy(object->sha256, sha256, SHA256_SIZE);
		if (i && memcmp(object[-1].sha256, object->sha256, SHA256_SIZE) >= 0)
			fail(walk, -EBADMSG);
	}
}

static void walk_profiles(struct walk *walk)
{
	struct contents *it = walk->it;
	struct kbtf_object_ref *objects;
	uint32_t count = count_of(walk, INDEX_COUNTS, it->profile_count, PROFILE_OBJECTS, 1);

	if (walk->reading) {
		it->profiles = room_for(walk, count, sizeof(*it->profiles));
		it->objects = room_for(walk, walk->in[OBJECT_SHA256].len / SHA256_SIZE,
				       sizeof(*it->objects));
	}
	it->profile_count = count;
	objects = it->objects;
	for (uint32_t i = 0; !walk->err && i < count; i++) {
		struct kbtf_profile *profile = &it->profiles[i];

		if (walk->reading)
			profile->objects = objects;
		walk_profile(walk, profile);
		objects += walk->reading ? profile->object_count : 0;
		if (!walk->reading || walk->err)
			continue;
		profile__digest(profile->objects, profile->object_count, profile->digest);
		if (i && memcmp(profile[-1].digest, profile->digest, SHA256_SIZE) >= 0)
			fail(walk, -EBADMSG);
	}
}

/* ---- entries ------------------------------------------------------------------------------------------ */

static void walk_ident(struct walk *walk, struct kbtf_ident *ident, uint8_t **build_ids)
{
	const void *build_id;
	uint64_t size;

	ident->sz = sizeof(*ident);
	text(walk, ENTRY_DISTRO, &ident->distro);
	text(walk, ENTRY_DISTRO_RELEASE, &ident->distro_release);
	text(walk, ENTRY_ARCH, &ident->arch);
	text(walk, ENTRY_KERNEL_RELEASE, &ident->kernel_release);
	text(walk, ENTRY_KERNEL_VERSION, &ident->kernel_version);
	size = number(walk, ENTRY_BUILD_ID_SIZE, 2 * ident->build_id_len + ident->build_id_short,
		      2 * KBTF_BUILD_ID_MAX + 1);
	ident->build_id_len = size / 2;
	ident->build_id_short = size % 2;
	build_id = bytes(walk, ENTRY_BUILD_ID, ident->build_id, ident->build_id_len);
	if (!walk->reading || walk->err)
		return;
	memcpy(*build_ids, build_id, ident->build_id_len);
	ident->build_id = *build_ids;
	*build_ids += ident->build_id_len;
	if (!*ident->arch || !*ident->kernel_release ||
	    (ident->build_id_short && !ident->build_id_len))
		fail(walk, -EBADMSG);
}

/* Known or not; a package's digest is text for those who read it, and half as many bytes here. */
static void walk_package_digest(struct walk *walk, struct kbtf_provenance *prov,
				char (**texts)[2 * SHA256_SIZE + 1])
{
	uint8_t sha256[SHA256_SIZE] = {};
	bool known = number(walk, ENTRY_SHA256_KNOWN, !walk->reading && *prov->package_sha256, 1);
	const void *stored;

	if (walk->reading)
		prov->package_sha256 = "";
	if (!known)
		return;
	if (!walk->reading)
		sodium_hex2bin(sha256, sizeof(sha256), prov->package_sha256, 2 * SHA256_SIZE, NULL,
			       NULL, NULL);
	stored = bytes(walk, ENTRY_SHA256, sha256, sizeof(sha256));
	if (!walk->reading || !stored)
		return;
	prov->package_sha256 = sodium_bin2hex(**texts, sizeof(**texts), stored, SHA256_SIZE);
	(*texts)++;
}

static void walk_provenance(struct walk *walk, struct kbtf_provenance *prov,
			    char (**package_digests)[2 * SHA256_SIZE + 1])
{
	prov->sz = sizeof(*prov);
	text(walk, ENTRY_PACKAGE, &prov->package);
	text(walk, ENTRY_PACKAGE_VERSION, &prov->package_version);
	walk_package_digest(walk, prov, package_digests);
	prov->verification = number(walk, ENTRY_VERIFICATION, prov->verification, UINT8_MAX);
	text(walk, ENTRY_VERIFIED_BY, &prov->verified_by);
	text(walk, ENTRY_ENCODER, &prov->encoder);
	text(walk, ENTRY_ENCODER_VERSION, &prov->encoder_version);
	text(walk, ENTRY_ENCODER_FLAGS, &prov->encoder_flags);
	text(walk, ENTRY_NOTES, &prov->notes);
}

static void walk_btf(struct walk *walk, struct kbtf_entry *entry)
{
	struct contents *it = walk->it;
	uint32_t blob = entry->btf ? entry->btf - it->blobs + 1 : 0;

	blob = near_number(walk, ENTRY_BLOB, blob, it->blob_count + 1);
	entry->btf = blob ? &it->blobs[blob - 1] : NULL;
	entry->min_count = count_of(walk, ENTRY_MINS, entry->min_count, MIN_PROFILE, 1);
	if (!entry->btf && !entry->min_count)
		fail(walk, -EBADMSG);
	for (size_t i = 0; !walk->err && i < entry->min_count; i++) {
		struct entry_min *min = &entry->mins[i];
		uint32_t profile = walk->reading ? 0 : min->profile - it->profiles;
		uint32_t part = walk->reading ? 0 : min->part - it->parts;

		profile = near_number(walk, MIN_PROFILE, profile, it->profile_count);
		part = near_number(walk, MIN_PART, part, it->part_count);
		if (walk->err)
			return;
		min->profile = &it->profiles[profile];
		min->part = &it->parts[part];
		if (i && min[-1].profile >= min->profile)
			fail(walk, -EBADMSG);
	}
}

static void walk_entries(struct walk *walk)
{
	struct contents *it = walk->it;
	uint32_t count = count_of(walk, INDEX_COUNTS, it->entry_count, ENTRY_MINS, 1);
	uint8_t *build_ids;
	char (*package_digests)[2 * SHA256_SIZE + 1];
	struct entry_min *mins;

	if (walk->reading) {
		it->entries = room_for(walk, count, sizeof(*it->entries));
		it->mins = room_for(walk, walk->in[MIN_PROFILE].len, sizeof(*it->mins));
		it->build_ids = room_for(walk, walk->in[ENTRY_BUILD_ID].len, 1);
		it->package_digests = room_for(walk, walk->in[ENTRY_SHA256].len / SHA256_SIZE,
					       sizeof(*it->package_digests));
	}
	it->entry_count = count;
	build_ids = it->build_ids;
	package_digests = it->package_digests;
	mins = it->mins;
	for (uint32_t i = 0; !walk->err && i < count; i++) {
		struct kbtf_entry *entry = &it->entries[i];

		if (walk->reading)
			entry->mins = mins;
		walk_ident(walk, &entry->ident, &build_ids);
		walk_provenance(walk, &entry->provenance, &package_digests);
		walk_btf(walk, entry);
		mins += walk->reading ? entry->min_count : 0;
		if (walk->reading && !walk->err && i &&
		    ident__compare(&entry[-1].ident, &entry->ident) >= 0)
			fail(walk, -EBADMSG);
	}
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

static int walk_all(struct walk *walk)
{
	/* of modules, whose BTF is split: none in this version */
	if (number(walk, INDEX_COUNTS, 0, UINT64_MAX))
		fail(walk, -ENOTSUP);
	walk_texts(walk);
	walk_blobs(walk);
	walk_frames(walk);
	walk_profiles(walk);
	walk_entries(walk);
	return walk->err;
}

int contents__write(struct contents *contents, const struct columns_effort *effort,
		    struct buf *out)
{
	const struct columns none = { .count = INDEX_COLUMNS };
	struct walk walk = { .it = contents, .columns.count = INDEX_COLUMNS };
	int err = collect_texts(contents);

	if (!err)
		err = walk_all(&walk);
	if (!err)
		err = columns__pack(&walk.columns, &none, effort, out);
	columns__free(&walk.columns);
	return err ? err : buf__failed(out) ? -ENOMEM : 0;
}

/* What no entry refers to is no part of its set, and nobody would ask for it. */
static int check_all_used(const struct contents *it)
{
	_cleanup_free_ bool *blobs = calloc(it->blob_count + 1, sizeof(*blobs));
	_cleanup_free_ bool *parts = calloc(it->part_count + 1, sizeof(*parts));
	_cleanup_free_ bool *profiles = calloc(it->profile_count + 1, sizeof(*profiles));

	if (!blobs || !parts || !profiles)
		return -ENOMEM;
	for (uint32_t i = 0; i < it->entry_count; i++) {
		const struct kbtf_entry *entry = &it->entries[i];

		for (const struct blob *blob = entry->btf; blob && !blobs[blob - it->blobs];
		     blob = blob->base)
			blobs[blob - it->blobs] = true;
		for (size_t k = 0; k < entry->min_count; k++) {
			parts[entry->mins[k].part - it->parts] = true;
			profiles[entry->mins[k].profile - it->profiles] = true;
		}
	}
	return memchr(blobs, false, it->blob_count) || memchr(parts, false, it->part_count) ||
	       memchr(profiles, false, it->profile_count) ? -EBADMSG : 0;
}

int contents__read(const void *index, size_t index_size, const uint8_t *chunks,
		   size_t chunks_size, struct contents *contents)
{
	const struct columns none = {};
	struct walk walk = { .it = contents, .reading = true };
	struct columns_reader reader = {};
	struct cursor in = cursor__over(index, index_size);
	int err = columns__unpack(&reader, &in, &none, INDEX_COLUMNS, walk.in);

	if (!err && in.pos != in.len)
		err = -EBADMSG;
	if (!err)
		err = walk_all(&walk);
	for (unsigned int i = 0; !err && i < INDEX_COLUMNS; i++)
		if (walk.in[i].pos != walk.in[i].len)
			err = -EBADMSG;
	columns_reader__free(&reader);
	if (!err)
		err = check_all_used(contents);
	return err ? err : place(contents, chunks, chunks_size);
}

void contents__free(struct contents *contents)
{
	free(contents->blobs);
	free(contents->frames);
	free(contents->parts);
	free(contents->profiles);
	free(contents->entries);
	texts__free(&contents->texts);
	free(contents->objects);
	free(contents->mins);
	free(contents->build_ids);
	free(contents->package_digests);
	*contents = (struct contents){};
}

bool entry__is_big_endian(const struct kbtf_entry *entry)
{
	static const char *const names[] = {
		"s390x", "s390", "ppc64", "ppc", "sparc64", "sparc", "mips", "mips64", "armeb",
		"aarch64_be", "m68k", "parisc", "parisc64",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(entry->ident.arch, names[i]) == 0)
			return true;
	return false;
}
