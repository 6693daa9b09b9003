/* SPDX-License-Identifier: MIT */
/*
 * engine - what the account engine works with besides a unit of work.
 */
#ifndef ACCOUNT_ENGINE_H
#define ACCOUNT_ENGINE_H

struct config;
struct hooks;
struct keyring;

struct engine {
	const struct config *config;
	const struct keyring *keyring;
	const struct hooks *hooks; /* hooks_read(); NULL: none */
};

#endif
