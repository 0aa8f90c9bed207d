/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/meter.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#define DRAW_INTERVAL_MS 100
#define RATE_INTERVAL_MS 1000
#define MIN_BAR_COLUMNS 8

enum meter_mode { METER_NONE, METER_LINES, METER_BARS };

struct meter {
	char *label;
	char verb[16];              /* "": no stage has begun */
	uint64_t done;
	uint64_t total;
	uint64_t began_ms;
	uint64_t rate;              /* units a second over the last interval; 0: not known yet */
	uint64_t rate_ms;           /* when that interval began, and what was done then */
	uint64_t rate_done;
	struct meter *next;
};

/*
 * There is one stderr, so there is one of this. The lock guards it all, stderr too: it
 * is held from meter__pause() to meter__resume().
 */
static struct {
	pthread_mutex_t lock;
	enum meter_mode mode;
	struct meter *live;         /* in order of birth */
	unsigned int drawn;         /* bars on the screen, above the cursor */
	unsigned int columns;       /* of the screen when they were drawn */
	uint64_t drawn_ms;
} screen = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Decimal units, as download sizes are given everywhere: "283.3 MB". */
static void format_bytes(uint64_t bytes, char text[32])
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = bytes;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(text, 32, "%" PRIu64 " B", bytes);
		return;
	}
	for (value /= 1000; value >= 999.95 && unit < 5; unit++)
		value /= 1000;
	snprintf(text, 32, "%.1f %s", value, units[unit]);
}

/* ---- bars ----------------------------------------------------------------------- */

static void window_size(unsigned int *columns, unsigned int *rows)
{
	struct winsize size;

	*columns = 80;
	*rows = 24;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row) {
		*columns = size.ws_col;
		*rows = size.ws_row;
	}
}

/* Back to where the first bar begins; lines of a screen made narrower were wrapped. */
static void add_home(struct buf *out, unsigned int columns)
{
	unsigned int up = screen.drawn;

	if (columns && screen.columns > columns)
		up *= (screen.columns + columns - 1) / columns;
	if (up)
		buf__printf(out, "\r\033[%uA", up);
}

static void add_amounts(struct buf *out, const struct meter *meter)
{
	char done[32], total[32], rate[32];

	format_bytes(meter->done, done);
	if (meter->total) {
		format_bytes(meter->total, total);
		buf__printf(out, " %3u%% %s/%s",
			    (unsigned int)(100.0 * meter->done / meter->total), done, total);
	} else if (meter->done) {
		buf__printf(out, " %s", done);
	}
	if (meter->rate) {
		format_bytes(meter->rate, rate);
		buf__printf(out, " %s/s", rate);
	}
}

static void add_bar(struct buf *out, const struct meter *meter, size_t columns)
{
	size_t inner = columns - 2;
	size_t filled = (double)meter->done / meter->total * inner;

	buf__printf(out, "[");
	for (size_t i = 0; i < inner; i++)
		buf__printf(out, "%s", i < filled ? "=" : i == filled ? ">" : " ");
	buf__printf(out, "]");
}

/* "label  verb     [====>    ]  45% 127.4 MB/283.3 MB 91.2 MB/s" in columns - 1 */
static void add_line(struct buf *out, const struct meter *meter, unsigned int columns,
		     size_t label_columns)
{
	_cleanup_buf_ struct buf head = {};
	_cleanup_buf_ struct buf tail = {};
	size_t width = columns - 1; /* the last column would wrap on some terminals */
	size_t used;

	buf__printf(&head, "%-*.*s  %-8s ", (int)label_columns, (int)label_columns, meter->label,
		    meter->verb);
	add_amounts(&tail, meter);
	used = head.len + tail.len;
	if (meter->total && used + MIN_BAR_COLUMNS <= width)
		add_bar(&head, meter, width - used < 42 ? width - used : 42);
	buf__add(&head, tail.data, tail.len);
	buf__add(out, head.data, head.len < width ? head.len : width);
	buf__printf(out, "\033[K\n");
}

static void draw(void)
{
	_cleanup_buf_ struct buf out = {};
	unsigned int columns, rows, lines = 0;
	size_t label_columns = 0;

	window_size(&columns, &rows);
	for (struct meter *meter = screen.live; meter; meter = meter->next)
		if (strlen(meter->label) > label_columns)
			label_columns = strlen(meter->label);
	if (label_columns > columns / 2)
		label_columns = columns / 2;
	add_home(&out, columns);
	for (struct meter *meter = screen.live; meter && lines + 1 < rows; meter = meter->next) {
		add_line(&out, meter, columns, label_columns);
		lines++;
	}
	buf__printf(&out, "\033[J");
	if (!buf__failed(&out))
		file__write(STDERR_FILENO, out.data, out.len);
	screen.drawn = lines;
	screen.columns = columns;
	screen.drawn_ms = now_ms();
}

