/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/byte_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/url.h"

struct byte_source {
	char *name;
	uint64_t size;
	int fd;                       /* of a file, or -1 */
	struct http_ranges *ranges;   /* or NULL */
	uint64_t count;               /* of a file */
};

static struct byte_source *new_source(char *name)
{
	struct byte_source *source = calloc(1, sizeof(*source));

	if (!source || !name) {
		free(source);
		free(name);
		return NULL;
	}
	source->name = name;
	source->fd = -1;
	return source;
}

int byte_source__open_file(const char *path, struct byte_source **source_out, struct error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct byte_source *source;
	struct stat st;

	*source_out = NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error__set(err, errno, "cannot open %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error__set(err, EINVAL, "%s is no regular file", path);
	source = new_source(strdup(path));
	if (!source)
		return error__oom(err);
	source->size = st.st_size;
	source->fd = steal_fd(&fd);
	*source_out = source;
	return 0;
}

int byte_source__open_url(const char *url, const struct http_ranges_opts *opts,
			  struct byte_source **source_out, struct error *err)
{
	struct byte_source *source;
	int rc;

	*source_out = NULL;
	if (url__is_file(url)) {
		_cleanup_free_ char *path = url__local_path(url);

		if (!path)
			return error__set(err, errno, "%s: no file of this machine", url);
		return byte_source__open_file(path, source_out, err);
	}
	source = new_source(url__display(url));
	if (!source)
		return error__oom(err);
	if (strncasecmp(url, "http:", 5) != 0 && strncasecmp(url, "https:", 6) != 0)
		rc = error__set(err, ENOTSUP, "%s: not by ranges, which are HTTP's", source->name);
	else
		rc = http_ranges__open(url, opts, &source->ranges, err);
	if (rc) {
		byte_source__free(source);
		return rc;
	}
	source->size = http_ranges__size(source->ranges);
	*source_out = source;
	return 0;
}

void byte_source__free(struct byte_source *source)
{
	if (!source)
		return;
	http_ranges__free(source->ranges);
	closep(&source->fd);
	free(source->name);
	free(source);
}

const char *byte_source__name(const struct byte_source *source)
{
	return source->name;
}

uint64_t byte_source__size(const struct byte_source *source)
{
	return source->size;
}

uint64_t byte_source__count(struct byte_source *source)
{
	if (source->ranges)
		return http_ranges__received(source->ranges);
	return __atomic_load_n(&source->count, __ATOMIC_RELAXED);
}

void byte_source__want(struct byte_source *source, uint64_t offset, uint64_t len)
{
	if (source->ranges)
		http_ranges__want(source->ranges, offset, len);
	else if (offset < source->size)
		posix_fadvise(source->fd, offset, len, POSIX_FADV_WILLNEED);
}

static int read_file(struct byte_source *source, uint64_t offset, uint8_t *buf, size_t len,
		     struct error *err)
{
	while (len) {
		ssize_t got = pread(source->fd, buf, len, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error__set(err, errno, "cannot read %s: %s", source->name,
					  strerror(errno));
		if (!got)
			return error__set(err, EBADMSG, "%s got shorter while it was read",
					  source->name);
		__atomic_add_fetch(&source->count, got, __ATOMIC_RELAXED);
		buf += got;
		offset += got;
		len -= got;
	}
	return 0;
}

int byte_source__read(struct byte_source *source, uint64_t offset, void *buf, size_t len,
		      struct error *err)
{
	if (offset > source->size || len > source->size - offset)
		return error__set(err, EBADMSG,
				  "%s: it ends before what it says to hold: the package is damaged "
				  "or was cut off; get it again", source->name);
	if (cancel__requested())
		return error__set(err, ECANCELED, "%s: interrupted", source->name);
	if (source->ranges)
		return http_ranges__read(source->ranges, offset, buf, len, err);
	return read_file(source, offset, buf, len, err);
}
