/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/download.h"
#include "base/hosts.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/url.h"

#define POLL_MAX_MS 1000
#define BACKOFF_MAX_MS 60000
/* A try that got this far was not in vain: large files over bad lines take many. */
#define WORTHWHILE_BYTES (1024 * 1024)

/* One transfers__get(), on its caller's stack; the thread's until `over`. */
struct job {
	struct download download;
	struct host *host;          /* set by the thread */
	unsigned int failures;
	uint64_t not_before_ms;
	bool over;
	struct job *next;
};

struct transfers {
	pthread_t thread;
	pthread_mutex_t lock;       /* of what is here down to users */
	pthread_cond_t changed;     /* a job is over, or a user has left */
	struct job *incoming;
	bool stopping;
	unsigned int users;

	CURLM *multi;               /* the thread's; others only wake it up */
	struct job *waiting;        /* for a place, or for the next try */
	struct job *active;
	struct hosts hosts;
	bool out_of_reach;          /* all of them */
	unsigned int active_count;
	unsigned int parallel;
	unsigned int tries;
	unsigned int backoff_ms;
	struct request_setup setup;
	struct transfers_opts opts;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void append(struct job **list, struct job *job)
{
	while (*list)
		list = &(*list)->next;
	job->next = NULL;
	*list = job;
}

static void take_out(struct job **list, struct job *job)
{
	while (*list != job)
		list = &(*list)->next;
	*list = job->next;
	job->next = NULL;
}

/* The job is its caller's again: not to be touched after this. */
static void end_job(struct transfers *transfers, struct job *job)
{
	pthread_mutex_lock(&transfers->lock);
	job->over = true;
	pthread_cond_broadcast(&transfers->changed);
	pthread_mutex_unlock(&transfers->lock);
}

static void start_job(struct transfers *transfers, struct job *job)
{
	struct download *download = &job->download;

	take_out(&transfers->waiting, job);
	download->status = download__begin(download, &transfers->setup);
	if (!download->status &&
	    curl_multi_add_handle(transfers->multi, download->easy) != CURLM_OK)
		download->status = error__oom(download->err);
	if (download->status) {
		end_job(transfers, job);
		return;
	}
	append(&transfers->active, job);
	transfers->active_count++;
	host__begin(&transfers->hosts, job->host, now_ms());
}

static uint64_t ready_ms(const struct job *job)
{
	uint64_t host_ms = host__ready_ms(job->host);

	return job->not_before_ms > host_ms ? job->not_before_ms : host_ms;
}

static void refuse_job(struct transfers *transfers, struct job *job)
{
	struct download *download = &job->download;

	take_out(&transfers->waiting, job);
	download->status = error__set(download->err, EHOSTUNREACH,
				      "%s: its host has not answered for some time, and is not asked "
				      "again for now; check the network, or try another mirror",
				      download->url);
	end_job(transfers, job);
}

/* Without a network nothing is gained by trying again. */
static bool is_in_vain(const struct transfers *transfers, const struct job *job)
{
	return transfers->out_of_reach && job->download.status == -EHOSTUNREACH &&
	       !job->download.answered;
}

static void start_ready(struct transfers *transfers)
{
	uint64_t now = now_ms();

	for (struct job *job = transfers->waiting, *next; job; job = next) {
		next = job->next;
		if (host__is_given_up(&transfers->hosts, job->host, now)) {
			refuse_job(transfers, job);
			continue;
		}
		if (job->failures && is_in_vain(transfers, job)) {
			take_out(&transfers->waiting, job);
			end_job(transfers, job);
			continue;
		}
		if (transfers->active_count >= transfers->parallel)
			continue;
		if (host__has_room(&transfers->hosts, job->host) && ready_ms(job) <= now)
			start_job(transfers, job);
	}
}

static void put_off(struct transfers *transfers, struct job *job, unsigned int wait_s)
{
	uint64_t pause_ms = transfers->backoff_ms;

	for (unsigned int i = 1; i < job->failures && pause_ms < BACKOFF_MAX_MS; i++)
		pause_ms *= 2;
	if (pause_ms > BACKOFF_MAX_MS)
		pause_ms = BACKOFF_MAX_MS;
	if (pause_ms < wait_s * 1000ULL)
		pause_ms = wait_s * 1000ULL;
	job->not_before_ms = now_ms() + pause_ms;
	log__verbose("%s; trying again in %.1f s", job->download.err->text, pause_ms / 1000.0);
	append(&transfers->waiting, job);
}

static void note_silence(struct transfers *transfers, struct host *host)
{
	bool before = transfers->out_of_reach;

	host__kept_silent(host, now_ms());
	transfers->out_of_reach = hosts__are_out_of_reach(&transfers->hosts);
	if (transfers->out_of_reach && !before)
		log__warn("no host has answered so far: check the network, or http_proxy and "
			  "https_proxy; each of the others is asked only once");
}

static void end_try(struct transfers *transfers, struct job *job, CURLcode code)
{
	struct download *download = &job->download;
	enum download_next next;
	unsigned int wait_s;

	curl_multi_remove_handle(transfers->multi, download->easy);
	take_out(&transfers->active, job);
	transfers->active_count--;
	next = download__end(download, code, &wait_s);
	host__end(job->host, now_ms(), wait_s * 1000ULL);
	if (download->answered) {
		host__answered(&transfers->hosts, job->host);
		transfers->out_of_reach = false;
	}
	if (next == DOWNLOAD_AGAIN_NOW) {
		job->not_before_ms = 0;
		append(&transfers->waiting, job);
		return;
	}
	if (next == DOWNLOAD_AGAIN) {
		if (download->gained >= WORTHWHILE_BYTES)
			job->failures = 0;
		if (++job->failures < transfers->tries && !is_in_vain(transfers, job)) {
			put_off(transfers, job, wait_s);
			return;
		}
	}
	if (download->status == -EHOSTUNREACH && !download->answered)
		note_silence(transfers, job->host);
	end_job(transfers, job);
}

static void reap(struct transfers *transfers)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(transfers->multi, &left))) {
		CURLcode code = message->data.result;
		struct job *job = transfers->active;

		if (message->msg != CURLMSG_DONE)
			continue;
		while (job && job->download.easy != message->easy_handle)
			job = job->next;
		if (job)
			end_try(transfers, job, code);
	}
}

