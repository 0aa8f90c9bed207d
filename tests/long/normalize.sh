#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# All kernels of BTFGEN_TEST_DATA: see tests/check/normalize.sh.
NORMALIZE_ALL=yes exec "$(dirname "$0")/../check/normalize.sh"
