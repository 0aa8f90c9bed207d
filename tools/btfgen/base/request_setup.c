/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/request_setup.h"

#include <kbtf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define RECEIVE_BUFFER (256L * 1024)

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

void request_setup__init(struct request_setup *setup, unsigned int stall_s)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_curl);
	/* these variables are the curl command's doing, not the library's */
	*setup = (struct request_setup){
		.ca_file = variable("CURL_CA_BUNDLE") ?: variable("SSL_CERT_FILE"),
		.ca_dir = variable("SSL_CERT_DIR"),
		.stall_s = stall_s,
	};
	snprintf(setup->user_agent, sizeof(setup->user_agent), "btfgen/%s", kbtf__version());
}

static void set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https,ftp,ftps,file");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
			 CURLPROTO_HTTP | CURLPROTO_HTTPS | CURLPROTO_FTP | CURLPROTO_FTPS |
			 CURLPROTO_FILE);
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
}

void request_setup__apply(const struct request_setup *setup, CURL *easy, const char *url,
			  const struct transfer_identity *identity)
{
	set_protocols(easy);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, setup->user_agent);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REQUEST_MAX_REDIRECTS);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* a proxy's own 200 */
	curl_easy_setopt(easy, CURLOPT_FILETIME, 1L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
	/* a connection for each transfer, so that limits by host hold; large files gain nothing */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)setup->stall_s);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)setup->stall_s);
	if (setup->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, setup->ca_file);
	if (setup->ca_dir)
		curl_easy_setopt(easy, CURLOPT_CAPATH, setup->ca_dir);
	if (identity && identity->certificate)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, identity->certificate);
	if (identity && identity->key)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, identity->key);
	if (identity && identity->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, identity->ca_file);
}

bool request__lost_connection(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SSL_CONNECT_ERROR:
		return true;
	default:
		return false;
	}
}
