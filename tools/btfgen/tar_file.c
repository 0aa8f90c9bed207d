/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tar_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

struct tar_file {
	struct archive *writer;
};

static la_ssize_t keep(struct archive *writer, void *ctx, const void *data, size_t size)
{
	struct buf *out = ctx;

	buf__add(out, data, size);
	if (!buf__failed(out))
		return (la_ssize_t)size;
	archive_set_error(writer, ENOMEM, "out of memory");
	return -1;
}

static int begin(struct archive *writer, enum tar_compression compression, struct buf *out)
{
	int res = compression == TAR_XZ ? archive_write_add_filter_xz(writer)
					: archive_write_add_filter_gzip(writer);

	if (res == ARCHIVE_OK && compression == TAR_GZIP)
		res = archive_write_set_filter_option(writer, "gzip", "timestamp", NULL);
	if (res == ARCHIVE_OK)
		res = archive_write_set_format_ustar(writer);
	/* without zeros behind the compressed end */
	if (res == ARCHIVE_OK)
		res = archive_write_set_bytes_in_last_block(writer, 1);
	return res == ARCHIVE_OK ? archive_write_open(writer, out, NULL, keep, NULL) : res;
}

struct tar_file *tar_file__new(enum tar_compression compression, struct buf *out)
{
	struct tar_file *tar = calloc(1, sizeof(*tar));

	if (!tar)
		return NULL;
	tar->writer = archive_write_new();
	if (tar->writer && begin(tar->writer, compression, out) == ARCHIVE_OK)
		return tar;
	tar_file__free(tar);
	errno = ENOMEM;
	return NULL;
}

static int reason(const struct tar_file *tar)
{
	int code = archive_errno(tar->writer);

	return code > 0 ? -code : -EIO;
}

int tar_file__add(struct tar_file *tar, const char *name, const void *data, size_t size)
{
	struct archive_entry *entry = archive_entry_new();
	bool good;

	if (!entry)
		return -ENOMEM;
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	good = archive_write_header(tar->writer, entry) == ARCHIVE_OK &&
	       archive_write_data(tar->writer, data, size) == (la_ssize_t)size;
	archive_entry_free(entry);
	return good ? 0 : reason(tar);
}

int tar_file__finish(struct tar_file *tar)
{
	return archive_write_close(tar->writer) == ARCHIVE_OK ? 0 : reason(tar);
}

void tar_file__free(struct tar_file *tar)
{
	if (!tar)
		return;
	if (tar->writer)
		archive_write_free(tar->writer);
	free(tar);
}
