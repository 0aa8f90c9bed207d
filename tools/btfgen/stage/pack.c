/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "stage/pack.h"

#include <string.h>
#include <time.h>

#include "base/cancel.h"
#include "base/cleanup.h"

#define LOCK_POLL_MS 20

/* Everything lent to one kbtf_new_entry while old minimized BTF is carried over. */
struct carried {
	struct kbtf_new_min *mins;
	size_t count;
	void **owned;
	size_t owned_count;
};

static void carried__free(struct carried *carried)
{
	for (size_t i = 0; i < carried->owned_count; i++)
		free(carried->owned[i]);
	free(carried->owned);
	free(carried->mins);
}

static bool same_objects(const struct kbtf_profile *profile, const struct kbtf_new_min *min)
{
	size_t count = kbtf_profile__object_count(profile), found = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < min->object_count; k++)
			found += memcmp(kbtf_profile__object(profile, i)->sha256,
					min->objects[k].sha256, KBTF_SHA256_SIZE) == 0;
	return count == min->object_count && found == count;
}

static bool is_new(const struct kbtf_profile *profile, const struct kbtf_new_entry *entry)
{
	for (size_t i = 0; i < entry->min_count; i++)
		if (same_objects(profile, &entry->mins[i]))
			return true;
	return false;
}

static int carry_profile(struct carried *carried, const struct kbtf_entry *old,
			 const struct kbtf_profile *profile)
{
	size_t count = kbtf_profile__object_count(profile), size;
	struct kbtf_object_ref *objects = calloc(count + 1, sizeof(*objects));
	void *btf = NULL;
	int res = objects ? kbtf_entry__read_min(old, profile, &btf, &size) : -ENOMEM;

	if (res) {
		free(objects);
		return res;
	}
	carried->owned[carried->owned_count++] = objects;
	carried->owned[carried->owned_count++] = btf;
	for (size_t i = 0; i < count; i++)
		objects[i] = *kbtf_profile__object(profile, i);
	carried->mins[carried->count++] = (struct kbtf_new_min){
		.profile = kbtf_profile__name(profile),
		.objects = objects,
		.object_count = count,
		.btf = btf,
		.btf_size = size,
	};
	return 0;
}

/* Whether the full BTF, from which the rest was cut, is the same. */
static bool same_btf(const struct kbtf_entry *old, const struct kbtf_new_entry *entry)
{
	_cleanup_free_ void *btf = NULL, *canonical = NULL;
	size_t size, canonical_size;

	return kbtf_btf__canonical(entry->btf, entry->btf_size, &canonical, &canonical_size) == 0 &&
	       kbtf_entry__btf_size(old) == canonical_size &&
	       kbtf_entry__read_btf(old, &btf, &size) == 0 && memcmp(btf, canonical, size) == 0;
}

static bool same_text(const char *stored, const char *given)
{
	return strcmp(stored, given ? given : "") == 0;
}

/* The entry in whose place the new one comes, by what names it; NULL if there is none. */
static const struct kbtf_entry *find_old(const struct kbtf_archive *base,
					 const struct kbtf_ident *ident)
{
	const struct kbtf_entry *entry = NULL;

	if (ident->build_id_len)
		return kbtf_archive__find_build_id(base, ident->build_id, ident->build_id_len);
	while ((entry = kbtf_archive__find_release(base, ident->kernel_release, entry))) {
		const struct kbtf_ident *its = kbtf_entry__ident(entry);

		if (!its->build_id_len && same_text(its->distro, ident->distro) &&
		    same_text(its->distro_release, ident->distro_release) &&
		    same_text(its->arch, ident->arch) &&
		    same_text(its->kernel_version, ident->kernel_version))
			return entry;
	}
	return NULL;
}

/* How far one can rely on it: an entry is as good as the worst that it is made of. */
static int trust_in(enum kbtf_verification verification)
{
	return verification == KBTF_UNVERIFIED ? 0 : verification == KBTF_VERIFIED_PARTIAL ? 1 : 2;
}

/*
 * What else was minimized of the kernel stays true as long as the full BTF is the same. Without,
 * one build ID is one kernel, if as much can be relied on what was there.
 */
static bool stays_true(const struct kbtf_entry *old, const struct kbtf_new_entry *entry)
{
	const struct kbtf_provenance *before = kbtf_entry__provenance(old);

	if (entry->btf && kbtf_entry__btf_size(old))
		return same_btf(old, entry);
	if (!entry->ident.build_id_len)
		return false;
	/* full BTF that is there stays, and the entry as good as its worst part */
	if (kbtf_entry__btf_size(old))
		return true;
	/* what is made by other rules is to be made anew, and the entry tells of one set of them */
	if (same_text(before->encoder, entry->provenance.encoder) &&
	    !same_text(before->encoder_version, entry->provenance.encoder_version))
		return false;
	return trust_in(before->verification) >= trust_in(entry->provenance.verification);
}

/* The full BTF that is there, where the new entry has none, and how it came about. */
static int carry_full(struct carried *carried, const struct kbtf_entry *old,
		      struct kbtf_new_entry *entry)
{
	enum kbtf_verification verification = entry->provenance.verification;
	void *btf = NULL;
	int res = kbtf_entry__read_btf(old, &btf, &entry->btf_size);

	if (res)
		return res;
	carried->owned[carried->owned_count++] = btf;
	entry->btf = btf;
	entry->ident = *kbtf_entry__ident(old);
	if (trust_in(verification) >= trust_in(kbtf_entry__provenance(old)->verification))
		verification = kbtf_entry__provenance(old)->verification;
	entry->provenance = *kbtf_entry__provenance(old);
	entry->provenance.verification = verification;
	return 0;
}

