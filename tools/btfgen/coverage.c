/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "coverage.h"

#include <string.h>

#include "archive_file.h"
#include "base/log.h"
#include "stage/plan.h"

const char *coverage__name(enum coverage coverage)
{
	static const char *const names[] = { "missing", "archived", "failed" };

	return names[coverage];
}

bool ledger__open(const char *archive_given, struct ledger *ledger)
{
	_cleanup_free_ char *path = archive_file__path(archive_given);
	struct error err = {};
	int res;

	*ledger = (struct ledger){};
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
	*ledger = (struct ledger){};
}

enum coverage coverage__of(const struct kernel *kernel, const struct ledger *ledger,
			   const json_t **record)
{
	const char *status;

	*record = NULL;
	if (plan__find_entry(ledger->archive, kernel))
		return COVERAGE_ARCHIVED;
	*record = journal__find(ledger->journal, kernel);
	status = json_string_value(json_object_get(*record, "status"));
	return status && strcmp(status, "failed") == 0 ? COVERAGE_FAILED : COVERAGE_MISSING;
}
