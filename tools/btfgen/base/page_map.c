/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/page_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE PAGE_MAP_PAGE

enum page_state { PAGE_ABSENT, PAGE_WANTED, PAGE_COMING, PAGE_HERE };

/* Pages [first, end) that were wanted at once. */
struct page_run {
	uint64_t first, end;
	struct page_run *next;
};

/* Pages that hold so many bytes. */
static uint64_t page_count(uint64_t size)
{
	return (size + PAGE - 1) / PAGE;
}

int page_map__init(struct page_map *map, uint64_t size)
{
	/* address space alone, until something comes */
	void *bytes = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*map = (struct page_map){ .size = size };
	if (bytes == MAP_FAILED)
		return -ENOMEM;
	map->bytes = bytes;
	map->states = calloc(page_count(size) + 1, 1);
	if (map->states)
		return 0;
	page_map__free(map);
	return -ENOMEM;
}

void page_map__free(struct page_map *map)
{
	while (map->queue) {
		struct page_run *next = map->queue->next;

		free(map->queue);
		map->queue = next;
	}
	if (map->bytes)
		munmap(map->bytes, map->size ? map->size : 1);
	free(map->states);
	*map = (struct page_map){};
}

static int want_pages(struct page_map *map, uint64_t first, uint64_t end, bool in_front)
{
	struct page_run **at = &map->queue, *run;
	bool any = false;

	for (uint64_t page = first; page < end; page++)
		any |= map->states[page] == PAGE_ABSENT;
	if (!any)
		return 0;
	run = malloc(sizeof(*run));
	if (!run)
		return -ENOMEM;
	for (uint64_t page = first; page < end; page++)
		if (map->states[page] == PAGE_ABSENT)
			map->states[page] = PAGE_WANTED;
	while (!in_front && *at)
		at = &(*at)->next;
	*run = (struct page_run){ .first = first, .end = end, .next = *at };
	*at = run;
	return 0;
}

int page_map__want(struct page_map *map, uint64_t offset, uint64_t len, bool in_front)
{
	if (offset >= map->size)
		return 0;
	if (len > map->size - offset)
		len = map->size - offset;
	return want_pages(map, offset / PAGE, page_count(offset + len), in_front);
}

bool page_map__take(struct page_map *map, uint64_t most, uint64_t *start, uint64_t *end)
{
	struct page_run *run;

	while ((run = map->queue)) {
		uint64_t first, page;

		while (run->first < run->end && map->states[run->first] != PAGE_WANTED)
			run->first++;
		first = page = run->first;
		while (page < run->end && (page - first) * PAGE < most &&
		       map->states[page] == PAGE_WANTED)
			map->states[page++] = PAGE_COMING;
		run->first = page;
		if (page > first) {
			*start = first * PAGE;
			*end = page * PAGE < map->size ? page * PAGE : map->size;
			return true;
		}
		map->queue = run->next;
		free(run);
	}
	return false;
}

void page_map__expect(struct page_map *map, uint64_t start, uint64_t end)
{
	memset(map->states + start / PAGE, PAGE_COMING, page_count(end) - start / PAGE);
}

bool page_map__arrive(struct page_map *map, uint64_t start, uint64_t end)
{
	uint64_t page = start / PAGE;
	uint64_t until = end == map->size ? page_count(end) : end / PAGE;
	bool any = page < until;

	while (page < until)
		map->states[page++] = PAGE_HERE;
	return any;
}

int page_map__give_back(struct page_map *map, uint64_t start, uint64_t end)
{
	uint64_t first = start / PAGE, until = page_count(end);

	for (uint64_t page = first; page < until; page++)
		if (map->states[page] == PAGE_COMING)
			map->states[page] = PAGE_ABSENT;
	return want_pages(map, first, until, true);
}

bool page_map__has(const struct page_map *map, uint64_t offset, uint64_t len)
{
	for (uint64_t page = offset / PAGE; page < page_count(offset + len); page++)
		if (map->states[page] != PAGE_HERE)
			return false;
	return true;
}
