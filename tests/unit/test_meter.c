/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/meter.h"

/* What `body` writes on stderr, in a process of its own; on a terminal `columns` wide if any. */
static void output_of(void (*body)(void), unsigned short columns, char *text, size_t size)
{
	struct winsize window = { .ws_row = 10, .ws_col = columns };
	int ends[2], status;
	size_t len = 0;
	pid_t pid;

	if (columns && openpty(&ends[0], &ends[1], NULL, NULL, &window) < 0) {
		fprintf(stderr, "SKIP: no pseudo terminals here (/dev/pts)\n");
		skip();
	}
	if (!columns)
		assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		dup2(ends[1], STDERR_FILENO);
		body();
		_exit(0);
	}
	close(ends[1]);
	while (len + 1 < size) {
		ssize_t got = read(ends[0], text + len, size - 1 - len);

		if (got <= 0)
			break; /* a terminal whose other end is closed gives EIO */
		len += got;
	}
	text[len] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void two_stages(void)
{
	struct meter *meter;

	meter__setup();
	meter = meter__new("6.1.0-56-cloud-amd64");
	meter__stage(meter, "fetch", 283300000);
	meter__advance(meter, 100000000, 0);
	usleep(120000);
	meter__advance(meter, 283300000, 283300000);
	meter__stage(meter, "extract", 0);
	meter__advance(meter, 999, 0);
	meter__stage(meter, "encode", 0);
	meter__free(meter);
}

/* "0.1 s" at the end of each line becomes "# s": a busy machine is slow, not wrong. */
static void blank_seconds(char *text)
{
	char *out = text;

	for (char *at = text; *at;) {
		size_t digits = strspn(at, "0123456789");

		if (digits && at[digits] == '.' && at[digits + 1] >= '0' &&
		    at[digits + 1] <= '9' && strncmp(at + digits + 2, " s", 2) == 0) {
			*out++ = '#';
			at += digits + 2;
		} else if (digits) {
			memmove(out, at, digits);
			out += digits;
			at += digits;
		} else {
			*out++ = *at++;
		}
	}
	*out = '\0';
}

static void lines_elsewhere(void **state)
{
	char text[4096];

	(void)state;
	output_of(two_stages, 0, text, sizeof(text));
	blank_seconds(text);
	assert_string_equal(text, "6.1.0-56-cloud-amd64: fetch 283.3 MB, # s\n"
				  "6.1.0-56-cloud-amd64: extract 999 B, # s\n"
				  "6.1.0-56-cloud-amd64: encode # s\n");
}

static void broken_off(void)
{
	struct meter *meter;

	meter__setup();
	meter = meter__new("k");
	meter__stage(meter, "fetch", 2000000);
	meter__advance(meter, 999950, 0);
	meter__free(meter);
}

static void line_of_a_stage_cut_short(void **state)
{
	char text[4096];

	(void)state;
	output_of(broken_off, 0, text, sizeof(text));
	blank_seconds(text);
	assert_string_equal(text, "k: fetch 1.0 MB of 2.0 MB, # s\n");
}

static void quiet_stages(void)
{
	log__set_level(LOG_LEVEL_QUIET);
	two_stages();
	log__info("no");
	log__warn("no");
	log__error("lost %d", 7);
}

static void nothing_when_quiet(void **state)
{
	char text[4096];

	(void)state;
	output_of(quiet_stages, 0, text, sizeof(text));
	assert_string_equal(text, "btfgen: lost 7\n");
	setenv("TERM", "xterm", 1);
	output_of(quiet_stages, 80, text, sizeof(text));
	assert_string_equal(text, "btfgen: lost 7\r\n");
}

static void no_setup(void)
{
	struct meter *meter = meter__new("k");

	meter__stage(meter, "fetch", 1);
	meter__free(meter);
	meter__stage(NULL, "fetch", 1);
	meter__advance(NULL, 1, 1);
	meter__free(NULL);
}

static void nothing_before_setup(void **state)
{
	char text[4096];

	(void)state;
	output_of(no_setup, 0, text, sizeof(text));
	assert_string_equal(text, "");
}

static void logged_in_between(void)
{
	struct meter *one, *two;

	meter__setup();
	one = meter__new("6.1.0-56-cloud-amd64");
	two = meter__new("5.10.0-32-amd64");
	meter__stage(one, "fetch", 200000000);
	meter__stage(two, "encode", 0);
	usleep(120000);
	meter__advance(one, 50000000, 200000000);
	log__info("hello\033[2J there");
	meter__free(one);
	meter__free(two);
}

/* No row of the screen is longer than it is wide, so that nothing wraps. */
static void assert_rows_fit(const char *text, size_t columns)
{
	size_t width = 0;

	for (; *text; text++) {
		if (*text == '\033') {
			text += strcspn(text, "ABCDEFGHJKm");
			continue;
		}
		if (*text == '\n' || *text == '\r')
			width = 0;
		else
			width++;
		assert_true(width < columns);
	}
}

