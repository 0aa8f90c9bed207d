/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An empty file of a fresh name that is gone again at the end of the scope. */
#ifndef BTFGEN_TEMP_FILE_H
#define BTFGEN_TEMP_FILE_H

#include "base/error.h"

struct temp_file {
	char *path;
	int fd;
};

/* In `directory`, mode 0600. *file is safe to drop in each case. */
int temp_file__make(struct temp_file *file, const char *directory, struct error *err);
/* Close and unlink; keeps errno. */
void temp_file__drop(struct temp_file *file);

#define _cleanup_temp_file_ __attribute__((__cleanup__(temp_file__drop)))

#endif
