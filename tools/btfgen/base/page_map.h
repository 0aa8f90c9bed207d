/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which parts of a large file are here, coming, or wanted, in pages of 4 KiB, and the bytes that
 * are here. It takes memory for those alone. Not for several threads at once.
 */
#ifndef BTFGEN_PAGE_MAP_H
#define BTFGEN_PAGE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_MAP_PAGE ((uint64_t)4 << 10)

struct page_run;

struct page_map {
	uint64_t size;
	uint8_t *bytes;          /* `size` of them; what is not here is zero */
	uint8_t *states;
	struct page_run *queue;  /* what was wanted, in the order to ask for it */
};

/* 0 or -ENOMEM. A zeroed map is of size 0, and nothing is in it. */
int page_map__init(struct page_map *map, uint64_t size);
void page_map__free(struct page_map *map);

/*
 * Want the pages of these bytes, behind or before those that are wanted already. What lies behind
 * the end is ignored. 0 or -ENOMEM.
 */
int page_map__want(struct page_map *map, uint64_t offset, uint64_t len, bool in_front);
/*
 * Take the next bytes to ask for, `most` of them, which is some pages: they are coming from now
 * on. False: none is wanted.
 */
bool page_map__take(struct page_map *map, uint64_t most, uint64_t *start, uint64_t *end);
/* Bytes [start, end) from a page's beginning, which somebody has asked for without being told. */
void page_map__expect(struct page_map *map, uint64_t start, uint64_t end);
/*
 * Bytes [start, end) have come after those before them. True: so did the last byte of a page, or
 * of the file.
 */
bool page_map__arrive(struct page_map *map, uint64_t start, uint64_t end);
/* What is still coming of [start, end) will not: it is wanted again, before all else. */
int page_map__give_back(struct page_map *map, uint64_t start, uint64_t end);
/* Whether all these bytes, which must lie in the file, are here. */
bool page_map__has(const struct page_map *map, uint64_t offset, uint64_t len);

#endif
