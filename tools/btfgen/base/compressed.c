/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/compressed.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

#include "base/cancel.h"
#include "base/cleanup.h"

DEFINE_CLEANUP(archive_freep, struct archive, archive_read_free)

static int archive_error(struct archive *archive, const char *path, struct error *err)
{
	const char *why = archive_error_string(archive);
	int code = archive_errno(archive);

	if (code == ENOMEM)
		return error__oom(err);
	return error__set(err, code == ENOENT ? ENOENT : EBADMSG, "%s cannot be unpacked: %s", path,
			  why ? why : "unknown error");
}

static struct archive *open_raw(void)
{
	cleanup(archive_freep) struct archive *archive = archive_read_new();

	if (!archive)
		return NULL;
	/* Not "all": fewer decoders for a hostile file to reach. */
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_format_raw(archive);
	/* raw refuses a file without a byte, which a suite without packages has. */
	archive_read_support_format_empty(archive);
	return steal_ptr(archive);
}

int compressed__read(const char *path, uint64_t limit, compressed_sink sink, void *context,
		     struct error *err)
{
	cleanup(archive_freep) struct archive *archive = open_raw();
	struct archive_entry *entry;
	uint64_t total = 0;
	int ret;

	if (!archive)
		return error__oom(err);
	if (archive_read_open_filename(archive, path, 128 * 1024) != ARCHIVE_OK)
		return archive_error(archive, path, err);
	ret = archive_read_next_header(archive, &entry);
	if (ret == ARCHIVE_EOF)
		return 0;
	if (ret < ARCHIVE_WARN)
		return archive_error(archive, path, err);
	for (;;) {
		const void *data;
		la_int64_t offset;
		size_t len;

		ret = archive_read_data_block(archive, &data, &len, &offset);
		if (ret == ARCHIVE_EOF)
			return 0;
		if (ret == ARCHIVE_RETRY)
			continue;
		if (ret < ARCHIVE_WARN)
			return archive_error(archive, path, err);
		total += len;
		if (total > limit)
			return error__set(err, EFBIG,
					  "%s unpacks to more than %llu bytes: not read further",
					  path, (unsigned long long)limit);
		ret = sink(context, data, len, err);
		if (ret)
			return ret;
		if (cancel__requested())
			return error__set(err, ECANCELED, "stopped while reading %s", path);
	}
}
