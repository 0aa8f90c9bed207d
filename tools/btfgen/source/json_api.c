/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/json_api.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

/* allfiles of one kernel is 1 MB, a page of Launchpad's 0.5 MB. */
#define ANSWER_LIMIT (64u << 20)

static json_t *parse(const char *path, const char *url, struct error *err)
{
	_cleanup_free_ void *text = NULL;
	json_error_t why;
	json_t *root;
	size_t size;
	int ret = file__read(path, ANSWER_LIMIT, &text, &size);

	if (ret) {
		error__set(err, EBADMSG, "%s cannot be read: %s", url, strerror(-ret));
		return NULL;
	}
	root = json_loadb(text, size, 0, &why);
	if (!root) {
		error__set(err, EBADMSG, "%s:%d: the answer is no JSON: %s", url, why.line,
			   why.text);
	} else if (!json_is_object(root)) {
		error__set(err, EBADMSG, "%s: the answer is no object", url);
		json_decref(root);
		root = NULL;
	}
	return root;
}

json_t *json_api__get(struct access *access, const char *url, int *ret, struct error *err)
{
	cleanup(document__free) struct document document = { 0 };
	const char *path = NULL;
	json_t *root;

	if (access->answers) {
		*ret = url_cache__get(access->answers, access, url, &path, err);
	} else {
		*ret = access__fetch(access, url, 0, &document, err);
		path = document.path;
	}
	if (*ret)
		return NULL;
	root = parse(path, url, err);
	*ret = root ? 0 : -EBADMSG;
	return root;
}

const char *json_api__text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

char *json_api__escape(const char *text)
{
	_cleanup_buf_ struct buf escaped = { 0 };

	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text))
			buf__add(&escaped, text, 1);
		else
			buf__printf(&escaped, "%%%02X", (unsigned char)*text);
	}
	if (!buf__cstr(&escaped))
		return NULL;
	return (char *)buf__steal(&escaped, NULL);
}
