/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "check_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of a finding before its strings. */
struct finding_head {
	uint32_t size; /* of all of it */
	uint32_t verdict, subject, instruction, line;
};

#define STRINGS 8

struct kept_report {
	struct kbtf_report report;
	struct kept_report *next;
	uint32_t hash;
	size_t size;
	uint8_t bytes[];
};

const char *kbtf_verdict__name(enum kbtf_verdict verdict)
{
	static const char *const names[] = {
		[KBTF_VERDICT_OK] = "ok", [KBTF_VERDICT_GUARDED] = "guarded",
		[KBTF_VERDICT_ADAPTED] = "adapted", [KBTF_VERDICT_UNKNOWN] = "unknown",
		[KBTF_VERDICT_MAY_FAIL] = "may fail", [KBTF_VERDICT_IN_PART] = "in part",
		[KBTF_VERDICT_FAILS] = "fails",
	};

	return (unsigned int)verdict <= KBTF_VERDICT_FAILS ? names[verdict] : "?";
}

const char *kbtf_subject__name(enum kbtf_subject subject)
{
	static const char *const names[] = {
		[KBTF_SUBJECT_RELOCATION] = "relocation", [KBTF_SUBJECT_HELPER] = "helper",
		[KBTF_SUBJECT_MAP] = "map", [KBTF_SUBJECT_PROGRAM] = "program",
		[KBTF_SUBJECT_TARGET] = "target", [KBTF_SUBJECT_GLOBALS] = "globals",
		[KBTF_SUBJECT_ALTERNATIVE] = "alternative", [KBTF_SUBJECT_BTF] = "btf",
		[KBTF_SUBJECT_MACHINE] = "machine",
	};

	return (unsigned int)subject <= KBTF_SUBJECT_MACHINE ? names[subject] : "?";
}

/* ---- drafts -------------------------------------------------------------------------------- */

void report_draft__free(struct report_draft *draft)
{
	buf__free(&draft->bytes);
	*draft = (struct report_draft){};
}

static bool has(const struct report_draft *draft, const uint8_t *bytes, size_t size)
{
	struct finding_head head;

	for (size_t at = 0; at < draft->bytes.len; at += head.size) {
		memcpy(&head, draft->bytes.data + at, sizeof(head));
		if (head.size == size && memcmp(draft->bytes.data + at, bytes, size) == 0)
			return true;
	}
	return false;
}

static void add_bytes(struct report_draft *draft, const uint8_t *bytes, size_t size)
{
	struct finding_head head;

	memcpy(&head, bytes, sizeof(head));
	if (has(draft, bytes, size))
		return;
	buf__add(&draft->bytes, bytes, size);
	draft->count++;
	if (head.verdict > draft->verdict)
		draft->verdict = head.verdict;
}

void report_draft__add(struct report_draft *draft, const struct kbtf_finding *finding)
{
	const char *const strings[STRINGS] = {
		finding->program, finding->section, finding->kind, finding->what, finding->text,
		finding->nearest, finding->file, finding->source,
	};
	struct finding_head head = { 0, finding->verdict, finding->subject, finding->instruction,
				     finding->line };
	_cleanup_buf_ struct buf bytes = {};

	buf__add(&bytes, &head, sizeof(head));
	for (size_t i = 0; i < STRINGS; i++) {
		const char *string = strings[i] ? strings[i] : "";

		buf__add(&bytes, string, strlen(string) + 1);
	}
	if (buf__failed(&bytes)) {
		draft->bytes.failed = true;
		return;
	}
	head.size = (uint32_t)bytes.len;
	memcpy(bytes.data, &head, sizeof(head));
	add_bytes(draft, bytes.data, bytes.len);
}

void report_draft__append(struct report_draft *draft, const struct report_draft *other,
			  enum kbtf_verdict at_most)
{
	enum kbtf_verdict before = draft->verdict;
	struct finding_head head;

