/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One consumer for ring buffers and perf event arrays, on the running kernel. */
#include "object_fixture.h"

#include <poll.h>
#include <sys/syscall.h>

struct tally {
	size_t small, large, stop_after;
	uint64_t lost;
};

static int on_event(void *ctx, void *data, size_t size)
{
	struct tally *tally = ctx;
	uint64_t number;

	assert_int_equal((uintptr_t)data % 8, 0);
	assert_true(size >= sizeof(number));
	memcpy(&number, data, sizeof(number));
	assert_true(number == 1 || number == 2);
	if (number == 1) {
		assert_in_range(size, 8, 15);
		tally->small++;
	} else {
		assert_in_range(size, 4104, 4111);
		assert_int_equal(((char *)data)[8], 'x');
		assert_int_equal(((char *)data)[4103], 'y');
		tally->large++;
	}
	return tally->small + tally->large == tally->stop_after ? 7 : 0;
}

static void on_lost(void *ctx, uint64_t count)
{
	((struct tally *)ctx)->lost += count;
}

static struct kbtf_object *attach(struct bpf_link **link)
{
	struct kbtf_object_opts opts = { .sz = sizeof(opts) };
	uint64_t call = SYS_getppid;
	struct kbtf_object *object;
	int pid = getpid();

	object_fixture__compile("events.bpf.c", "-target bpf -g -Ibpf");
	assert_int_equal(kbtf_object__open(in_dir("object.bpf.o"), &opts, &object), 0);
	assert_int_equal(kbtf_object__set_global(object, "wanted_pid", &pid, sizeof(pid)), 0);
	assert_int_equal(kbtf_object__set_global(object, "wanted_call", &call, sizeof(call)), 0);
	assert_int_equal(kbtf_object__load(object), 0);
	*link = bpf_program__attach(bpf_object__next_program(kbtf_object__bpf(object), NULL));
	assert_non_null(*link);
	return object;
}

/* `each`: events of one call. */
static void check_consumer(struct kbtf_object *object, const char *map, size_t small, size_t large)
{
	const struct kbtf_events_opts opts = { .sz = sizeof(opts), .lost = on_lost, .pages = 8 };
	struct tally tally = {};
	struct kbtf_events *events = kbtf_events__new(object, map, on_event, &tally, &opts);
	struct pollfd fd;

	assert_non_null(events);
	while (kbtf_events__consume(events) == 0 && (tally.small || tally.large))
		tally = (struct tally){}; /* what calls before this have sent */
	for (int i = 0; i < 3; i++)
		syscall(SYS_getppid);
	fd = (struct pollfd){ .fd = kbtf_events__fd(events), .events = POLLIN };
	assert_int_equal(poll(&fd, 1, 10000), 1);
	assert_int_equal(kbtf_events__poll(events, 10000), 0);
	assert_int_equal(kbtf_events__consume(events), 0);
	assert_int_equal(tally.small, 3 * small);
	assert_int_equal(tally.large, 3 * large);
	tally = (struct tally){ .stop_after = 1 };
	for (int i = 0; i < 3; i++)
		syscall(SYS_getppid);
	assert_int_equal(kbtf_events__consume(events), 7);
	while (kbtf_events__consume(events) != 0)
		;
	assert_int_equal(tally.small, 3 * small);
	assert_int_equal(tally.large, 3 * large);
	assert_int_equal(tally.lost, 0);
	kbtf_events__free(events);
}

static void test_both_kinds(void **state)
{
	struct kbtf_events_opts newer = { .sz = 4 };
	struct kbtf_object *object;
	struct tally tally = {};
	struct bpf_link *link;

	(void)state;
	need_root();
	object = attach(&link);
	check_consumer(object, "either", 1, 1);
	check_consumer(object, "perf", 1, 0);
	assert_null(kbtf_events__new(object, "nothing", on_event, &tally, NULL));
	assert_int_equal(errno, ENOENT);
	assert_null(kbtf_events__new(object, "other", on_event, &tally, NULL));
	assert_int_equal(errno, EINVAL);
	assert_null(kbtf_events__new(object, "either", on_event, &tally, &newer));
	assert_int_equal(errno, EINVAL);
	kbtf_events__free(NULL);
	bpf_link__destroy(link);
	kbtf_object__close(object);
}

/* A consumer that falls behind is told how much it lost. */
static void test_lost_events(void **state)
{
	const struct kbtf_events_opts opts = { .sz = sizeof(opts), .lost = on_lost, .pages = 1 };
	struct kbtf_object *object;
	struct kbtf_events *events;
	struct tally tally = {};
	struct bpf_link *link;

	(void)state;
	need_root();
	object = attach(&link);
	events = kbtf_events__new(object, "perf", on_event, &tally, &opts);
	assert_non_null(events);
	for (int i = 0; i < 2000; i++)
		syscall(SYS_getppid);
	assert_int_equal(kbtf_events__consume(events), 0);
	/* the kernel says what was lost when the next one finds room */
	syscall(SYS_getppid);
	assert_int_equal(kbtf_events__consume(events), 0);
	assert_true(tally.small > 0 && tally.small < 2001);
	assert_true(tally.lost > 0);
	kbtf_events__free(events);
	bpf_link__destroy(link);
	kbtf_object__close(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_kinds),
		cmocka_unit_test(test_lost_events),
	};

	return cmocka_run_group_tests_name("events", tests, object_fixture__setup,
					   fixture__teardown);
}
