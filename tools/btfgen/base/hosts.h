/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Politeness: how many requests a host has at once, how close they follow on each other,
 * and until when it asked to be left alone. And patience: a host that did not answer several
 * transfers in a row is not asked for a while, since a thousand packages of a dead mirror
 * would take hours to fail. For one thread.
 */
#ifndef BTFGEN_HOSTS_H
#define BTFGEN_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

struct host {
	char *name;             /* with its port: "http://example.org:8080" */
	unsigned int active;    /* requests under way */
	uint64_t not_before_ms; /* earliest start of the next one */
	unsigned int silences;  /* transfers in a row that it gave no answer to */
	uint64_t silent_ms;     /* when the last of them ended */
	struct host *next;
};

struct hosts {
	struct host *first;
	bool has_answer;        /* of any */
	unsigned int at_once;   /* requests a host has at most */
	unsigned int delay_ms;  /* from the start of one to that of the next */
	unsigned int rest_ms;   /* for which a silent host is not asked */
};

/* The host that the URL begins with, made where it is new; NULL without memory. */
struct host *hosts__of(struct hosts *hosts, const char *url);
void hosts__free(struct hosts *hosts);

/* When a request may start, as far as time decides. */
uint64_t host__ready_ms(const struct host *host);
bool host__has_room(const struct hosts *hosts, const struct host *host);
void host__begin(const struct hosts *hosts, struct host *host, uint64_t now_ms);
/* `wait_ms`: what the host asked for, or 0; that holds for all requests, not only for this. */
void host__end(struct host *host, uint64_t now_ms, uint64_t wait_ms);

/* It answered, whatever it said; or a transfer was given up without any answer. */
void host__answered(struct hosts *hosts, struct host *host);
void host__kept_silent(struct host *host, uint64_t now_ms);
/*
 * Several hosts gave no answer, and no host has ever given one: it is not the hosts. Files of
 * this machine are no answer.
 */
bool hosts__are_out_of_reach(const struct hosts *hosts);
bool host__is_given_up(const struct hosts *hosts, const struct host *host, uint64_t now_ms);

#endif
