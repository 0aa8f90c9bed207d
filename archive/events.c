/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* What programs send, whichever way this kernel has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ident.h"
#include "object.h"

#define DEFAULT_PAGES 64

struct kbtf_events {
	struct perf_buffer *perf;
	struct ring_buffer *ring;
	kbtf_event_fn event;
	kbtf_lost_fn lost;
	void *ctx;
	void *aligned; /* the event of a perf event array, where it may be read as a struct */
	size_t aligned_size;
	int stopped; /* the first number that the callback returned, where it was not 0 */
};

/* Perf puts 4 bytes of its own before an event, which so begins in the middle of 8. */
static void *align(struct kbtf_events *events, const void *data, size_t size)
{
	if (!events->aligned || size > events->aligned_size) {
		void *grown = realloc(events->aligned, size + 1);

		if (!grown)
			return NULL;
		events->aligned = grown;
		events->aligned_size = size;
	}
	return memcpy(events->aligned, data, size);
}

static void on_sample(void *ctx, int cpu, void *data, __u32 size)
{
	struct kbtf_events *events = ctx;
	void *event = align(events, data, size);
	int res = event ? events->event(events->ctx, event, size) : -ENOMEM;

	(void)cpu;
	/* libbpf goes on with what is there */
	if (!events->stopped)
		events->stopped = res;
}

static void on_lost(void *ctx, int cpu, __u64 count)
{
	struct kbtf_events *events = ctx;

	(void)cpu;
	if (events->lost)
		events->lost(events->ctx, count);
}

static int on_record(void *ctx, void *data, size_t size)
{
	struct kbtf_events *events = ctx;

	events->stopped = events->event(events->ctx, data, size);
	/* libbpf takes a negative number for the end */
	return events->stopped ? -ECANCELED : 0;
}

struct kbtf_events *kbtf_events__new(const struct kbtf_object *object, const char *name,
				     kbtf_event_fn event, void *ctx,
				     const struct kbtf_events_opts *given)
{
	struct kbtf_events_opts opts = {};
	struct kbtf_events *events;
	struct bpf_map *map;
	int err;

	map = object->bpf ? bpf_object__find_map_by_name(object->bpf, name) : NULL;
	if ((given && versioned__copy(&opts, sizeof(opts), given)) || !event) {
		errno = EINVAL;
		return NULL;
	}
	if (!map || !kbtf_map__is_made(map)) {
		errno = ENOENT;
		return NULL;
	}
	events = calloc(1, sizeof(*events));
	if (!events)
		return NULL;
	*events = (struct kbtf_events){ .event = event, .lost = opts.lost, .ctx = ctx };
	errno = EINVAL;
	if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
		events->ring = ring_buffer__new(bpf_map__fd(map), on_record, events, NULL);
	else if (bpf_map__type(map) == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		events->perf = perf_buffer__new(bpf_map__fd(map), opts.pages ?: DEFAULT_PAGES,
						on_sample, on_lost, events, NULL);
	if (events->ring || events->perf)
		return events;
	err = errno;
	free(events);
	errno = err;
	return NULL;
}

int kbtf_events__fd(const struct kbtf_events *events)
{
	return events->ring ? ring_buffer__epoll_fd(events->ring)
			    : perf_buffer__epoll_fd(events->perf);
}

/* A number that the callback ended with goes before what libbpf made of it. */
static int outcome(const struct kbtf_events *events, int result)
{
	return events->stopped ? events->stopped : result < 0 ? result : 0;
}

int kbtf_events__poll(struct kbtf_events *events, int timeout_ms)
{
	events->stopped = 0;
	return outcome(events, events->ring ? ring_buffer__poll(events->ring, timeout_ms)
					    : perf_buffer__poll(events->perf, timeout_ms));
}

int kbtf_events__consume(struct kbtf_events *events)
{
	events->stopped = 0;
	return outcome(events, events->ring ? ring_buffer__consume(events->ring)
					    : perf_buffer__consume(events->perf));
}

void kbtf_events__free(struct kbtf_events *events)
{
	if (!events)
		return;
	perf_buffer__free(events->perf);
	ring_buffer__free(events->ring);
	free(events->aligned);
	free(events);
}
