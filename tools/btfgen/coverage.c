/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "coverage.h"

#include <string.h>
#include <time.h>

#include "archive_file.h"
#include "base/log.h"
#include "base/utc.h"
#include "stage/plan.h"

const char *coverage__name(enum coverage coverage)
{
	static const char *const names[] = { "missing", "archived", "failed", "waiting" };

	return names[coverage];
}

bool ledger__open(const char *archive_given, struct ledger *ledger)
{
	_cleanup_free_ char *path = archive_file__path(archive_given);
	struct error err = {};
	int res;

	*ledger = (struct ledger){ .now = time(NULL) };
	if (!path)
		return false;
	ledger->archive = archive_file__open_if_any(path, &res, &err);
	if (!res)
		ledger->journal = journal__open(path, &err);
	if (!ledger->journal)
		log__error("%s", err.text);
	return ledger->journal;
}

void ledger__close(struct ledger *ledger)
{
	kbtf_archive__close(ledger->archive);
	journal__close(ledger->journal);
	circumstances__free(&ledger->circumstances);
	*ledger = (struct ledger){};
}

struct standing standing__of(const struct kernel *kernel, struct ledger *ledger)
{
	struct standing standing = { .coverage = COVERAGE_ARCHIVED };
	const json_t *record;
	const char *status;

	if (plan__find_entry(ledger->archive, kernel))
		return standing;
	record = journal__find(ledger->journal, kernel);
	status = json_string_value(json_object_get(record, "status"));
	standing.coverage = COVERAGE_MISSING;
	if (!status || strcmp(status, "failed") != 0)
		return standing;
	standing.failure = record;
	standing.until = journal__waits_until(ledger->journal, kernel, ledger->now);
	if (standing.until && circumstances__have_changed(&ledger->circumstances, kernel, record))
		standing.until = 0;
	standing.coverage = standing.until ? COVERAGE_WAITING : COVERAGE_FAILED;
	return standing;
}

json_t *standing__failure_json(const struct standing *standing)
{
	json_t *object = json_copy((json_t *)standing->failure);
	char until[UTC_SIZE];

	if (object && standing->until)
		json_object_set_new(object, "until",
				    json_string(utc__format(standing->until, until)));
	return object;
}
