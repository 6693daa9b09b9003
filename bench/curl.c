/* SPDX-License-Identifier: MIT */
/*
 * curl URL FILE COUNT CONNECTIONS - posts what FILE holds COUNT times over so
 * many connections by libcurl's multi interface and nothing else: the floor
 * of the text lane.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#define BODY_MOST 65536

struct post {
	CURLM *multi;
	struct curl_slist *headers;
	const char *url;
	const char *body;
	long left; /* not begun yet */
	long open; /* begun, not answered */
	long bad;  /* not answered by 200 */
};

static size_t drop(char *bytes, size_t size, size_t count, void *argument)
{
	(void)bytes;
	(void)argument;
	return size * count;
}

static void begin(struct post *post)
{
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_URL, post->url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
	curl_multi_add_handle(post->multi, easy);
	post->left--;
	post->open++;
}

/* The handle goes on with the next body while one is left. */
static void finish(struct post *post, const CURLMsg *message)
{
	CURL *easy = message->easy_handle;
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	post->bad += message->data.result != CURLE_OK || status != 200;
	curl_multi_remove_handle(post->multi, easy);
	if (post->left > 0) {
		curl_multi_add_handle(post->multi, easy);
		post->left--;
		return;
	}
	curl_easy_cleanup(easy);
	post->open--;
}

static void run(struct post *post)
{
	int running;
	int queued;

	while (post->open) {
		CURLMsg *message;
		curl_multi_perform(post->multi, &running);
		while ((message = curl_multi_info_read(post->multi, &queued)))
			finish(post, message);
		curl_multi_poll(post->multi, NULL, 0, 100, NULL);
	}
}

static const char *read_body(const char *path, char body[BODY_MOST])
{
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(body, 1, BODY_MOST - 1, file) : 0;

	if (file)
		fclose(file);
	body[length] = '\0';
	return length ? body : NULL;
}

int main(int argc, char **argv)
{
	static char body[BODY_MOST];
	struct post post = { 0 };

	if (argc != 5 || !read_body(argv[2], body)) {
		fputs("usage: curl URL FILE COUNT CONNECTIONS\n", stderr);
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	post.multi = curl_multi_init();
	post.headers = curl_slist_append(NULL, "Expect:");
	post.headers =
	    curl_slist_append(post.headers, "Content-Type: application/json");
	post.url = argv[1];
	post.body = body;
	post.left = strtol(argv[3], NULL, 10);
	for (long i = strtol(argv[4], NULL, 10); i > 0; i--)
		begin(&post);
	run(&post);
	if (post.bad)
		fprintf(stderr, "curl: %ld were refused\n", post.bad);
	return post.bad > 0;
}
