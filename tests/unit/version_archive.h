/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An archive of made-up kernels that follow each other: the versions of every_kind(). */
#ifndef TESTS_VERSION_ARCHIVE_H
#define TESTS_VERSION_ARCHIVE_H

#include <kbtf_write.h>

#include "base/file.h"
#include "every_kind.h"

static inline void add_version(struct kbtf_writer *writer, unsigned int version)
{
	char release[24];
	size_t size;
	_cleanup_free_ void *btf = every_kind(version, &size);
	struct kbtf_new_entry entry = {
		.sz = sizeof(entry), .btf = btf, .btf_size = size,
		.ident = { .sz = sizeof(entry.ident), .arch = "x86_64", .kernel_release = release },
		.provenance = { .sz = sizeof(entry.provenance) },
	};
	enum kbtf_added added;

	snprintf(release, sizeof(release), "5.10.%u", version);
	assert_int_equal(kbtf_writer__add(writer, &entry, &added), 0);
}

/* Its bytes. Entries are by version. */
static inline uint8_t *version_archive(const char *path, unsigned int count, size_t *size)
{
	struct kbtf_writer *writer = kbtf_writer__open(path);
	void *bytes;

	assert_non_null(writer);
	for (unsigned int i = 0; i < count; i++)
		add_version(writer, i);
	assert_int_equal(kbtf_writer__commit(writer), 0);
	kbtf_writer__close(writer);
	assert_int_equal(file__read(path, 1 << 24, &bytes, size), 0);
	return bytes;
}

#endif
