/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/temp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

int temp_file__make(struct temp_file *file, const char *directory, struct error *err)
{
	*file = (struct temp_file){ .fd = -1 };
	if (asprintf(&file->path, "%s/tmp.XXXXXX", directory) < 0) {
		file->path = NULL;
		return error__oom(err);
	}
	file->fd = mkostemp(file->path, O_CLOEXEC);
	if (file->fd < 0) {
		int code = errno;

		free(steal_ptr(file->path)); /* not ours to unlink */
		return error__set(err, code, "cannot make a file in %s: %s", directory,
				  strerror(code));
	}
	return 0;
}

void temp_file__drop(struct temp_file *file)
{
	int saved = errno;

	if (file->path) {
		close(file->fd);
		unlink(file->path);
		free(file->path);
	}
	*file = (struct temp_file){ .fd = -1 };
	errno = saved;
}