static void wipe(void)
{
	_cleanup_buf_ struct buf out = {};
	unsigned int columns, rows;

	if (!screen.drawn)
		return;
	window_size(&columns, &rows);
	add_home(&out, columns);
	buf__printf(&out, "\033[J");
	if (!buf__failed(&out))
		file__write(STDERR_FILENO, out.data, out.len);
	screen.drawn = 0;
}

/* ---- lines ---------------------------------------------------------------------- */

static void end_stage(struct meter *meter)
{
	_cleanup_buf_ struct buf out = {};
	char done[32], total[32];

	if (!meter->verb[0] || screen.mode != METER_LINES)
		return;
	buf__printf(&out, "%s: %s ", meter->label, meter->verb);
	if (meter->done) {
		format_bytes(meter->done, done);
		format_bytes(meter->total, total);
		buf__printf(&out, "%s", done);
		if (meter->done < meter->total)
			buf__printf(&out, " of %s", total);
		buf__printf(&out, ", ");
	}
	buf__printf(&out, "%.1f s\n", (now_ms() - meter->began_ms) / 1000.0);
	if (!buf__failed(&out))
		file__write(STDERR_FILENO, out.data, out.len);
}

/* ---- the meter ------------------------------------------------------------------ */

void meter__setup(void)
{
	const char *term = getenv("TERM");
	bool terminal = isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;

	pthread_mutex_lock(&screen.lock);
	screen.mode = log__is_quiet() ? METER_NONE : terminal ? METER_BARS : METER_LINES;
	pthread_mutex_unlock(&screen.lock);
}

struct meter *meter__new(const char *label)
{
	struct meter *meter = calloc(1, sizeof(*meter));
	struct meter **at = &screen.live;

	if (!meter)
		return NULL;
	meter->label = strdup(label);
	if (!meter->label) {
		free(meter);
		return NULL;
	}
	for (char *c = meter->label; *c; c++) /* a foreign name shall not drive the terminal */
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	pthread_mutex_lock(&screen.lock);
	while (*at)
		at = &(*at)->next;
	*at = meter;
	pthread_mutex_unlock(&screen.lock);
	return meter;
}

void meter__stage(struct meter *meter, const char *verb, uint64_t total)
{
	if (!meter)
		return;
	pthread_mutex_lock(&screen.lock);
	end_stage(meter);
	snprintf(meter->verb, sizeof(meter->verb), "%s", verb);
	meter->done = 0;
	meter->total = total;
	meter->rate = 0;
	meter->rate_done = 0;
	meter->began_ms = now_ms();
	meter->rate_ms = meter->began_ms;
	if (screen.mode == METER_BARS)
		draw();
	pthread_mutex_unlock(&screen.lock);
}

static void measure_rate(struct meter *meter, uint64_t now)
{
	uint64_t passed = now - meter->rate_ms;

	/* begun again, or the first word of a resumed one: nothing to measure from yet */
	if (meter->done < meter->rate_done || !meter->rate_done) {
		meter->rate_ms = now;
		meter->rate_done = meter->done;
	} else if (passed >= RATE_INTERVAL_MS) {
		meter->rate = (double)(meter->done - meter->rate_done) * 1000 / passed;
		meter->rate_ms = now;
		meter->rate_done = meter->done;
	}
}

void meter__advance(struct meter *meter, uint64_t done, uint64_t total)
{
	uint64_t now;

	if (!meter)
		return;
	pthread_mutex_lock(&screen.lock);
	now = now_ms();
	if (total)
		meter->total = total;
	if (meter->total && meter->total < done)
		meter->total = done;
	meter->done = done;
	measure_rate(meter, now);
	if (screen.mode == METER_BARS && now - screen.drawn_ms >= DRAW_INTERVAL_MS)
		draw();
	pthread_mutex_unlock(&screen.lock);
}

void meter__free(struct meter *meter)
{
	struct meter **at = &screen.live;

	if (!meter)
		return;
	pthread_mutex_lock(&screen.lock);
	end_stage(meter);
	while (*at != meter)
		at = &(*at)->next;
	*at = meter->next;
	if (screen.mode == METER_BARS)
		draw();
	pthread_mutex_unlock(&screen.lock);
	free(meter->label);
	free(meter);
}

void meter__pause(void)
{
	pthread_mutex_lock(&screen.lock);
	wipe();
}

void meter__resume(void)
{
	if (screen.mode == METER_BARS && screen.live)
		draw();
	pthread_mutex_unlock(&screen.lock);
}
