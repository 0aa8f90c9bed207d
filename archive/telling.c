/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Full BTF, in canonical form: told after the nearest relative, and proved. */
#include <string.h>

#include "canonical.h"
#include "format.h"
#include "ident.h"
#include "open_archive.h"
#include "stored_btf.h"
#include "writing.h"

/*
 * What follows too many, or too much, takes too long to read: a kernel by itself is about
 * 1 MB, and steps of a few kB take milliseconds. A path that is full is left near its
 * beginning, with room for many to come: of all that a long series of kernels is told after,
 * one in PATH_DEPTH_MAX - PATH_DEPTH_FORK is far away.
 */
#define PATH_DEPTH_MAX 64
#define PATH_DEPTH_FORK 8
#define PATH_SIZE_MAX (3u << 20)
#define PATH_SIZE_FORK (3u << 19)

/* ---- which kernel it is told after ------------------------------------------------------ */

static int kinship(const struct kbtf_ident *a, const struct kbtf_ident *b)
{
	if (strcmp(a->arch, b->arch) != 0)
		return 0;
	if (strcmp(a->distro, b->distro) != 0)
		return 1;
	return strcmp(a->distro_release, b->distro_release) == 0 ? 3 : 2;
}

/* Whether `a` is the nearer relative: of closer kin; the last before it; the first after it. */
static bool is_nearer(const struct kbtf_ident *ident, const struct kbtf_ident *a,
		      const struct kbtf_ident *b)
{
	int kin = kinship(ident, a) - kinship(ident, b), order;
	bool a_before = strverscmp(a->kernel_release, ident->kernel_release) <= 0;
	bool b_before = strverscmp(b->kernel_release, ident->kernel_release) <= 0;

	if (kin)
		return kin > 0;
	if (a_before != b_before)
		return a_before;
	order = strverscmp(a->kernel_release, b->kernel_release);
	if (order)
		return a_before == (order > 0);
	return ident__compare(a, b) < 0;
}

/* Of those that fewer than `depth` kernels and `size` bytes must be followed for. */
static const struct blob *nearest(const struct kbtf_writer *writer, const struct kbtf_ident *ident,
				  uint32_t depth, uint64_t size)
{
	const struct draft *best = NULL;

	for (size_t i = 0; i < writer->draft_count; i++) {
		const struct draft *draft = &writer->drafts[i];

		if (draft->btf && draft->btf->depth < depth && draft->btf->path_size < size &&
		    (!best || is_nearer(ident, &draft->ident, &best->ident)))
			best = draft;
	}
	return best ? best->btf : NULL;
}

static const struct blob *choose_base(const struct kbtf_writer *writer,
				      const struct kbtf_ident *ident)
{
	const struct blob *base = nearest(writer, ident, UINT32_MAX, UINT64_MAX);

	if (!base || (base->depth + 1 < PATH_DEPTH_MAX && base->path_size < PATH_SIZE_MAX))
		return base;
	return nearest(writer, ident, PATH_DEPTH_FORK, PATH_SIZE_FORK);
}

/* ---- telling ---------------------------------------------------------------------------------- */

/* Whether one of the base can be read; what this writer told is proved. -EBADMSG, -ENOMEM. */
static int check_blob(const struct kbtf_writer *writer, const struct blob *blob)
{
	const struct contents *base = writer->base ? &writer->base->contents : NULL;
	_cleanup_free_ void *btf = NULL, *bare = NULL;
	size_t size;
	int err;

	if (!base || blob < base->blobs || blob >= base->blobs + base->blob_count)
		return 0;
	err = blob__unpack(blob, true, &btf, &size);
	return err ? err : blob__unpack(blob, false, &bare, &size);
}

/*
 * NULL: there is none. Also one that no entry has any more, but others follow: none is there
 * twice, but for what is damaged, which is told anew. -ENOMEM.
 */