static int carry(const struct kbtf_archive *base, struct kbtf_new_entry *entry,
		 struct carried *carried)
{
	size_t profiles = base ? kbtf_archive__profile_count(base) : 0;
	const struct kbtf_entry *old = NULL;

	carried->mins = calloc(profiles + entry->min_count + 1, sizeof(*carried->mins));
	carried->owned = calloc(2 * profiles + 2, sizeof(*carried->owned));
	if (!carried->mins || !carried->owned)
		return -ENOMEM;
	for (size_t i = 0; i < entry->min_count; i++)
		carried->mins[carried->count++] = entry->mins[i];
	if (base)
		old = find_old(base, &entry->ident);
	if (!old || !stays_true(old, entry))
		return 0;
	for (size_t i = 0; i < profiles; i++) {
		const struct kbtf_profile *profile = kbtf_archive__profile(base, i);
		int res = 0;

		if (kbtf_entry__min_size(old, profile) && !is_new(profile, entry))
			res = carry_profile(carried, old, profile);
		if (res)
			return res;
	}
	return entry->btf || !kbtf_entry__btf_size(old) ? 0 : carry_full(carried, old, entry);
}

static bool interrupted(void *ctx)
{
	(void)ctx;
	return cancel__requested();
}

struct kbtf_writer *pack__open(const char *archive_path, struct error *err)
{
	const struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };
	struct kbtf_writer *writer;

	while (!(writer = kbtf_writer__try_open(archive_path)) && errno == EWOULDBLOCK) {
		if (cancel__requested()) {
			error__set(err, ECANCELED, "interrupted");
			errno = ECANCELED;
			return NULL;
		}
		nanosleep(&pause, NULL);
	}
	if (!writer) {
		int code = errno;

		error__set(err, code, "%s: %s", archive_path,
			   code == EBADMSG ? "is no archive, or is damaged; move it away and build "
					     "anew" : strerror(code));
		errno = code;
		return NULL;
	}
	kbtf_writer__set_interrupt(writer, interrupted, NULL);
	return writer;
}

int pack__explain(const char *archive_path, const char *what, int res, struct error *err)
{
	if (!res)
		return 0;
	if (res == -ECANCELED)
		return error__set(err, res, "interrupted");
	if (res == -ENOSPC || res == -EDQUOT)
		return error__set(err, res, "%s: the disk is full; the archive is as it was. Free "
				  "some space and run the same command again", archive_path);
	return error__set(err, res, "%s: can't %s: %s", archive_path, what, strerror(-res));
}

int pack__entry(const char *archive_path, const struct kbtf_new_entry *given,
		struct packed *packed, struct error *err)
{
	_cleanup_kbtf_writer_ struct kbtf_writer *writer = pack__open(archive_path, err);
	struct carried carried __attribute__((__cleanup__(carried__free))) = {};
	struct kbtf_new_entry entry = *given;
	char what[256];
	int res;

	if (!writer)
		return -errno;
	res = carry(kbtf_writer__base(writer), &entry, &carried);
	if (!res) {
		entry.mins = carried.mins;
		entry.min_count = carried.count;
		res = kbtf_writer__add(writer, &entry, &packed->added);
	}
	if (!res && packed->added != KBTF_ADDED_YIELDED)
		res = kbtf_writer__commit(writer);
	snprintf(what, sizeof(what), "add %s", given->ident.kernel_release);
	return pack__explain(archive_path, what, res, err);
}

/* Of one profile, into the next of `mins`; what it is made of is put behind `owned`. */
static int copy_min(const struct kbtf_entry *entry, const struct kbtf_profile *profile,
		    struct kbtf_new_min *min, void **owned, size_t *owned_count)
{
	struct kbtf_object_ref *objects;
	void *btf = NULL;
	int res;

	min->profile = kbtf_profile__name(profile);
	min->object_count = kbtf_profile__object_count(profile);
	objects = owned[(*owned_count)++] = calloc(min->object_count + 1, sizeof(*objects));
	if (!objects)
		return -ENOMEM;
	for (size_t i = 0; i < min->object_count; i++)
		objects[i] = *kbtf_profile__object(profile, i);
	min->objects = objects;
	res = kbtf_entry__read_min(entry, profile, &btf, &min->btf_size);
	min->btf = owned[(*owned_count)++] = btf;
	return res;
}

int pack__copy(struct kbtf_writer *writer, const struct kbtf_archive *archive,
	       const struct kbtf_entry *entry, const struct kbtf_profile *only,
	       enum kbtf_added *added)
{
	size_t profiles = kbtf_archive__profile_count(archive), owned_count = 0;
	struct kbtf_new_min *mins = calloc(profiles + 1, sizeof(*mins));
	void **owned = calloc(2 * profiles + 2, sizeof(*owned)), *btf = NULL;
	struct kbtf_new_entry new = { .sz = sizeof(new), .ident = *kbtf_entry__ident(entry),
				      .provenance = *kbtf_entry__provenance(entry), .mins = mins };
	int res = mins && owned ? 0 : -ENOMEM;

	if (!res && !only && kbtf_entry__btf_size(entry)) {
		res = kbtf_entry__read_btf(entry, &btf, &new.btf_size);
		new.btf = owned[owned_count++] = btf;
	}
	for (size_t i = 0; !res && i < profiles; i++) {
		const struct kbtf_profile *profile = kbtf_archive__profile(archive, i);

		if ((only && profile != only) || !kbtf_entry__min_size(entry, profile))
			continue;
		res = copy_min(entry, profile, &mins[new.min_count++], owned, &owned_count);
	}
	if (!res)
		res = kbtf_writer__add(writer, &new, added);
	for (size_t i = 0; i < owned_count; i++)
		free(owned[i]);
	free(owned);
	free(mins);
	return res;
}
