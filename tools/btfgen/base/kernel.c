/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "base/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/release.h"
#include "base/sha256.h"
#include "base/words.h"

char *package__url_at(const struct package *package, size_t n)
{
	for (size_t i = 0; package->bases && package->bases[i]; i++) {
		const char *base = package->bases[i];
		char *url;

		if (strlen(base) == package->base_len &&
		    memcmp(base, package->url, package->base_len) == 0)
			continue;
		if (n--)
			continue;
		if (asprintf(&url, "%s%s", base, package->url + package->base_len) >= 0)
			return url;
		errno = ENOMEM;
		return NULL;
	}
	errno = ENOENT;
	return NULL;
}

void package__free(struct package *package)
{
	free(package->name);
	free(package->version);
	free(package->url);
	free(package->sha256);
	free(package->member);
	free(package->verified_by);
	words__free(package->keyrings);
	words__free(package->keys);
	free(package->client_certificate);
	free(package->client_key);
	free(package->ca_file);
	*package = (struct package){ 0 };
}

void kernel__free(struct kernel *kernel)
{
	free(kernel->distro);
	free(kernel->distro_release);
	free(kernel->codename);
	free(kernel->suite);
	free(kernel->arch);
	free(kernel->kernel_release);
	package__free(&kernel->debug);
	package__free(&kernel->image);
	*kernel = (struct kernel){ 0 };
}

const char *kernel__version(const struct kernel *kernel)
{
	return kernel->debug.version ? kernel->debug.version : kernel->image.version;
}

char *kernel__key(const struct kernel *kernel)
{
	const char *version = kernel__version(kernel);
	char *key;

	if (asprintf(&key, "%s/%s/%s/%s/%s", kernel->distro, kernel->distro_release, kernel->arch,
		     kernel->kernel_release, version ? version : "") < 0)
		return NULL;
	return key;
}

int kernel__number(const struct kernel *kernel, uint64_t *number)
{
	_cleanup_free_ char *key = kernel__key(kernel);
	uint8_t digest[SHA256_SIZE];

	if (!key)
		return -ENOMEM;
	sha256__of(key, strlen(key), digest);
	*number = 0;
	for (size_t i = 0; i < sizeof(*number); i++)
		*number = *number << 8 | digest[i];
	return 0;
}

int kernel_list__add(struct kernel_list *list, struct kernel *kernel)
{
	if (list->count == list->cap) {
		size_t cap = list->cap ? 2 * list->cap : 64;
		struct kernel *items = reallocarray(list->items, cap, sizeof(*items));

		if (!items) {
			kernel__free(kernel);
			return -ENOMEM;
		}
		list->items = items;
		list->cap = cap;
	}
	list->items[list->count++] = *kernel;
	*kernel = (struct kernel){ 0 };
	return 0;
}

