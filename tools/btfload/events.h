/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What loaded programs send and keep: events as they come, maps at the end. */
#ifndef BTFLOAD_EVENTS_H
#define BTFLOAD_EVENTS_H

#include <stdbool.h>

#include "session.h"

/*
 * Print one event; 0 if it could. NULL in events__run: by the type that the object's BTF
 * has for it (a struct named like the map or the object, with _event or _t, or just
 * "event"), or else as hex.
 */
typedef int (*event_printer)(const void *data, size_t size, bool json);

/*
 * Print the events of all perf event arrays and ring buffers until the duration is over
 * or a signal comes. Lost ones are counted on stderr. 0 or -errno.
 */
int events__run(struct session *session, event_printer printer);
/* The contents of hash and array maps, by their BTF types where they have any; in JSON as bytes. */
void events__print_maps(const struct session *session);

#endif
