/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "source/key_packets.h"

#include <string.h>

#include "base/rpm_header.h"
#include "base/sha256.h"

#define TAG_PUBLIC_KEY 6
#define KEY_VERSION 4
#define FINGERPRINT_SIZE 20
/* OpenPGP's number */
#define SHA1 2

struct packet {
	unsigned int tag;
	const uint8_t *body;
	size_t len;
};

static bool take(const uint8_t **at, size_t *left, size_t count, size_t *value)
{
	if (*left < count)
		return false;
	for (*value = 0; count; count--, (*left)--)
		*value = *value << 8 | *(*at)++;
	return true;
}

static bool take_old_length(const uint8_t **at, size_t *left, unsigned int kind, size_t *len)
{
	return kind < 3 && take(at, left, (size_t)1 << kind, len);
}

static bool take_new_length(const uint8_t **at, size_t *left, size_t *len)
{
	size_t second;

	if (!take(at, left, 1, len))
		return false;
	if (*len < 192)
		return true;
	if (*len == 255)
		return take(at, left, 4, len);
	if (*len >= 224 || !take(at, left, 1, &second))
		return false;
	*len = ((*len - 192) << 8) + second + 192;
	return true;
}

/* False at the end, or where the rest can't be read. */
static bool next_packet(const uint8_t **at, size_t *left, struct packet *packet)
{
	size_t header;

	if (!take(at, left, 1, &header) || !(header & 0x80))
		return false;
	if (header & 0x40) {
		packet->tag = header & 0x3f;
		if (!take_new_length(at, left, &packet->len))
			return false;
	} else {
		packet->tag = header >> 2 & 0xf;
		if (!take_old_length(at, left, header & 3, &packet->len))
			return false;
	}
	if (packet->len > *left)
		return false;
	packet->body = *at;
	*at += packet->len;
	*left -= packet->len;
	return true;
}

static bool has_fingerprint(const struct packet *packet, const struct rpm_file *fingerprint)
{
	const uint8_t intro[] = { 0x99, packet->len >> 8 & 0xff, packet->len & 0xff };
	struct rpm_digest *digest;
	bool has;

	if (!packet->len || packet->len > UINT16_MAX || packet->body[0] != KEY_VERSION)
		return false;
	digest = rpm_digest__new(fingerprint);
	if (!digest)
		return false;
	rpm_digest__update(digest, intro, sizeof(intro));
	rpm_digest__update(digest, packet->body, packet->len);
	has = rpm_digest__matches(digest);
	rpm_digest__free(digest);
	return has;
}

bool key_packets__have(const uint8_t *keys, size_t size, const char *fingerprint)
{
	struct rpm_file wanted = { .digest_algorithm = SHA1, .digest_len = FINGERPRINT_SIZE };
	struct packet packet;

	if (strlen(fingerprint) != 2 * FINGERPRINT_SIZE ||
	    !hex__decode(fingerprint, wanted.digest, FINGERPRINT_SIZE))
		return false;
	while (next_packet(&keys, &size, &packet))
		if (packet.tag == TAG_PUBLIC_KEY && has_fingerprint(&packet, &wanted))
			return true;
	return false;
}
