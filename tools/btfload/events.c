/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "events.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/sha256.h"
#include "value_json.h"

#define MAX_BUFFERS 16
#define PAGES_PER_CPU 64
#define EVENTS_AT_ONCE 65536
#define MAPS_ENTRIES_SHOWN 1000

/* One perf event array or ring buffer. */
struct buffer {
	const struct session *session;
	struct kbtf_events *events;
	event_printer printer;
	int32_t type_id;      /* of the event, in the object's BTF; 0: unknown */
	uint64_t count, lost;
};

/* ---- values ------------------------------------------------------------------------------ */

static void print_text(void *ctx, const char *format, va_list args)
{
	(void)ctx;
	vprintf(format, args);
}

static void print_hex(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", data[i]);
}

/* One line, by its type where that is known. */
static void print_value(const struct btf *btf, uint32_t type_id, const void *data, size_t size)
{
	LIBBPF_OPTS(btf_dump_type_data_opts, opts, .compact = true, .emit_zeroes = false);
	struct btf_dump *dump = type_id ? btf_dump__new(btf, print_text, NULL, NULL) : NULL;
	int res = dump ? btf_dump__dump_type_data(dump, type_id, data, size, &opts) : -1;

	btf_dump__free(dump);
	if (res < 0)
		print_hex(data, size);
}

static json_t *hex_json(const void *data, size_t size)
{
	_cleanup_free_ char *text = malloc(2 * size + 1);

	return text ? json_string(hex__encode(data, size, text)) : NULL;
}

static int32_t find_event_type(const struct btf *btf, const char *object, const char *map)
{
	static const char *const patterns[] = { "%s_event", "%s_t", "%s" };
	const char *names[] = { object, map, "event" };

	for (size_t i = 0; btf && i < 3; i++)
		for (size_t k = 0; k < 3; k++) {
			char name[128];
			int32_t id;

			snprintf(name, sizeof(name), patterns[k], names[i]);
			id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
			if (id > 0)
				return id;
		}
	return 0;
}

/* ---- events ------------------------------------------------------------------------------- */

/* {"type", "value"}, or where the type is not known {"bytes"}, in hex. */
static void print_json_event(const struct btf *btf, uint32_t type_id, const void *data, size_t size)
{
	const struct btf_type *type = btf__type_by_id(btf, type_id);
	json_t *value = type_id ? value_json(btf, type_id, data, size) : NULL;
	json_t *event = value ?
		json_pack("{s:o, s:o}", "type", json_text(btf__name_by_offset(btf, type->name_off)),
			  "value", value) : json_pack("{s:o}", "bytes", hex_json(data, size));

	json_dumpf(event, stdout, JSON_COMPACT);
	json_decref(event);
}

/*
 * By its type, of which perf pads an event up, and a program may send the beginning only:
 * what is not sent counts as zero.
 */
static void print_event(struct buffer *buffer, const void *data, size_t size)
{
	const struct btf *btf = bpf_object__btf(kbtf_object__bpf(buffer->session->object));
	int64_t known = buffer->type_id ? btf__resolve_size(btf, buffer->type_id) : -1;
	uint32_t type_id = known < 0 ? 0 : (uint32_t)buffer->type_id;
	size_t missing = known > 0 && (uint64_t)known > size ? (size_t)known - size : 0;
	_cleanup_free_ uint8_t *whole = NULL;

	if (buffer->printer && buffer->printer(data, size, buffer->session->json) == 0)
		return;
	whole = calloc(1, size + missing + 1);
	if (!whole)
		return;
	memcpy(whole, data, size);
	if (buffer->session->json)
		print_json_event(btf, type_id, whole, size + missing);
	else
		print_value(btf, type_id, whole, size + missing);
	putchar('\n');
}

/* A ring buffer that is filled faster than it is printed must not keep us for ever. */
static int on_event(void *ctx, void *data, size_t size)
{
	struct buffer *buffer = ctx;

	print_event(buffer, data, size);
	return ++buffer->count % EVENTS_AT_ONCE == 0;
}

static void on_lost(void *ctx, uint64_t count)
{
	struct buffer *buffer = ctx;

	buffer->lost += count;
}

static int open_buffer(struct buffer *buffer, const struct bpf_map *map)
{
	const struct bpf_object *object = kbtf_object__bpf(buffer->session->object);
	const struct kbtf_events_opts opts = { .sz = sizeof(opts), .lost = on_lost,
					       .pages = PAGES_PER_CPU };

	buffer->type_id = find_event_type(bpf_object__btf(object), bpf_object__name(object),
					  bpf_map__name(map));
	buffer->events = kbtf_events__new(buffer->session->object, bpf_map__name(map), on_event,
					  buffer, &opts);
	if (buffer->events)
		return 0;
	log__error("%s: map %s can't be read: %s", buffer->session->object_path,
		   bpf_map__name(map), strerror(errno));
	return -errno;
}

