# SPDX-License-Identifier: MIT
# packages.sh - the Debian packages that usher needs, for contrib/install.
# The only such list: README and CI go through it. Sourced, not run.
# shellcheck shell=bash disable=SC2034

# To build, and to link the unit tests.
build_packages=(
	gcc make autoconf automake libtool autoconf-archive pkg-config
	libpq-dev libcurl4-openssl-dev libesmtp-dev libpcre2-dev libcjson-dev
	libsodium-dev libssl-dev libtalloc-dev libconfuse-dev libidn2-dev
	libmicrohttpd-dev
	libcriterion-dev
)

# For `usher dev`: the server's programs, no cluster.
dev_packages=(postgresql)

# Real peers for the integration tests, and AWS's clients.
test_packages=(
	postgresql postfix libsasl2-modules sasl2-bin kannel kannel-extras
	mandoc python3 python3-boto3 awscli faketime nodejs npm
)

# Who has these programs, from wherever, does not need the packages.
programs_suffice="nodejs npm"

# The floors of make bench, on top of the above.
bench_packages=(nginx-light wrk)

# What .ci/run uses on top.
ci_packages=(
	clang clang-format clang-tidy libclang-rt-14-dev pmccabe shellcheck
	gcovr debootstrap ca-certificates git
)
