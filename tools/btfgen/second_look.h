/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packages that changed between index and fetch: a mirror replaced them in the middle of a
 * run, and the indexes are asked anew, once in a run.
 */
#ifndef BTFGEN_SECOND_LOOK_H
#define BTFGEN_SECOND_LOOK_H

#include <pthread.h>

#include "known.h"

struct second_look {
	const struct known *known;      /* what was asked for, and how */
	pthread_mutex_t lock;
	bool is_loaded;
	struct catalogue catalogue;
};

void second_look__init(struct second_look *look, const struct known *known);
void second_look__free(struct second_look *look);

/*
 * The kernel of the same distribution, release, architecture and `uname -r` as the indexes
 * tell of it now, if that is another package; else NULL. Several package versions may share
 * those names: where its own is still there, another does not stand for it, nor does ever one
 * that was known before. Lent from *look; any thread may ask.
 */
const struct kernel *second_look__at(struct second_look *look, const struct kernel *kernel);

#endif
