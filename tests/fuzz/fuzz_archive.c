/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The archive reader on any bytes. A digest guards the index, so that mutations alone
 * would never get past it: the footer is made right for whatever the fuzzer wrote.
 */
#include <kbtf.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_entry(const struct kbtf_archive *archive, const struct kbtf_entry *entry)
{
	void *bytes;
	size_t len;

	if (kbtf_entry__btf_size(entry) < 1 << 20 && kbtf_entry__read_btf(entry, &bytes, &len) == 0)
		free(bytes);
	if (kbtf_entry__btf_size(entry) < 1 << 20 &&
	    kbtf_entry__read_data_types(entry, &bytes, &len) == 0)
		free(bytes);
	for (size_t i = 0; i < kbtf_archive__profile_count(archive); i++)
		if (kbtf_entry__min_size(entry, kbtf_archive__profile(archive, i)) < 1 << 20 &&
		    kbtf_entry__read_min(entry, kbtf_archive__profile(archive, i), &bytes, &len) == 0)
			free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kbtf_archive *archive;
	struct kbtf_ident host = { .sz = sizeof(host), .arch = "x86_64", .kernel_release = "6.1.0-9" };
	struct kbtf_selection selection;
	uint8_t *copy;

	if (size < FORMAT_HEADER_SIZE + FORMAT_FOOTER_SIZE)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	if (data[size - 1] != 1) {
		uint8_t *footer = copy + size - FORMAT_FOOTER_SIZE;
		uint64_t offset = 0;

		for (int i = 7; i >= 0; i--)
			offset = offset << 8 | footer[i];
		if (offset <= size - FORMAT_FOOTER_SIZE)
			digest__of(copy + offset, size - FORMAT_FOOTER_SIZE - offset, footer + 16);
	}
	archive = kbtf_archive__open_mem(copy, size);
	if (archive) {
		for (size_t i = 0; i < kbtf_archive__entry_count(archive); i++)
			read_entry(archive, kbtf_archive__entry(archive, i));
		kbtf_select(archive, &host, NULL, &selection);
		kbtf_archive__close(archive);
	}
	free(copy);
	return 0;
}
