/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
#include "vendor.h"

#include <stdio.h>
#include <string.h>

#define DIGITS "0123456789"
#define REBUILDS_OF_RHEL "rhel centos rocky almalinux ol scientific virtuozzo cloudlinux " \
			 "eurolinux circle miraclelinux navylinux springdale"
#define SUSE "sles sles_sap sled sle_hpc sle-micro suse-microos opensuse opensuse-leap " \
	     "opensuse-tumbleweed opensuse-microos"

/* What the digits behind a mark say of the distribution's release. */
enum digits {
	NOTHING,
	WHOLE,  /* 8: "8" */
	MONTH,  /* 2203: "22.03" */
	ZERO    /* 3: "3.0" */
};

/* Marks in `uname -r` that digits follow; the first that fits counts. */
static const struct {
	const char *before, *after, *distros;
	enum digits digits;
} marks[] = {
	{ ".el", ".elrepo", "", NOTHING }, /* upstream's, packaged by others */
	{ ".el", "uek", "ol", WHOLE },
	{ ".el", ".centos", "centos", WHOLE },
	{ ".el", "", REBUILDS_OF_RHEL, WHOLE },
	{ ".amzn1", "", "amzn", NOTHING },
	{ ".amzn", "", "amzn", WHOLE },
	{ ".fc", "", "fedora", WHOLE },
	{ ".oe2", "", "openEuler", MONTH },
	{ ".oe", "", "openEuler", NOTHING },
	{ ".al", "", "alinux", NOTHING },
	{ ".an", "", "anolis", WHOLE },
	{ ".cm", "", "mariner", ZERO },
	{ ".azl", "", "azurelinux", ZERO },
	{ ".ph", "", "photon", ZERO },
	{ "-arch", "", "arch", NOTHING },
};

/* Marks in `uname -v` (or, with a hyphen, at the end of `uname -r`) without more. */
static const struct {
	const char *text, *distros;
} plain_marks[] = {
	{ "-Alpine ", "alpine" },
	{ " Kali ", "kali" },
	{ "-flatcar", "flatcar" },
};

/* The kernel that an LTS release of Ubuntu began with, and keeps under its plain name. */
static const struct {
	const char *series, *release;
} ubuntu_series[] = {
	{ "4.15.0-", "18.04" }, { "5.4.0-", "20.04" }, { "5.15.0-", "22.04" }, { "6.8.0-", "24.04" },
};

/* Flavours of which that is so: others (oem) carry newer series without saying so. */
static const char ubuntu_flavours[] = " generic lowlatency kvm aws azure gcp oracle ";

