/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long disks take: from when a request is handed to the driver until it is done, or the
 * first part of it is.
 *
 * By raw tracepoints (4.17), which give the request itself; or else by plain ones, whose
 * records say less. A request is known by its disk and where on that it begins, the same in
 * both: whatever is attached at once counts it once.
 */
#include "program.h"

#include "biolatency.h"
#include "histogram_slot.h"

#define MAX_REQUESTS 16384
/* Of each disk and operation that is used, hardly more than a dozen. */
#define MAX_SLOTS 4096
/* Of cmd_flags, since 4.10. */
#define OPERATION_MASK 0xff
#define MINOR_BITS 20
#define NO_SECTOR (-1ULL)

/* How a request is known. */
struct place {
	__u64 sector;
	__u32 disk;
	__u32 unused;
};

struct start {
	__u64 ns;
	__u32 operation;
	__u32 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_REQUESTS);
	__type(key, struct place);
	__type(value, struct start);
} starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SLOTS);
	__type(key, struct biolatency_key);
	__type(value, __u64);
} histograms SEC(".maps");

/* ---- counting ---------------------------------------------------------------------------- */

static __always_inline void begin(const struct place *place, __u32 operation)
{
	struct start start;

	__builtin_memset(&start, 0, sizeof(start));
	start.ns = bpf_ktime_get_ns();
	start.operation = operation;
	bpf_map_update_elem(&starts, place, &start, MAP_UPDATE_ANY);
}

static __always_inline __u64 *find_slot(const struct biolatency_key *key)
{
	__u64 *slot = bpf_map_lookup_elem(&histograms, key), none = 0;

	if (slot)
		return slot;
	bpf_map_update_elem(&histograms, key, &none, MAP_UPDATE_NOEXIST);
	return bpf_map_lookup_elem(&histograms, key);
}

/* Whether there is no more to do: another processor may have stored one meanwhile. */
static __always_inline bool swap_once(__u64 *longest, __u64 *known, __u64 ns)
{
	__u64 before = *known;

	if (ns <= before)
		return true;
	*known = __sync_val_compare_and_swap(longest, before, ns);
	return *known == before;
}

static __always_inline void swap_longest(__u64 *longest, __u64 ns)
{
	__u64 known = *longest;

	/* four others in a row are not to be expected */
	if (!swap_once(longest, &known, ns) && !swap_once(longest, &known, ns) &&
	    !swap_once(longest, &known, ns))
		swap_once(longest, &known, ns);
}

/* Of two at once the shorter may stay. */
static __always_inline void store_longest(__u64 *longest, __u64 ns)
{
	if (ns > *longest)
		*longest = ns;
}

static __always_inline int end(const struct place *place, bool swaps)
{
	struct biolatency_key key;
	struct start *start;
	__u64 *slot, ns;

	start = bpf_map_lookup_elem(&starts, place);
	if (!start)
		return 0;
	__builtin_memset(&key, 0, sizeof(key));
	ns = bpf_ktime_get_ns() - start->ns;
	key.disk = place->disk;
	key.operation = start->operation;
	key.slot = histogram_slot(ns);
	bpf_map_delete_elem(&starts, place);
	slot = find_slot(&key);
	if (slot)
		__sync_fetch_and_add(slot, 1);
	key.slot = BIOLATENCY_LONGEST;
	slot = find_slot(&key);
	if (!slot)
		return 0;
	if (swaps)
		swap_longest(slot, ns);
	else
		store_longest(slot, ns);
	return 0;
}

/* ---- by the request ------------------------------------------------------------------------ */

/* Where it says which disk it is for: itself until 5.16, its queue since 5.15. */
struct request___until_5_16 {
	struct gendisk *rq_disk;
} __attribute__((preserve_access_index));

struct request_queue___since_5_15 {
	struct gendisk *disk;
} __attribute__((preserve_access_index));

static __always_inline struct gendisk *disk_of(struct request *request)
{
	struct request___until_5_16 *old = (void *)request;
	struct request_queue___since_5_15 *queue = (void *)BPF_CORE_READ(request, q);
	struct gendisk *disk = NULL;

	if (bpf_core_field_exists(queue->disk))
		disk = BPF_CORE_READ(queue, disk);
	if (bpf_core_field_exists(old->rq_disk))
		disk = BPF_CORE_READ(old, rq_disk);
	return disk;
}

static __always_inline void find_place(struct place *place, struct request *request)
{
	struct gendisk *disk = disk_of(request);

	__builtin_memset(place, 0, sizeof(*place));
	place->sector = BPF_CORE_READ(request, __sector);
	/* the plain tracepoints' way to say that it has none */
	if (place->sector == NO_SECTOR)
		place->sector = 0;
	if (disk)
		place->disk = BPF_CORE_READ(disk, major) << MINOR_BITS | BPF_CORE_READ(disk, first_minor);
}

