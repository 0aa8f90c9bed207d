/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Paths that come in parts, those of several threads mixed, and some lost. */
#include "fixture.h"

#include <fcntl.h>

#include "../../bpf/unlinksnoop_print.c"

static char told[65536];
static int screen = -1;

/* What is printed goes to a file until it is looked at; nothing may fail before that. */
static void begin(void)
{
	int fd = open(in_dir("told"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	fflush(stdout);
	screen = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	close(fd);
}

static void end(void)
{
	FILE *file;

	fflush(stdout);
	dup2(screen, STDOUT_FILENO);
	close(screen);
	file = fopen(in_dir("told"), "r");
	assert_non_null(file);
	told[fread(told, 1, sizeof(told) - 1, file)] = '\0';
	fclose(file);
}

static void send(__u32 tid, __u32 index, __u32 flags, const char *name)
{
	struct unlinksnoop_part part = { .tid = tid, .pid = tid, .index = index, .flags = flags,
					 .length = (__u32)strlen(name) };

	memcpy(part.name, name, strnlen(name, sizeof(part.name)));
	memcpy(part.comm, "rm", 3);
	memcpy(part.device, "vda1", 5);
	unlinksnoop__print(&part, sizeof(part), true);
}

static void assert_told(const char *const *wanted)
{
	char *line, *rest = NULL;

	end();
	line = strtok_r(told, "\n", &rest);
	for (; line && *wanted; wanted++) {
		const char *path = strstr(line, "\"path\":");

		assert_non_null(path);
		assert_string_equal(path, *wanted);
		line = strtok_r(NULL, "\n", &rest);
	}
	assert_null(line);
	assert_null(*wanted);
}

static void test_parts(void **state)
{
	char longest[UNLINKSNOOP_NAME_SIZE + 1] = "";

	(void)state;
	begin();
	send(7, 0, 0, "file");
	send(8, 0, UNLINKSNOOP_LAST, "top");
	send(7, 1, 0, "b");
	send(9, 0, 0, "c");
	send(7, 2, UNLINKSNOOP_LAST, "a");
	send(9, 1, UNLINKSNOOP_LAST | UNLINKSNOOP_CUT, "");
	memset(longest, 'x', UNLINKSNOOP_NAME_SIZE);
	send(7, 0, 0, "");
	send(7, 1, UNLINKSNOOP_LAST, "quote\"");
	assert_told((const char *[]){ "\"path\":\"/top\"}", "\"path\":\"/a/b/file\"}", "\"path\":\".../c\"}",
				      "\"path\":\"/quote\\\"/?\"}", NULL });
	/* deeper than there is room for, and names as long as the room for one */
	begin();
	for (__u32 i = 0; i < 100; i++)
		send(1, i, i == 99 ? UNLINKSNOOP_LAST : 0, longest);
	end();
	assert_in_range(strlen(told), 7000, PATH_ROOM + 200);
}

static void test_lost_parts(void **state)
{
	(void)state;
	begin();
	send(7, 1, UNLINKSNOOP_LAST, "no first");
	send(7, 0, 0, "no last");
	send(7, 0, 0, "no middle");
	send(7, 2, UNLINKSNOOP_LAST, "a");
	send(7, 0, UNLINKSNOOP_LAST, "whole");
	assert_told((const char *[]){ "\"path\":\".../no last\"}", "\"path\":\".../no middle\"}",
				      "\"path\":\"/whole\"}", NULL });
	/* more threads than there is room for: the first gives way */
	begin();
	for (__u32 tid = 1; tid <= MAX_PATHS + 1; tid++)
		send(tid, 0, 0, "x");
	assert_told((const char *[]){ "\"path\":\".../x\"}", NULL });
	assert_int_equal(unlinksnoop__print(told, sizeof(struct unlinksnoop_part) - 1, true), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_lost_parts),
	};

	return cmocka_run_group_tests_name("unlinksnoop", tests, fixture__setup, fixture__teardown);
}