static void end_stalled(struct transfers *transfers)
{
	for (struct job *job = transfers->active, *next; job; job = next) {
		next = job->next;
		if (download__has_stalled(&job->download, transfers->setup.stall_s))
			end_try(transfers, job, CURLE_OPERATION_TIMEDOUT);
	}
}

static void cancel_job(struct transfers *transfers, struct job **list)
{
	struct job *job = *list;
	struct download *download = &job->download;

	take_out(list, job);
	download->status = error__set(download->err, ECANCELED, "%s: interrupted", download->url);
	end_job(transfers, job);
}

static void cancel_all(struct transfers *transfers)
{
	while (transfers->active) {
#if LIBCURL_VERSION_NUM >= 0x075700
		/* or a name look-up under way, which can't be cut short, holds us up */
		curl_easy_setopt(transfers->active->download.easy, CURLOPT_QUICK_EXIT, 1L);
#endif
		curl_multi_remove_handle(transfers->multi, transfers->active->download.easy);
		transfers->active_count--;
		host__end(transfers->active->host, now_ms(), 0);
		cancel_job(transfers, &transfers->active);
	}
	while (transfers->waiting)
		cancel_job(transfers, &transfers->waiting);
}

/* Until something arrives, a job may start, or a stop is asked for. */
static void wait_for_more(struct transfers *transfers)
{
	/* a stop once requested stays readable: polling for it again would spin */
	struct curl_waitfd stop = { .fd = cancel__fd(), .events = CURL_WAIT_POLLIN };
	bool watch = stop.fd >= 0 && !cancel__requested();
	uint64_t now = now_ms();
	uint64_t pause_ms = POLL_MAX_MS;

	for (struct job *job = transfers->waiting; job; job = job->next)
		if (transfers->active_count < transfers->parallel &&
		    host__has_room(&transfers->hosts, job->host) && ready_ms(job) < now + pause_ms)
			pause_ms = ready_ms(job) > now ? ready_ms(job) - now : 0;
	curl_multi_poll(transfers->multi, watch ? &stop : NULL, watch ? 1 : 0, pause_ms, NULL);
}

/* Called under the lock, which end_job() takes itself. */
static void take(struct transfers *transfers, struct job *job)
{
	job->host = hosts__of(&transfers->hosts, job->download.transfer->url);
	if (job->host) {
		append(&transfers->waiting, job);
		return;
	}
	job->download.status = error__oom(job->download.err);
	job->over = true;
	pthread_cond_broadcast(&transfers->changed);
}

static bool take_incoming(struct transfers *transfers)
{
	bool stopping;

	pthread_mutex_lock(&transfers->lock);
	while (transfers->incoming) {
		struct job *job = transfers->incoming;

		transfers->incoming = job->next;
		take(transfers, job);
	}
	stopping = transfers->stopping;
	pthread_mutex_unlock(&transfers->lock);
	return stopping;
}

