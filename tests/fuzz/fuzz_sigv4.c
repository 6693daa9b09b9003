/* SPDX-License-Identifier: MIT */
/* A request: its first line "METHOD PATH QUERY", header lines, an empty line,
 * the body. */
#include <string.h>

#include "api/sigv4.h"
#include "fuzz.h"

#define HEADERS_MOST 64
#define NOW_MS       INT64_C(1767323045000) /* 2026-01-02 03:04:05 */

static const struct sigv4_scope scope = { "us-east-1", "cognito-idp", NOW_MS };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	MEM_AUTO mem = mem_new(NULL);
	char *text = fuzz_text(mem, bytes, size);
	char *line = strsep(&text, "\n");
	const char *headers[HEADERS_MOST + 1] = { NULL };
	struct listener_request request = { .headers = headers, .body = "" };
	struct sigv4_claim claim;
	unsigned char key[SIGV4_KEY_BYTES];
	struct err err = { 0 };

	request.method = strsep(&line, " ");
	request.path = line ? strsep(&line, " ") : "";
	request.query = line;
	for (size_t i = 0; i < HEADERS_MOST; i++) {
		line = strsep(&text, "\n");
		if (!line || !*line)
			break;
		/* As the listener makes them. */
		if (strstr(line, ": "))
			headers[i] = line;
		else
			headers[i] = mem_printf(mem, "%s: ", line);
	}
	if (text)
		request.body = text;
	bool good = sigv4_read(mem, &request, &scope, &claim, &err);
	MUST(good == !err.code);
	if (!good)
		return 0;
	MUST(claim.access_key && *claim.signed_headers && *claim.signature);
	MUST(strlen(claim.date) == 8 && strcmp(claim.region, "us-east-1") == 0);
	sigv4_derive("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &claim, key);
	good = sigv4_check(mem, &request, &claim, key, &err);
	MUST(good == !err.code);
	return 0;
}