static bool carries_events(const struct bpf_map *map)
{
	return kbtf_map__is_made(map) && (bpf_map__type(map) == BPF_MAP_TYPE_PERF_EVENT_ARRAY ||
					  bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_for_events(struct session *session, struct buffer *buffers, size_t count)
{
	struct pollfd fds[MAX_BUFFERS + 1];
	int64_t end = session->duration_s ? now_ms() + 1000LL * session->duration_s : INT64_MAX;

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){ .events = POLLIN,
					  .fd = kbtf_events__fd(buffers[i].events) };
	fds[count] = (struct pollfd){ .fd = cancel__fd(), .events = POLLIN };
	while (!cancel__requested()) {
		int64_t left = end - now_ms();

		if (left <= 0)
			break;
		if (poll(fds, count + 1, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; i < count; i++)
			if (fds[i].revents)
				kbtf_events__consume(buffers[i].events);
		fflush(stdout);
	}
	for (size_t i = 0; i < count; i++)
		kbtf_events__consume(buffers[i].events);
	fflush(stdout);
	return 0;
}

int events__run(struct session *session, event_printer printer)
{
	struct buffer buffers[MAX_BUFFERS] = {};
	size_t count = 0;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, kbtf_object__bpf(session->object)) {
		if (err || !carries_events(map) || count == MAX_BUFFERS)
			continue;
		buffers[count] = (struct buffer){ .session = session, .printer = printer };
		err = open_buffer(&buffers[count], map);
		count += !err;
	}
	if (!err)
		err = wait_for_events(session, buffers, count);
	for (size_t i = 0; i < count; i++) {
		if (buffers[i].lost)
			log__warn("%llu events were lost: they came faster than they were printed",
				  (unsigned long long)buffers[i].lost);
		kbtf_events__free(buffers[i].events);
	}
	return err;
}

/* ---- maps ------------------------------------------------------------------------------------ */

static bool is_printable(const struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_LRU_HASH:
		break;
	default:
		return false;
	}
	/* a name with a dot is a section of variables */
	return kbtf_map__is_made(map) && !strchr(bpf_map__name(map), '.');
}

/* Under its name, or where the type is not known in hex, under the other. */
static void put_json(json_t *object, const char *name, const char *hex_name, const struct btf *btf,
		     uint32_t type_id, const void *data, size_t size)
{
	json_t *value = type_id ? value_json(btf, type_id, data, size) : NULL;

	json_object_set_new(object, value ? name : hex_name, value ?: hex_json(data, size));
}

static void print_json_entry(const struct bpf_map *map, const struct btf *btf, const void *key,
			     const void *value)
{
	json_t *entry = json_pack("{s:o}", "map", json_text(bpf_map__name(map)));

	put_json(entry, "key", "key_bytes", btf, bpf_map__btf_key_type_id(map), key,
		 bpf_map__key_size(map));
	put_json(entry, "value", "value_bytes", btf, bpf_map__btf_value_type_id(map), value,
		 bpf_map__value_size(map));
	json_dumpf(entry, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(entry);
}

static void print_entry(const struct bpf_map *map, const struct btf *btf, const void *key,
			const void *value)
{
	printf("%s[", bpf_map__name(map));
	print_value(btf, bpf_map__btf_key_type_id(map), key, bpf_map__key_size(map));
	printf("] = ");
	print_value(btf, bpf_map__btf_value_type_id(map), value, bpf_map__value_size(map));
	printf("\n");
}

static void print_map(const struct bpf_map *map, const struct btf *btf, bool json)
{
	_cleanup_free_ uint8_t *key = calloc(1, bpf_map__key_size(map) + 1);
	_cleanup_free_ uint8_t *value = calloc(1, bpf_map__value_size(map) + 8);
	int fd = bpf_map__fd(map);
	size_t shown = 0;

	if (!key || !value)
		return;
	for (void *before = NULL; bpf_map_get_next_key(fd, before, key) == 0; before = key) {
		if (bpf_map_lookup_elem(fd, key, value) < 0)
			continue; /* gone meanwhile */
		if (shown++ == MAPS_ENTRIES_SHOWN) {
			log__warn("map %s has more than the %d entries that are shown",
				  bpf_map__name(map), MAPS_ENTRIES_SHOWN);
			return;
		}
		if (json)
			print_json_entry(map, btf, key, value);
		else
			print_entry(map, btf, key, value);
	}
}

void events__print_maps(const struct session *session)
{
	const struct bpf_object *object = kbtf_object__bpf(session->object);
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (is_printable(map))
			print_map(map, bpf_object__btf(object), session->json);
	fflush(stdout);
}