static void *run(void *arg)
{
	struct transfers *transfers = arg;
	bool stopping = false;
	int running;

	while (!stopping) {
		stopping = take_incoming(transfers);
		if (stopping || cancel__requested())
			cancel_all(transfers);
		start_ready(transfers);
		curl_multi_perform(transfers->multi, &running);
		reap(transfers);
		end_stalled(transfers);
		if (!stopping)
			wait_for_more(transfers);
	}
	return NULL;
}

/* ---- for other threads ---------------------------------------------------------- */

static void free_memory(struct transfers *transfers)
{
	if (transfers->multi)
		curl_multi_cleanup(transfers->multi);
	hosts__free(&transfers->hosts);
	pthread_cond_destroy(&transfers->changed);
	pthread_mutex_destroy(&transfers->lock);
	free(transfers);
}

struct transfers *transfers__new(const struct transfers_opts *opts, struct error *err)
{
	static const struct transfers_opts defaults;
	struct transfers *transfers = calloc(1, sizeof(*transfers));
	int status;

	if (!transfers) {
		error__oom(err);
		return NULL;
	}
	if (!opts)
		opts = &defaults;
	pthread_mutex_init(&transfers->lock, NULL);
	pthread_cond_init(&transfers->changed, NULL);
	transfers->opts = *opts;
	transfers->parallel = opts->parallel ? opts->parallel : 6;
	transfers->tries = opts->tries ? opts->tries : 4;
	transfers->backoff_ms = opts->backoff_ms ? opts->backoff_ms : 1000;
	request_setup__init(&transfers->setup, opts->stall_s ? opts->stall_s : 30);
	transfers->multi = curl_multi_init();
	if (!transfers->multi) {
		free_memory(transfers);
		error__oom(err);
		return NULL;
	}
	transfers->hosts.at_once = opts->parallel_per_host ? opts->parallel_per_host : 4;
	transfers->hosts.delay_ms = opts->delay_ms;
	transfers->hosts.rest_ms = (opts->rest_s ? opts->rest_s : 300) * 1000;
	/* also where others' redirects lead to */
	curl_multi_setopt(transfers->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
			  (long)transfers->hosts.at_once);
	status = thread__start(&transfers->thread, run, transfers);
	if (status) {
		free_memory(transfers);
		error__set(err, status, "cannot start a thread for transfers: %s",
			   strerror(-status));
		return NULL;
	}
	return transfers;
}

const struct transfers_opts *transfers__opts(const struct transfers *transfers)
{
	return &transfers->opts;
}

void transfers__free(struct transfers *transfers)
{
	if (!transfers)
		return;
	pthread_mutex_lock(&transfers->lock);
	transfers->stopping = true;
	pthread_mutex_unlock(&transfers->lock);
	curl_multi_wakeup(transfers->multi);
	pthread_join(transfers->thread, NULL);
	pthread_mutex_lock(&transfers->lock);
	while (transfers->users) /* on their way out with -ECANCELED */
		pthread_cond_wait(&transfers->changed, &transfers->lock);
	pthread_mutex_unlock(&transfers->lock);
	free_memory(transfers);
}

static int wait_until_over(struct transfers *transfers, struct job *job)
{
	pthread_mutex_lock(&transfers->lock);
	transfers->users++;
	if (transfers->stopping) {
		job->over = true;
		job->download.status = error__set(job->download.err, ECANCELED, "%s: interrupted",
						  job->download.url);
	} else {
		append(&transfers->incoming, job);
		curl_multi_wakeup(transfers->multi);
	}
	while (!job->over)
		pthread_cond_wait(&transfers->changed, &transfers->lock);
	transfers->users--;
	pthread_cond_broadcast(&transfers->changed);
	pthread_mutex_unlock(&transfers->lock);
	return job->download.status;
}

/* Nothing is left to ask for. */
static bool is_whole(const struct transfer *transfer)
{
	struct stat st;

	return transfer->resume && transfer->expect_size && stat(transfer->path, &st) == 0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_size == transfer->expect_size;
}

int transfers__get(struct transfers *transfers, const struct transfer *transfer,
		   struct transfer_result *result, struct error *err)
{
	struct job job = {};
	int status;

	*result = (struct transfer_result){};
	if (is_whole(transfer))
		return 0;
	status = download__init(&job.download, transfer, result, err);
	if (status)
		return status;
	status = wait_until_over(transfers, &job);
	download__free(&job.download);
	return status;
}

void transfer_result__free(struct transfer_result *result)
{
	free(result->etag);
	*result = (struct transfer_result){};
}
