/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/url_cache.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "source/access.h"

struct url_answer {
	char *url;
	bool is_here;           /* or has failed; else somebody is asking */
	struct document document;
	int code;
	struct error error;     /* where code is not 0 */
	struct url_answer *next;
};

struct url_cache {
	pthread_mutex_t lock;   /* of the list, and of answers that are not here */
	pthread_cond_t arrived;
	struct url_answer *first;
};

struct url_cache *url_cache__new(void)
{
	struct url_cache *cache = calloc(1, sizeof(*cache));

	if (cache) {
		pthread_mutex_init(&cache->lock, NULL);
		pthread_cond_init(&cache->arrived, NULL);
	}
	return cache;
}

void url_cache__free(struct url_cache *cache)
{
	if (!cache)
		return;
	while (cache->first) {
		struct url_answer *answer = cache->first;

		cache->first = answer->next;
		document__free(&answer->document);
		free(answer->url);
		free(answer);
	}
	pthread_cond_destroy(&cache->arrived);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static struct url_answer *find(struct url_cache *cache, const char *url)
{
	struct url_answer *answer = cache->first;

	while (answer && strcmp(answer->url, url))
		answer = answer->next;
	return answer;
}

static struct url_answer *add(struct url_cache *cache, const char *url)
{
	struct url_answer *answer = calloc(1, sizeof(*answer));

	if (answer)
		answer->url = strdup(url);
	if (!answer || !answer->url) {
		free(answer);
		return NULL;
	}
	answer->next = cache->first;
	cache->first = answer;
	return answer;
}

int url_cache__get(struct url_cache *cache, struct access *access, const char *url,
		   const char **path, struct error *err)
{
	struct url_answer *answer;

	pthread_mutex_lock(&cache->lock);
	answer = find(cache, url);
	if (answer) {
		while (!answer->is_here)
			pthread_cond_wait(&cache->arrived, &cache->lock);
		pthread_mutex_unlock(&cache->lock);
	} else {
		answer = add(cache, url);
		pthread_mutex_unlock(&cache->lock);
		if (!answer)
			return error__oom(err);
		answer->code = access__fetch(access, url, 0, &answer->document, &answer->error);
		pthread_mutex_lock(&cache->lock);
		answer->is_here = true;
		pthread_cond_broadcast(&cache->arrived);
		pthread_mutex_unlock(&cache->lock);
	}
	if (answer->code)
		*err = answer->error;
	*path = answer->document.path;
	return answer->code;
}
