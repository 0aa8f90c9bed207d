/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "offer.h"

#include <kbtf_core.h>
#include <stdio.h>
#include <string.h>

#include "archive_file.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/sha256.h"

#define OBJECT_LIMIT (256u << 20)
#define WORDS 512

void offers__free(struct offers *offers)
{
	for (size_t i = 0; i < offers->count; i++)
		free(offers->items[i].reason);
	free(offers->items);
	*offers = (struct offers){};
}

/* Which of an entry's BTF an object of this digest is given. */
static const char *btf_of(const struct kbtf_archive *archive, const struct kbtf_entry *entry,
			  const uint8_t sha256[SHA256_SIZE])
{
	if (kbtf_archive__find_min(archive, entry, sha256))
		return "minimized";
	return kbtf_entry__btf_size(entry) ? "full" : "none";
}

static int judge(const struct kbtf_archive *archive, const struct kbtf_neighbours *neighbours,
		 const void *data, size_t size, struct offer *offer, struct error *err)
{
	char why[WORDS];
	int res = kbtf_neighbours__prove(archive, neighbours, data, size, why, sizeof(why));

	if (res && res != -ENOTUNIQ && res != -ENOENT)
		return error__set(err, -res, "%s: %s", offer->object, why);
	offer->judged = true;
	offer->agreed = !res;
	offer->reason = res ? strdup(why) : NULL;
	return res && !offer->reason ? error__oom(err) : 0;
}

static int find_one(const struct kbtf_archive *archive, const struct kbtf_neighbours *neighbours,
		    const struct kbtf_selection *selection, bool infer, struct offer *offer,
		    struct error *err)
{
	const struct kbtf_entry *entry = selection->entry;
	_cleanup_free_ void *data = NULL;
	uint8_t sha256[SHA256_SIZE];
	size_t size;
	int res = file__read(offer->object, OBJECT_LIMIT, &data, &size);

	offer->btf = "none";
	if (res)
		return error__set(err, -res, "%s: %s", offer->object, strerror(-res));
	if (selection->match == KBTF_MATCH_KERNEL)
		offer->btf = "kernel";
	if (archive && selection->match == KBTF_MATCH_NONE) {
		res = judge(archive, neighbours, data, size, offer, err);
		entry = infer && offer->agreed ? neighbours->before : NULL;
	}
	if (!res && entry) {
		sha256__of(data, size, sha256);
		offer->btf = btf_of(archive, entry, sha256);
	}
	return res;
}

bool offers__suffice(const struct offers *offers)
{
	for (size_t i = 0; i < offers->count; i++)
		if (strcmp(offers->items[i].btf, "none") == 0)
			return false;
	return true;
}

int offers__find(const struct kbtf_archive *archive, const struct kbtf_host *host,
		 const struct text_list *paths, bool infer, struct kbtf_selection *selection,
		 struct offers *offers, struct error *err)
{
	struct kbtf_select_opts opts = { .sz = sizeof(opts),
					 .package_version = kbtf_host__package_version(host) };
	int res = 0;

	*offers = (struct offers){ .items = calloc(paths->count + 1, sizeof(*offers->items)) };
	if (!offers->items)
		return error__oom(err);
	if (selection->match == KBTF_MATCH_NONE)
		res = kbtf_neighbours__find(archive, kbtf_host__ident(host), &opts,
					    &offers->neighbours);
	if (res)
		return error__set(err, -res, "can't look for neighbours: %s", strerror(-res));
	for (size_t i = 0; !res && i < paths->count; i++) {
		offers->items[i].object = paths->items[i];
		offers->count++;
		res = find_one(archive, &offers->neighbours, selection, infer, &offers->items[i], err);
	}
	if (!res && infer && offers->count && selection->match == KBTF_MATCH_NONE &&
	    offers__suffice(offers)) {
		selection->match = KBTF_MATCH_INFERRED;
		selection->entry = offers->neighbours.before;
	}
	return res;
}

/* ---- output ------------------------------------------------------------------------------- */

static const char *release_of(const struct kbtf_entry *entry)
{
	return entry ? kbtf_entry__ident(entry)->kernel_release : "none";
}

static void print_offer(const struct offer *offer)
{
	printf("for         %s: ", offer->object);
	if (offer->judged && !offer->agreed)
		printf("nothing: %s\n", offer->reason);
	else if (offer->judged && strcmp(offer->btf, "none") == 0)
		printf("nothing, but the neighbours agree: --infer would take the former's\n");
	else if (strcmp(offer->btf, "none") == 0)
		printf("nothing\n");
	else if (strcmp(offer->btf, "kernel") == 0)
		printf("the kernel's own\n");
	else
		printf("%s%s\n", strcmp(offer->btf, "full") == 0 ? "BTF in full" : "BTF minimized for it",
		       offer->judged ? ", on which the neighbours agree" : "");
}

void offers__print(const struct offers *offers, enum kbtf_match match)
{
	const struct kbtf_neighbours *neighbours = &offers->neighbours;

	if ((match == KBTF_MATCH_NONE || match == KBTF_MATCH_INFERRED) &&
	    (neighbours->before || neighbours->after))
		printf("neighbours  before: %s, after: %s\n", release_of(neighbours->before),
		       release_of(neighbours->after));
	for (size_t i = 0; i < offers->count; i++)
		print_offer(&offers->items[i]);
}

static json_t *offer_json(const struct offer *offer)
{
	json_t *json = json_pack("{s:o, s:s}", "object", json_text(offer->object), "btf", offer->btf);

	if (offer->judged)
		json_object_set_new(json, "neighbours_agree", json_boolean(offer->agreed));
	if (offer->reason)
		json_object_set_new(json, "reason", json_text(offer->reason));
	return json;
}

void offers__to_json(const struct offers *offers, json_t *out)
{
	const struct kbtf_entry *neighbours[] = { offers->neighbours.before,
						  offers->neighbours.after };
	json_t *array;

	if (neighbours[0] || neighbours[1]) {
		array = json_array();
		for (size_t i = 0; i < 2; i++)
			json_array_append_new(array, neighbours[i] ? entry__json(neighbours[i])
								   : json_null());
		json_object_set_new(out, "neighbours", array);
	}
	if (offers->count) {
		array = json_array();
		for (size_t i = 0; i < offers->count; i++)
			json_array_append_new(array, offer_json(&offers->items[i]));
		json_object_set_new(out, "objects", array);
	}
}