/* The number of a zone append differs by kernel, and so does its type's name; 5.8 made it. */
enum req_opf___until_5_19 {
	REQ_OP_ZONE_APPEND___until_5_19 = 13,
};

enum req_op___since_6_0 {
	REQ_OP_ZONE_APPEND___since_6_0 = 7,
};

static __always_inline bool is_zone_append(__u32 operation)
{
	if (bpf_core_enum_value_exists(enum req_opf___until_5_19, REQ_OP_ZONE_APPEND___until_5_19) &&
	    operation == bpf_core_enum_value(enum req_opf___until_5_19, REQ_OP_ZONE_APPEND___until_5_19))
		return true;
	return bpf_core_enum_value_exists(enum req_op___since_6_0, REQ_OP_ZONE_APPEND___since_6_0) &&
	       operation == bpf_core_enum_value(enum req_op___since_6_0, REQ_OP_ZONE_APPEND___since_6_0);
}

/* The others' are the same on all kernels that have raw tracepoints. */
static __always_inline __u32 operation_of(struct request *request)
{
	__u32 operation = BPF_CORE_READ(request, cmd_flags) & OPERATION_MASK;

	if (is_zone_append(operation))
		return BIOLATENCY_WRITE;
	switch (operation) {
	case 0:
		return BIOLATENCY_READ;
	case 1:
		return BIOLATENCY_WRITE;
	case 2:
		return BIOLATENCY_FLUSH;
	case 3: /* discard */
	case 5: /* secure erase */
	case 9: /* write zeroes */
		return BIOLATENCY_DISCARD;
	default:
		return BIOLATENCY_OTHER;
	}
}

/*
 * The queue stood in front of it until 5.10, and in some kernels no longer: a queue is what the
 * request behind it names. That is read by the helper, for a program that reads arguments which
 * the tracepoint does not have is not attached.
 */
static __always_inline struct request *issued_request(const __u64 *ctx)
{
	struct request *request = NULL;

	bpf_probe_read_kernel(&request, sizeof(request), ctx + 1);
	if ((__u64)BPF_CORE_READ(request, q) == ctx[0])
		return request;
	return (struct request *)ctx[0];
}

SEC("raw_tracepoint/block_rq_issue")
int issue___raw(__u64 *ctx)
{
	struct request *request = issued_request(ctx);
	struct place place;

	find_place(&place, request);
	begin(&place, operation_of(request));
	return 0;
}

/* Fetching atomics: 5.12. */
SEC("raw_tracepoint/block_rq_complete")
int complete___swap(__u64 *ctx)
{
	struct place place;

	find_place(&place, (struct request *)ctx[0]);
	return end(&place, true);
}

SEC("raw_tracepoint/block_rq_complete")
int complete___raw(__u64 *ctx)
{
	struct place place;

	find_place(&place, (struct request *)ctx[0]);
	return end(&place, false);
}

/* ---- by the plain tracepoints ------------------------------------------------------------------- */

/* How their records begin, the same on all kernels. */
struct request_record {
	__u64 common;
	__u32 disk;
	__u32 unused;
	__u64 sector;
};

/* What it does, in letters; moved to and fro. */
struct trace_event_raw_block_rq___operation {
	char rwbs[8];
} __attribute__((preserve_access_index));

static __always_inline __u32 recorded_operation(const void *record)
{
	const struct trace_event_raw_block_rq___operation *typed = record;
	char letters[8] = "";

	if (!bpf_core_field_exists(typed->rwbs))
		return BIOLATENCY_OTHER;
	bpf_probe_read_kernel(letters, 2, record + bpf_core_field_offset(typed->rwbs));
	/* "FF" is a flush, "FW" a write with a flush before it */
	switch (letters[0] == 'F' && letters[1] != 'F' ? letters[1] : letters[0]) {
	case 'R':
		return BIOLATENCY_READ;
	case 'W':
		return BIOLATENCY_WRITE;
	case 'F':
		return BIOLATENCY_FLUSH;
	case 'D':
		return BIOLATENCY_DISCARD;
	default:
		return BIOLATENCY_OTHER;
	}
}

SEC("tracepoint/block/block_rq_issue")
int issue___plain(struct request_record *record)
{
	struct place place = { .sector = record->sector, .disk = record->disk };

	begin(&place, recorded_operation(record));
	return 0;
}

SEC("tracepoint/block/block_rq_complete")
int complete___plain(struct request_record *record)
{
	struct place place = { .sector = record->sector, .disk = record->disk };

	return end(&place, false);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
