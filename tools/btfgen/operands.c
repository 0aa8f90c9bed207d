/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "operands.h"

#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file_kind.h"
#include "base/objects.h"

void operands__free(struct operands *it)
{
	text_list__free(&it->objects);
	text_list__free(&it->kernels);
}

/* Also what is one by its name alone, and is not there, or damaged: a kernel it is not. */
static bool is_object(const char *path, int kind)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[64];
	ssize_t got = fd < 0 ? -1 : read(fd, head, sizeof(head));
	size_t len = strlen(path);

	if (got > 0 && object_file__is_bpf(head, (size_t)got))
		return true;
	return (kind < 0 || kind == FILE_KIND_OTHER) && len > 2 && strcmp(path + len - 2, ".o") == 0;
}

int operands__sort(struct operands *it, char **arguments, size_t count, struct error *err)
{
	it->objects.items = calloc(count + 1, sizeof(*it->objects.items));
	it->kernels.items = calloc(count + 1, sizeof(*it->kernels.items));
	if (!it->objects.items || !it->kernels.items)
		return error__oom(err);
	for (size_t i = 0; i < count; i++) {
		int kind = file_kind__of(arguments[i]);
		bool object = is_object(arguments[i], kind);

		if (kind < 0 && !object)
			return error__set(err, -kind, "%s: %s; kernels of an archive are named by "
					  "--kernel", arguments[i], strerror(-kind));
		if (kind == FILE_KIND_ARCHIVE && !it->archive)
			it->archive = arguments[i];
		else if (kind == FILE_KIND_ARCHIVE)
			return error__set(err, EINVAL, "%s: a second archive; `btfgen merge` makes one "
					  "of two", arguments[i]);
		else if (object)
			it->objects.items[it->objects.count++] = arguments[i];
		else
			it->kernels.items[it->kernels.count++] = arguments[i];
	}
	return 0;
}
