/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What LINUX_KERNEL_VERSION is on kernels, by what they are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel_versions.h"

static const struct row {
	const char *distro, *release, *version;
	struct kernel_versions versions;
} rows[] = {
	{ "rhel", "4.18.0-193.el8.x86_64", "#1 SMP Fri Mar 27 14:35:58 UTC 2020", { 0x041200, 0x041200 } },
	{ "fedora", "5.8.15-301.fc33.x86_64", "", { 0x05080f, 0x05080f } },
	/* Debian's name has the ABI's number */
	{ "debian", "4.19.0-9-amd64", "#1 SMP Debian 4.19.118-2 (2020-04-29)", { 0x041376, 0x041376 } },
	{ "debian", "6.1.0-18-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)", { 0x06014c, 0x06014c } },
	{ "", "4.9.0-12-amd64", "#1 SMP Debian 4.9.258-1 (2021-03-08)", { 0x0409ff, 0x0409ff } },
	{ "debian", "6.12.9+deb13-amd64", "", { 0x060c09, 0x060c09 } },
	{ "debian", "4.19.0-9-amd64", "", { 0x041300, 0x0413ff } },
	{ "debian", "7.0-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 7.0-1", { 0, KERNEL_VERSIONS_MAX } },
	/* and Ubuntu's last number is always 0 */
	{ "ubuntu", "5.4.0-12-generic", "#15-Ubuntu SMP Tue Jan 21 15:12:29 UTC 2020", { 0x050400, 0x0504ff } },
	{ "", "5.4.0-12-generic", "#15~18.04.1-Ubuntu SMP Tue Jan 21 15:12:29 UTC 2020", { 0x050400, 0x0504ff } },
	{ "ubuntu", "5.4.0-12-generic", "", { 0x050400, 0x0504ff } },
	{ "", "5.4.0-12-generic", "", { 0x050400, 0x0504ff } },
	{ "", "5.4.8", "", { 0x050408, 0x050408 } },
	/* eight bits of it are left */
	{ "amzn", "4.14.336-257.562.amzn2.x86_64", "#1 SMP", { 0x040eff, 0x040eff } },
	{ "", "next", "", { 0, KERNEL_VERSIONS_MAX } },
	{ "", "6.1", "", { 0, KERNEL_VERSIONS_MAX } },
	{ "", "", "", { 0, KERNEL_VERSIONS_MAX } },
};

static void versions_are_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kbtf_ident ident = {
			.distro = rows[i].distro, .kernel_release = rows[i].release,
			.kernel_version = rows[i].version,
		};
		struct kernel_versions versions = kernel_versions__of(&ident);

		if (versions.from != rows[i].versions.from || versions.to != rows[i].versions.to)
			fail_msg("%s %s: %x to %x", rows[i].release, rows[i].version, versions.from,
				 versions.to);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
