/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "settings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

static bool fits(int64_t value, bool is_negative, size_t size)
{
	uint64_t unsigned_value = (uint64_t)value;

	if (size == 8)
		return true;
	if (is_negative)
		return value >= -(INT64_C(1) << (8 * size - 1));
	return unsigned_value < UINT64_C(1) << (8 * size);
}

static bool parse_number(const char *text, size_t size, uint64_t *value)
{
	bool is_negative = text[0] == '-';
	char *end;

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		*value = text[0] == 't';
		return true;
	}
	errno = 0;
	*value = is_negative ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
	return !errno && end != text && !*end && fits((int64_t)*value, is_negative, size);
}

static int apply(struct kbtf_object *object, const char *name, const char *text)
{
	ssize_t size = kbtf_object__global_size(object, name);
	_cleanup_free_ uint8_t *bytes = NULL;
	uint64_t number;

	if (size < 0)
		return -ENOENT;
	bytes = calloc(1, (size_t)size + 1);
	if (!bytes)
		return -ENOMEM;
	if (size == 1 || size == 2 || size == 4 || size == 8) {
		if (!parse_number(text, (size_t)size, &number))
			return -EINVAL;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		number <<= 8 * (8 - size);
#endif
		memcpy(bytes, &number, (size_t)size);
	} else {
		if (strlen(text) >= (size_t)size)
			return -EINVAL;
		memcpy(bytes, text, strlen(text));
	}
	return kbtf_object__set_global(object, name, bytes, (size_t)size);
}

int settings__apply(struct kbtf_object *object, const char *const *settings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(settings[i], '=');
		_cleanup_free_ char *name = equals ? strndup(settings[i], equals - settings[i])
						   : NULL;
		int err = name ? apply(object, name, equals + 1) : -EINVAL;

		if (err == -ENOENT)
			log__error("--set %s: the object has no such variable", settings[i]);
		else if (err)
			log__error("--set %s: not NAME=VALUE, or no value of its size", settings[i]);
		if (err)
			return err;
	}
	return 0;
}