static void bars_on_a_terminal(void **state)
{
	const unsigned short widths[] = { 120, 80, 60, 40, 20, 5, 1 };
	char text[16384];
	const char *log, *bar;

	(void)state;
	setenv("TERM", "xterm", 1);
	output_of(logged_in_between, 100, text, sizeof(text));
	bar = strstr(text, "6.1.0-56-cloud-amd64  fetch    [");
	assert_non_null(bar);
	assert_non_null(strstr(text, " 25% 50.0 MB/200.0 MB"));
	assert_non_null(strstr(text, "5.10.0-32-amd64       encode"));
	/* the line stands where the bars were, which are drawn again below it */
	log = strstr(text, "\r\033[2A\033[Jhello?[2J there\r\n");
	assert_non_null(log);
	assert_non_null(strstr(log, "6.1.0-56-cloud-amd64  fetch    ["));
	/* nothing stays */
	assert_string_equal(text + strlen(text) - strlen("\r\033[1A\033[J"), "\r\033[1A\033[J");
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		if (widths[i] >= 20) {
			output_of(two_stages, widths[i], text, sizeof(text));
			assert_rows_fit(text, widths[i]);
		} else {
			output_of(two_stages, widths[i], text, sizeof(text)); /* no crash */
		}
}

static void many(void)
{
	struct meter *meters[30];
	char label[16];

	meter__setup();
	for (int i = 0; i < 30; i++) {
		snprintf(label, sizeof(label), "kernel-%d", i);
		meters[i] = meter__new(label);
		meter__stage(meters[i], "fetch", 100);
	}
	for (int i = 0; i < 30; i++)
		meter__free(meters[i]);
}

static void no_more_bars_than_rows(void **state)
{
	static char text[1 << 20];

	(void)state;
	setenv("TERM", "xterm", 1);
	output_of(many, 80, text, sizeof(text));
	assert_non_null(strstr(text, "\033[9A"));  /* of 10 rows */
	assert_null(strstr(text, "\033[10A"));
}

static void dumb_terminal_gets_lines(void **state)
{
	char text[4096];

	(void)state;
	setenv("TERM", "dumb", 1);
	output_of(two_stages, 80, text, sizeof(text));
	assert_null(strchr(text, '\033'));
	blank_seconds(text);
	assert_non_null(strstr(text, "fetch 283.3 MB, # s\r\n"));
}

static void fast(void)
{
	struct meter *meter;

	meter__setup();
	meter = meter__new("k");
	meter__stage(meter, "fetch", 1000000);
	for (int i = 1; i <= 300000; i++)
		meter__advance(meter, i, 0);
	meter__free(meter);
}

static void drawn_ten_times_a_second(void **state)
{
	static char text[1 << 20];
	unsigned int draws = 0;

	(void)state;
	setenv("TERM", "xterm", 1);
	output_of(fast, 80, text, sizeof(text));
	for (const char *at = text; (at = strstr(at, "\033[K")); at++)
		draws++;
	assert_in_range(draws, 1, 40); /* 300,000 calls, surely done in 4 s */
}

static void *advance_much(void *arg)
{
	struct meter *meter = meter__new(arg);

	meter__stage(meter, "pack", 1000);
	for (int i = 0; i < 1000; i++) {
		meter__advance(meter, i, 1000);
		if (i % 100 == 0)
			log__info("%s at %d", (char *)arg, i);
	}
	meter__free(meter);
	return NULL;
}

static void threads(void)
{
	char names[8][16];
	pthread_t ids[8];

	meter__setup();
	for (int i = 0; i < 8; i++) {
		snprintf(names[i], sizeof(names[i]), "thread%d", i);
		pthread_create(&ids[i], NULL, advance_much, names[i]);
	}
	for (int i = 0; i < 8; i++)
		pthread_join(ids[i], NULL);
}

static void whole_lines_from_threads(void **state)
{
	static char text[1 << 20];
	unsigned int lines = 0;

	(void)state;
	output_of(threads, 0, text, sizeof(text));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		int number, at;
		char rest[64] = "";

		if (sscanf(line, "thread%d at %d%60s", &number, &at, rest) == 2)
			continue;
		assert_int_equal(sscanf(line, "thread%d: pack 999 B of 1.0 kB, %60s s", &number,
					rest), 2);
	}
	assert_int_equal(lines, 8 * 10 + 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_elsewhere),
		cmocka_unit_test(line_of_a_stage_cut_short),
		cmocka_unit_test(nothing_when_quiet),
		cmocka_unit_test(nothing_before_setup),
		cmocka_unit_test(bars_on_a_terminal),
		cmocka_unit_test(no_more_bars_than_rows),
		cmocka_unit_test(dumb_terminal_gets_lines),
		cmocka_unit_test(drawn_ten_times_a_second),
		cmocka_unit_test(whole_lines_from_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