void kernel_list__free(struct kernel_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		kernel__free(&list->items[i]);
	free(list->items);
	*list = (struct kernel_list){ 0 };
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* Versions may compare alike and differ ("1.0" and "1.00"): the text settles it then. */
static int compare_versions(const char *a, const char *b)
{
	int order = version__compare(a ? a : "", b ? b : "");

	return order ? order : compare_text(a, b);
}

/* The same in rpm's order: in dpkg's, 147.el8 is after 147.0.3.el8_1. */
static int compare_releases(const char *a, const char *b)
{
	int order = release__compare(a ? a : "", b ? b : "");

	return order ? order : compare_text(a, b);
}

/* 0 for what is one kernel. */
static int compare_identity(const struct kernel *a, const struct kernel *b)
{
	int order;

	if ((order = compare_text(a->distro, b->distro)))
		return order;
	if ((order = compare_versions(a->distro_release, b->distro_release)))
		return order;
	if ((order = compare_text(a->arch, b->arch)))
		return order;
	if ((order = compare_releases(a->kernel_release, b->kernel_release)))
		return order;
	return compare_versions(kernel__version(a), kernel__version(b));
}

/* An index that is signed names it by digest, or a key must have signed it. */
static bool is_vouched_for(const struct package *package)
{
	return package->name && (package->verification != KBTF_UNVERIFIED || package->keyrings);
}

static int vouched_packages(const struct kernel *kernel)
{
	return is_vouched_for(&kernel->debug) + is_vouched_for(&kernel->image);
}

/*
 * qsort(3) is not stable, and the order in which indexes arrive must not show: where a
 * kernel was found settles what its identity leaves open.
 */
static int compare_kernels(const void *left, const void *right)
{
	const struct kernel *a = left, *b = right;
	int order = compare_identity(a, b);

	if (order || (order = vouched_packages(b) - vouched_packages(a)))
		return order;
	if ((order = compare_text(a->codename, b->codename)))
		return order;
	if ((order = compare_text(a->suite, b->suite)))
		return order;
	if ((order = compare_text(a->debug.url, b->debug.url)))
		return order;
	return compare_text(a->image.url, b->image.url);
}

static void take_package(struct package *into, struct package *from)
{
	if (into->name && (is_vouched_for(into) || !is_vouched_for(from)))
		return;
	package__free(into);
	*into = *from;
	*from = (struct package){ 0 };
}

void kernel_list__sort(struct kernel_list *list)
{
	size_t kept = 0;

	if (list->count < 2)
		return;
	qsort(list->items, list->count, sizeof(*list->items), compare_kernels);
	for (size_t i = 1; i < list->count; i++) {
		struct kernel *last = &list->items[kept], *next = &list->items[i];

		if (compare_identity(last, next)) {
			list->items[++kept] = *next;
			continue;
		}
		take_package(&last->debug, &next->debug);
		take_package(&last->image, &next->image);
		kernel__free(next);
	}
	list->count = kept + 1;
}

/* ---- versions, as deb-version(7) orders them ------------------------------------ */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* '~' before the end, the end before letters, letters before all else. */
static int rank(char c)
{
	if (c == '~')
		return -1;
	if (c == '\0' || is_digit(c))
		return 0;
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return c;
	return (unsigned char)c + 256;
}

static char at(const char *text, size_t len, size_t pos)
{
	return pos < len ? text[pos] : '\0';
}

static size_t digits(const char *text, size_t len, size_t pos)
{
	size_t count = 0;

	while (is_digit(at(text, len, pos + count)))
		count++;
	return count;
}

/* Numbers of any length, so by length without leading zeroes, then by digits. */
static int compare_numbers(const char *a, size_t a_len, const char *b, size_t b_len)
{
	while (a_len && *a == '0')
		a++, a_len--;
	while (b_len && *b == '0')
		b++, b_len--;
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return memcmp(a, b, a_len);
}

static int compare_parts(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t i = 0, j = 0;

	while (i < a_len || j < b_len) {
		size_t a_digits, b_digits;
		int order;

		while ((i < a_len && !is_digit(a[i])) || (j < b_len && !is_digit(b[j]))) {
			order = rank(at(a, a_len, i)) - rank(at(b, b_len, j));
			if (order)
				return order;
			i++, j++;
		}
		a_digits = digits(a, a_len, i);
		b_digits = digits(b, b_len, j);
		order = compare_numbers(a + i, a_digits, b + j, b_digits);
		if (order)
			return order;
		i += a_digits;
		j += b_digits;
	}
	return 0;
}

struct version {
	const char *epoch, *upstream, *revision;
	size_t epoch_len, upstream_len, revision_len;
};

/* [epoch:]upstream[-revision]; what stands before ':' is an epoch only if all digits. */
static struct version split_version(const char *text)
{
	struct version version = { .epoch = text };
	size_t epoch_len = strspn(text, "0123456789");
	const char *dash;

	if (epoch_len && text[epoch_len] == ':') {
		version.epoch_len = epoch_len;
		text += epoch_len + 1;
	}
	version.upstream = text;
	version.upstream_len = strlen(text);
	version.revision = text + version.upstream_len;
	dash = strrchr(text, '-');
	if (dash) {
		version.upstream_len = (size_t)(dash - text);
		version.revision = dash + 1;
		version.revision_len = strlen(dash + 1);
	}
	return version;
}

int version__compare(const char *a, const char *b)
{
	struct version x = split_version(a), y = split_version(b);
	int order = compare_numbers(x.epoch, x.epoch_len, y.epoch, y.epoch_len);

	if (!order)
		order = compare_parts(x.upstream, x.upstream_len, y.upstream, y.upstream_len);
	if (!order)
		order = compare_parts(x.revision, x.revision_len, y.revision, y.revision_len);
	return order < 0 ? -1 : order > 0;
}
