/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What all requests of the factory have in common, whoever drives their handles: the name that
 * they go by, certificates, proxies, protocols, how long they wait.
 */
#ifndef BTFGEN_REQUEST_SETUP_H
#define BTFGEN_REQUEST_SETUP_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/transfer.h"

struct request_setup {
	char user_agent[64];
	const char *ca_file;    /* or NULL: curl's own */
	const char *ca_dir;
	unsigned int stall_s;   /* seconds below 1 byte/s that count as a stall */
};

/* From the environment, as users of the curl command know it. Makes libcurl ready, too. */
void request_setup__init(struct request_setup *setup, unsigned int stall_s);
/* Onto a handle that was reset; all is lent until its end. `identity` may be NULL. */
void request_setup__apply(const struct request_setup *setup, CURL *easy, const char *url,
			  const struct transfer_identity *identity);

/* The connection did not last, or never was: what another try may mend. */
bool request__lost_connection(CURLcode code);

/* As request_setup__apply() has it. */
#define REQUEST_MAX_REDIRECTS 10L
/* Servers may ask for longer pauses than anybody wants to wait. */
#define REQUEST_RETRY_AFTER_MAX_S 120

#endif
