/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "ident.h"

#include <errno.h>
#include <string.h>

int versioned__copy(void *out, size_t own, const void *in)
{
	size_t given;

	memcpy(&given, in, sizeof(given));
	if (given < sizeof(given))
		return -EINVAL;
	for (size_t i = own; i < given; i++)
		if (((const uint8_t *)in)[i])
			return -E2BIG;
	memset(out, 0, own);
	memcpy(out, in, given < own ? given : own);
	memcpy(out, &own, sizeof(own));
	return 0;
}

int ident__normalize(const struct kbtf_ident *in, struct kbtf_ident *out)
{
	const char **strings[] = { &out->distro, &out->distro_release, &out->arch,
				   &out->kernel_release, &out->kernel_version };
	int err = versioned__copy(out, sizeof(*out), in);

	if (err)
		return err;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if (!*strings[i])
			*strings[i] = "";
	if (out->build_id_len > KBTF_BUILD_ID_MAX || (out->build_id_len && !out->build_id) ||
	    (out->build_id_short && !out->build_id_len))
		return -EINVAL;
	return 0;
}

int ident__normalize_host(const struct kbtf_ident *in, const struct kbtf_select_opts *opts_in,
			  struct kbtf_ident *out, struct kbtf_select_opts *opts)
{
	int err = ident__normalize(in, out);

	*opts = (struct kbtf_select_opts){};
	if (!err && opts_in)
		err = versioned__copy(opts, sizeof(*opts), opts_in);
	if (!opts->package_version)
		opts->package_version = "";
	return err;
}

int build_id__compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t both = a_len < b_len ? a_len : b_len;
	int order = both ? memcmp(a, b, both) : 0;

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* An archive has each text once. */
static inline int compare_texts(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

int ident__compare(const struct kbtf_ident *a, const struct kbtf_ident *b)
{
	int order;

	if ((order = compare_texts(a->distro, b->distro)) ||
	    (order = strverscmp(a->distro_release, b->distro_release)) ||
	    (order = compare_texts(a->arch, b->arch)) ||
	    (order = strverscmp(a->kernel_release, b->kernel_release)) ||
	    (order = compare_texts(a->kernel_version, b->kernel_version)))
		return order;
	order = build_id__compare(a->build_id, a->build_id_len, b->build_id, b->build_id_len);
	return order ? order : a->build_id_short - b->build_id_short;
}

bool ident__same_build(const struct kbtf_ident *a, const struct kbtf_ident *b)
{
	size_t a_len = a->build_id_len, b_len = b->build_id_len;

	if (!a_len || !b_len)
		return false;
	if (a->build_id_short || b->build_id_short) {
		/* of thousands, two may begin alike; a machine's architecture may be unknown */
		if (strcmp(a->kernel_release, b->kernel_release) != 0 ||
		    (*a->arch && *b->arch && strcmp(a->arch, b->arch) != 0))
			return false;
		if (b->build_id_short && b_len < a_len)
			a_len = b_len;
		if (a->build_id_short && a_len < b_len)
			b_len = a_len;
	}
	return build_id__compare(a->build_id, a_len, b->build_id, b_len) == 0;
}

static bool unknown_or_same(const char *vague, const char *exact)
{
	return !*vague || strcmp(vague, exact) == 0;
}

bool distro_release__has(const char *host, const char *entry)
{
	size_t len = strlen(entry);

	if (strcmp(host, entry) == 0)
		return true;
	return len && !strchr(entry, '.') && strncmp(host, entry, len) == 0 && host[len] == '.';
}

bool ident__gives_way(const struct kbtf_ident *vague, const struct kbtf_ident *exact)
{
	return !vague->build_id_len && exact->build_id_len &&
	       strcmp(vague->arch, exact->arch) == 0 &&
	       strcmp(vague->kernel_release, exact->kernel_release) == 0 &&
	       unknown_or_same(vague->distro, exact->distro) &&
	       unknown_or_same(vague->distro_release, exact->distro_release) &&
	       unknown_or_same(vague->kernel_version, exact->kernel_version);
}

bool text__is_clean(const char *text, bool newlines)
{
	for (; text && *text; text++) {
		unsigned char c = *text;

		if ((c < 0x20 && !(newlines && c == '\n')) || c == 0x7f)
			return false;
	}
	return true;
}
