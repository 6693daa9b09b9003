/* SPDX-License-Identifier: MIT */
#include "account/start.h"

#include <string.h>
#include <unistd.h>

#include "account/keys.h"
#include "base/config.h"
#include "base/keyring.h"
#include "base/log.h"
#include "db/db.h"
#include "db/migrate.h"

static void set_log_level(const char *name)
{
	static const char *const names[] = { "error", "warning", "info",
		"debug" };

	for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
		if (strcmp(names[level], name) == 0)
			log_set_level((enum log_level)level);
}

bool start_config(struct mem *mem, const char *path, struct engine *engine,
    struct err *err)
{
	engine->config = config_read(mem, path, err);
	if (engine->config)
		set_log_level(engine->config->log_level);
	return engine->config != NULL;
}

bool start_keys(struct mem *mem, struct engine *engine, struct err *err)
{
	engine->keyring = keyring_read(mem, engine->config->key_file, err);
	if (!engine->keyring && !engine->config->path &&
	    access(engine->config->key_file, F_OK) < 0)
		return err_set(err, ERR_CONFIG,
		    "there is no settings file: neither --config nor "
		    "USHER_CONFIG names one, and /etc/usher/usher.conf is not "
		    "there; usher.conf(5) tells what to write, 'usher dev' "
		    "needs none");
	return engine->keyring != NULL;
}

bool start_database(struct work *work, const struct engine *engine)
{
	work->db =
	    db_open(work->mem, engine->config->database, work->tag, &work->err);
	return work->db && migrate_check(work) &&
	       (!engine->keyring || keys_check(work, engine->keyring));
}

char *start_program(struct mem *mem, const char *name, const char *folder)
{
	char self[4096] = "";
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = length > 0 ? strrchr(self, '/') : NULL;

	if (slash) {
		*slash = '\0';
		char *beside = mem_printf(mem, "%s/%s", self, name);
		if (access(beside, X_OK) == 0)
			return beside;
	}
	return mem_printf(mem, "%s/%s", folder, name);
}