static int find_blob(const struct kbtf_writer *writer, const uint8_t digest[DIGEST_SIZE],
		     const struct blob **out)
{
	const struct blob *damaged = NULL;

	*out = NULL;
	for (size_t i = 0; i < writer->draft_count; i++)
		for (const struct blob *blob = writer->drafts[i].btf; blob; blob = blob->base) {
			int err;

			if (blob == damaged || memcmp(blob->digest, digest, DIGEST_SIZE) != 0)
				continue;
			err = check_blob(writer, blob);
			if (err == -ENOMEM)
				return err;
			if (!err) {
				*out = blob;
				return 0;
			}
			damaged = blob;
		}
	return 0;
}

/* What comes out is what went in. */
static int prove(const struct blob *blob, bool functions, const void *btf, size_t size)
{
	_cleanup_free_ void *again = NULL;
	size_t again_size;
	int err = blob__unpack(blob, functions, &again, &again_size);

	if (err)
		return err == -ENOMEM ? err : -EIO;
	return again_size == size && memcmp(again, btf, size) == 0 ? 0 : -EIO;
}

static int tell_after(struct kbtf_writer *writer, const struct type_graph *graph,
		const struct blob *base, const void *btf, size_t size,
		const uint8_t digest[DIGEST_SIZE], const struct blob **out)
{
	const struct columns_effort effort = { COMPRESSION_LEVEL, writer->interrupted,
					       writer->interrupt_ctx };
	_cleanup_buf_ struct buf data = {}, functions = {};
	size_t data_size, stored_size;
	struct lineage lineage;
	uint8_t *stored;
	_cleanup_free_ void *bare = NULL; /* without functions */
	size_t bare_size;
	struct blob *blob;
	int err = blob__follow(base, true, &lineage);

	if (err)
		return err;
	err = lineage__tell(&lineage, graph, &effort, &data, &functions);
	if (!err)
		err = record_set__write(&lineage.pool, &lineage.set, false, &bare, &bare_size);
	lineage__free(&lineage);
	if (err)
		return err;
	data_size = data.len;
	buf__add(&data, functions.data, functions.len);
	blob = writer__own(writer, calloc(1, sizeof(*blob)));
	stored = buf__steal(&data, &stored_size);
	stored = writer__own(writer, stored);
	if (!blob || !stored)
		return -ENOMEM;
	*blob = (struct blob){ .stored = stored, .stored_size = stored_size, .data_size = data_size,
			       .size = size, .base = base, .depth = base ? base->depth + 1 : 0,
			       .path_size = stored_size + (base ? base->path_size : 0) };
	digest__of(stored, data_size, blob->data_digest);
	digest__of(stored + data_size, functions.len, blob->function_digest);
	memcpy(blob->digest, digest, DIGEST_SIZE);
	*out = blob;
	err = prove(blob, false, bare, bare_size);
	return err ? err : prove(blob, true, btf, size);
}

int writer__tell(struct kbtf_writer *writer, const struct kbtf_ident *ident, const void *given,
		 size_t given_size, const struct blob **out)
{
	_cleanup_free_ void *btf = NULL;
	const struct blob *base;
	struct type_graph canonical;
	uint8_t digest[DIGEST_SIZE];
	size_t size;
	int err = writer__check_btf(given, given_size, FORMAT_BTF_MAX, false);

	if (err || (err = canonical__of(given, given_size, &canonical)))
		return err;
	err = type_graph__write(&canonical, &btf, &size);
	/* names that lay in one another are longer now */
	if (!err && size > FORMAT_BTF_MAX)
		err = -EMSGSIZE;
	if (!err) {
		digest__of(btf, size, digest);
		err = find_blob(writer, digest, out);
	}
	if (!err && !*out) {
		base = choose_base(writer, ident);
		err = tell_after(writer, &canonical, base, btf, size, digest, out);
		if (err && err != -ENOMEM && base && check_blob(writer, base) == -EBADMSG)
			err = tell_after(writer, &canonical, NULL, btf, size, digest, out);
	}
	type_graph__free(&canonical);
	return err;
}