static void copy(char *out, size_t size, const char *text, size_t len)
{
	snprintf(out, size, "%.*s", (int)len, text);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* ---- Debian: "#1 SMP Debian 4.19.316-1 (2024-06-25)" -------------------------------- */

/* "deb11u1", "bpo9+1", "+deb13-amd64": what comes last is where it was built for. */
static void read_debian_release(const char *text, char *out, size_t size)
{
	static const char *const words[] = { "deb", "bpo" };
	const char *last = NULL;

	for (size_t i = 0; i < 2; i++)
		for (const char *at = text; (at = strstr(at, words[i])); at += 3)
			if (strspn(at + 3, DIGITS) && (!last || at > last))
				last = at;
	if (last)
		copy(out, size, last + 3, strspn(last + 3, DIGITS));
}

static bool is_debian(const char *kernel_release, const char *kernel_version,
		      struct vendor *vendor)
{
	const char *at = strstr(kernel_version, " Debian ");
	size_t len;

	if (!at)
		return false;
	at += strlen(" Debian ");
	len = strcspn(at, " ");
	/* the rest of the field is where `uname -v` was cut at 64 bytes: so may this be */
	if (at[len])
		copy(vendor->package_version, sizeof(vendor->package_version), at, len);
	if (strstr(at, "+rpt")) {
		vendor->distros = "debian raspbian";
		return true;
	}
	vendor->distros = "debian";
	read_debian_release(kernel_release, vendor->release, sizeof(vendor->release));
	if (!*vendor->release)
		read_debian_release(vendor->package_version, vendor->release,
				    sizeof(vendor->release));
	return true;
}

/* ---- Ubuntu: "#167~18.04.1-Ubuntu SMP Wed May 24 00:51:42 UTC 2023" ------------------- */

/* "5.4.0-150" of "5.4.0-150-generic", and the flavour behind it. */
static size_t abi_length(const char *kernel_release)
{
	size_t len = strcspn(kernel_release, "-");

	if (!kernel_release[len])
		return 0;
	len += 1 + strspn(kernel_release + len + 1, DIGITS);
	return kernel_release[len] == '-' ? len : 0;
}

/* "Ubuntu 5.4.0-150.167~18.04.1-generic 5.4.233", of this very kernel. */
static bool read_signature(const char *signature, const char *kernel_release, size_t abi_len,
			   char *out, size_t size)
{
	const char *flavour = kernel_release + abi_len, *text = signature + strlen("Ubuntu ");
	size_t len, flavour_len = strlen(flavour);

	if (strncmp(signature, "Ubuntu ", strlen("Ubuntu ")) != 0)
		return false;
	len = strcspn(text, " \n");
	if (len <= abi_len + flavour_len || strncmp(text, kernel_release, abi_len) != 0 ||
	    strncmp(text + len - flavour_len, flavour, flavour_len) != 0)
		return false;
	copy(out, size, text, len - flavour_len);
	return true;
}

static void read_ubuntu_release(const char *kernel_release, const char *upload, size_t upload_len,
				const char *flavour, char *out, size_t size)
{
	const char *tilde = memchr(upload, '~', upload_len);
	char word[32];

	if (tilde) {
		/* "~18.04.1": the point release is the upload's own */
		size_t len = strspn(tilde + 1, DIGITS);

		if (tilde[1 + len] == '.')
			copy(out, size, tilde + 1, len + 1 + strspn(tilde + 2 + len, DIGITS));
		return;
	}
	snprintf(word, sizeof(word), " %s ", flavour);
	if (!strstr(ubuntu_flavours, word))
		return;
	for (size_t i = 0; i < sizeof(ubuntu_series) / sizeof(ubuntu_series[0]); i++)
		if (strncmp(kernel_release, ubuntu_series[i].series,
			    strlen(ubuntu_series[i].series)) == 0)
			snprintf(out, size, "%s", ubuntu_series[i].release);
}

static bool is_ubuntu(const char *kernel_release, const char *kernel_version,
		      const char *signature, struct vendor *vendor)
{
	const char *upload = kernel_version + (*kernel_version == '#'), *end = strstr(upload, "-Ubuntu");
	size_t abi_len = abi_length(kernel_release), upload_len;

	if (!end || end != upload + strcspn(upload, "- "))
		return false;
	upload_len = (size_t)(end - upload);
	vendor->distros = "ubuntu";
	if (!abi_len)
		return true;
	read_ubuntu_release(kernel_release, upload, upload_len, kernel_release + abi_len + 1,
			    vendor->release, sizeof(vendor->release));
	if (!read_signature(signature, kernel_release, abi_len, vendor->package_version,
			    sizeof(vendor->package_version)))
		snprintf(vendor->package_version, sizeof(vendor->package_version), "%.*s.%.*s",
			 (int)abi_len, kernel_release, (int)upload_len, upload);
	return true;
}

/* ---- SUSE: "5.3.18-150300.59.106-default", "#1 SMP ... (774239c)" ----------------------- */

static bool ends_with_hash(const char *version)
{
	const char *open = strrchr(version, '(');
	size_t len = open ? strspn(open + 1, DIGITS "abcdef") : 0;

	return len >= 7 && (open[1 + len] == ')' || open[1 + len] == '/');
}

static bool is_suse(const char *kernel_release, const char *kernel_version, struct vendor *vendor)
{
	const char *dash = strchr(kernel_release, '-');
	unsigned int major, minor;

	if (!dash || !ends_with_hash(kernel_version) ||
	    (!ends_with(kernel_release, "-default") && !ends_with(kernel_release, "-azure") &&
	     !ends_with(kernel_release, "-rt") && !ends_with(kernel_release, "-preempt")))
		return false;
	vendor->distros = SUSE;
	/* since 15.3 the package's release begins with it: 150300 */
	if (strspn(dash + 1, DIGITS) == 6 && sscanf(dash + 1, "%2u%2u", &major, &minor) == 2)
		snprintf(vendor->release, sizeof(vendor->release), "%u.%u", major, minor);
	return true;
}

/* ---- the others --------------------------------------------------------------------------- */

static void read_digits(enum digits what, const char *text, size_t len, char *out, size_t size)
{
	switch (what) {
	case NOTHING:
		return;
	case WHOLE:
		copy(out, size, text, len);
		return;
	case MONTH:
		/* the mark took the first digit */
		if (len == 3)
			snprintf(out, size, "2%.1s.%.2s", text, text + 1);
		return;
	case ZERO:
		snprintf(out, size, "%.*s.0", (int)len, text);
		return;
	}
}

static bool has_mark(const char *kernel_release, struct vendor *vendor)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *at = strstr(kernel_release, marks[i].before), *digits;
		size_t len, after;

		if (!at)
			continue;
		digits = at + strlen(marks[i].before);
		len = strspn(digits, DIGITS);
		if (!len && marks[i].before[strlen(marks[i].before) - 1] > '9')
			continue; /* ".elephant" */
		after = strspn(digits + len, "_" DIGITS); /* el8_1 */
		if (*marks[i].after && !strstr(digits + len + after, marks[i].after))
			continue;
		vendor->distros = marks[i].distros;
		read_digits(marks[i].digits, digits, len, vendor->release, sizeof(vendor->release));
		return true;
	}
	return false;
}

void vendor__of(const char *kernel_release, const char *kernel_version, const char *signature,
		struct vendor *vendor)
{
	*vendor = (struct vendor){ .distros = "" };
	if (is_debian(kernel_release, kernel_version, vendor) ||
	    is_ubuntu(kernel_release, kernel_version, signature, vendor) ||
	    has_mark(kernel_release, vendor) || is_suse(kernel_release, kernel_version, vendor))
		return;
	for (size_t i = 0; i < sizeof(plain_marks) / sizeof(plain_marks[0]); i++)
		if (strstr(kernel_version, plain_marks[i].text) ||
		    ends_with(kernel_release, plain_marks[i].text))
			vendor->distros = plain_marks[i].distros;
}

/* ---- what it means for os-release ------------------------------------------------------------ */

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at++)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

bool vendor__allows(const struct vendor *vendor, const char *distro, const char *distro_release)
{
	size_t len = strlen(vendor->release);

	if (!*vendor->distros)
		return true;
	if (!*distro || !has_word(vendor->distros, distro))
		return false;
	/* "8" allows "8" and "8.1"; Debian's testing has none */
	return !len || !*distro_release ||
	       (strncmp(distro_release, vendor->release, len) == 0 &&
		(!distro_release[len] || distro_release[len] == '.'));
}

const char *vendor__only(const struct vendor *vendor)
{
	return *vendor->distros && !strchr(vendor->distros, ' ') ? vendor->distros : NULL;
}