	draft->bytes.failed |= other->bytes.failed;
	for (size_t at = 0; at < other->bytes.len; at += head.size) {
		memcpy(&head, other->bytes.data + at, sizeof(head));
		add_bytes(draft, other->bytes.data + at, head.size);
	}
	if (draft->verdict > at_most)
		draft->verdict = before > at_most ? before : at_most;
}

/* ---- reports --------------------------------------------------------------------------------- */

int report_pool__init(struct report_pool *pool)
{
	*pool = (struct report_pool){ .room = 256 };
	pthread_mutex_init(&pool->lock, NULL);
	pool->kept = calloc(pool->room, sizeof(struct kept_report *));
	return pool->kept ? 0 : -ENOMEM;
}

void report_pool__free(struct report_pool *pool)
{
	for (size_t i = 0; pool->kept && i < pool->room; i++)
		while (pool->kept[i]) {
			struct kept_report *next = pool->kept[i]->next;

			free((void *)pool->kept[i]->report.findings);
			free(pool->kept[i]);
			pool->kept[i] = next;
		}
	free(pool->kept);
	pthread_mutex_destroy(&pool->lock);
}

static uint32_t hash_of(const struct buf *bytes)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < bytes->len; i++)
		hash = (hash ^ bytes->data[i]) * 16777619u;
	return hash ^ hash >> 15;
}

/* One that points into its own copy of the draft's bytes. */
static struct kept_report *make_report(const struct report_draft *draft, uint32_t hash)
{
	struct kept_report *kept = calloc(1, sizeof(*kept) + draft->bytes.len);
	struct kbtf_finding *findings = calloc(draft->count + 1, sizeof(*findings));
	size_t at = 0;

	if (!kept || !findings) {
		free(kept);
		free(findings);
		return NULL;
	}
	kept->hash = hash;
	kept->size = draft->bytes.len;
	if (kept->size)
		memcpy(kept->bytes, draft->bytes.data, kept->size);
	for (size_t i = 0; i < draft->count; i++) {
		struct finding_head head;
		const char *string = (const char *)kept->bytes + at + sizeof(head);
		struct kbtf_finding *it = &findings[i];
		const char **const strings[STRINGS] = {
			&it->program, &it->section, &it->kind, &it->what, &it->text, &it->nearest,
			&it->file, &it->source,
		};

		memcpy(&head, kept->bytes + at, sizeof(head));
		it->verdict = head.verdict;
		it->subject = head.subject;
		it->instruction = head.instruction;
		it->line = head.line;
		for (size_t k = 0; k < STRINGS; k++) {
			*strings[k] = string;
			string += strlen(string) + 1;
		}
		at += head.size;
	}
	kept->report = (struct kbtf_report){ draft->verdict, findings, draft->count,
					     draft->programs, draft->loaded };
	return kept;
}

static bool is_same(const struct kept_report *kept, const struct report_draft *draft, uint32_t hash)
{
	const struct kbtf_report *report = &kept->report;

	return kept->hash == hash && report->verdict == draft->verdict &&
	       report->program_count == draft->programs && report->loaded_count == draft->loaded &&
	       kept->size == draft->bytes.len &&
	       (!kept->size || memcmp(kept->bytes, draft->bytes.data, kept->size) == 0);
}

static struct kept_report *find_or_add(struct report_pool *pool, const struct report_draft *draft)
{
	uint32_t hash = hash_of(&draft->bytes);
	struct kept_report **place = &pool->kept[hash & (pool->room - 1)], *kept;

	for (kept = *place; kept; kept = kept->next)
		if (is_same(kept, draft, hash))
			return kept;
	kept = make_report(draft, hash);
	if (kept) {
		kept->next = *place;
		*place = kept;
		pool->count++;
	}
	return kept;
}

const struct kbtf_report *report_pool__keep(struct report_pool *pool, struct report_draft *draft)
{
	struct kept_report *kept = NULL;

	if (buf__failed(&draft->bytes))
		return NULL;
	pthread_mutex_lock(&pool->lock);
	kept = find_or_add(pool, draft);
	pthread_mutex_unlock(&pool->lock);
	return kept ? &kept->report : NULL;
}
