/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Ctrl-C. The first SIGINT, SIGTERM or SIGHUP asks all work to stop: every loop that
 * can last asks cancel__requested() and returns -ECANCELED, cleaning up on its way. A
 * second signal kills at once.
 */
#ifndef BTFGEN_CANCEL_H
#define BTFGEN_CANCEL_H

#include <stdbool.h>

void cancel__install(void);
bool cancel__requested(void);
/* Readable as soon as a stop is requested, for poll(2); -1 before cancel__install(). */
int cancel__fd(void);
/* End the process as the signal would have; for the end of main, after all cleanup. */
void cancel__reraise(void);

#endif
