/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/hosts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SILENCES_MAX 3
#define SILENT_HOSTS 3

/* "http://user@example.org:8080/pool/x" up to the path; all of "file:/pool/x" is one host. */
static size_t name_len(const char *url)
{
	const char *authority = strstr(url, "://");

	return authority ? (size_t)(authority - url) + 3 + strcspn(authority + 3, "/?#") :
			   strcspn(url, ":");
}

struct host *hosts__of(struct hosts *hosts, const char *url)
{
	size_t len = name_len(url);
	struct host *host = hosts->first;

	while (host && (strlen(host->name) != len || strncasecmp(host->name, url, len) != 0))
		host = host->next;
	if (host)
		return host;
	host = calloc(1, sizeof(*host));
	if (!host)
		return NULL;
	host->name = strndup(url, len);
	if (!host->name) {
		free(host);
		return NULL;
	}
	host->next = hosts->first;
	hosts->first = host;
	return host;
}

void hosts__free(struct hosts *hosts)
{
	while (hosts->first) {
		struct host *host = hosts->first;

		hosts->first = host->next;
		free(host->name);
		free(host);
	}
}

uint64_t host__ready_ms(const struct host *host)
{
	return host->not_before_ms;
}

bool host__has_room(const struct hosts *hosts, const struct host *host)
{
	return host->active < hosts->at_once;
}

static void put_off(struct host *host, uint64_t until_ms)
{
	if (host->not_before_ms < until_ms)
		host->not_before_ms = until_ms;
}

void host__begin(const struct hosts *hosts, struct host *host, uint64_t now_ms)
{
	host->active++;
	put_off(host, now_ms + hosts->delay_ms);
}

void host__end(struct host *host, uint64_t now_ms, uint64_t wait_ms)
{
	host->active--;
	if (wait_ms)
		put_off(host, now_ms + wait_ms);
}

/* All files of this machine are one host. */
static bool is_local(const struct host *host)
{
	return !strncasecmp(host->name, "file", 4) && (!host->name[4] || host->name[4] == ':');
}

void host__answered(struct hosts *hosts, struct host *host)
{
	host->silences = 0;
	hosts->has_answer |= !is_local(host);
}

void host__kept_silent(struct host *host, uint64_t now_ms)
{
	host->silences++;
	host->silent_ms = now_ms;
}

bool hosts__are_out_of_reach(const struct hosts *hosts)
{
	unsigned int silent = 0;

	for (const struct host *host = hosts->first; host; host = host->next)
		silent += host->silences > 0;
	return !hosts->has_answer && silent >= SILENT_HOSTS;
}

bool host__is_given_up(const struct hosts *hosts, const struct host *host, uint64_t now_ms)
{
	return host->silences >= SILENCES_MAX && now_ms < host->silent_ms + hosts->rest_ms;
}
