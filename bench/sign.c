/* SPDX-License-Identifier: MIT */
/*
 * sign HOST KEY SECRET OPERATION - signs requests of the API: each line that it
 * reads is a body, of which it prints the whole request with its length, eight
 * digits, in front.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SERVICE "us-east-1/cognito-idp/aws4_request"
#define TARGET  "AWSCognitoIdentityProviderService."
#define SIGNED  "content-type;host;x-amz-date;x-amz-target"
#define TYPE    "application/x-amz-json-1.1"
#define MOST    1024 /* bytes of a body */

struct signer {
	const char *host;
	const char *key;
	const char *secret;
	const char *operation;
	char time[32];
	unsigned char signing[32];
};

static void hmac(const void *key, size_t length, const char *text,
    unsigned char *out)
{
	unsigned size = 32;

	HMAC(EVP_sha256(), key, (int)length, (const unsigned char *)text,
	    strlen(text), out, &size);
}

static void hex(const unsigned char *bytes, char *out)
{
	for (int i = 0; i < 32; i++)
		snprintf(out + (size_t)i * 2, 3, "%02x", bytes[i]);
}

static void digest(const char *text, char *out)
{
	unsigned char bytes[32];
	unsigned size = 32;

	EVP_Digest(text, strlen(text), bytes, &size, EVP_sha256(), NULL);
	hex(bytes, out);
}

static void derive(struct signer *signer)
{
	char first[128];
	char date[9] = "";
	time_t now = time(NULL);
	struct tm parts;

	gmtime_r(&now, &parts);
	strftime(signer->time, sizeof(signer->time), "%Y%m%dT%H%M%SZ", &parts);
	memcpy(date, signer->time, 8);
	snprintf(first, sizeof(first), "AWS4%s", signer->secret);
	hmac(first, strlen(first), date, signer->signing);
	hmac(signer->signing, 32, "us-east-1", signer->signing);
	hmac(signer->signing, 32, "cognito-idp", signer->signing);
	hmac(signer->signing, 32, "aws4_request", signer->signing);
}

static void sign(const struct signer *signer, const char *body, char *signature)
{
	char text[2048];
	char hash[65];
	unsigned char bytes[32];

	digest(body, hash);
	snprintf(text, sizeof(text),
	    "POST\n/\n\ncontent-type:" TYPE "\nhost:%s\nx-amz-date:%s\n"
	    "x-amz-target:" TARGET "%s\n\n" SIGNED "\n%s",
	    signer->host, signer->time, signer->operation, hash);
	digest(text, hash);
	snprintf(text, sizeof(text),
	    "AWS4-HMAC-SHA256\n%s\n%.8s/" SERVICE "\n%s", signer->time,
	    signer->time, hash);
	hmac(signer->signing, 32, text, bytes);
	hex(bytes, signature);
}

static void print_request(const struct signer *signer, const char *body,
    long number)
{
	char signature[65];
	char request[2048];

	sign(signer, body, signature);
	int length = snprintf(request, sizeof(request),
	    "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: " TYPE "\r\n"
	    "X-Amz-Target: " TARGET "%s\r\nX-Amz-Date: %s\r\n"
	    "amz-sdk-invocation-id: 95be6a3f-7df9-4c97-a516-%012ld\r\n"
	    "amz-sdk-request: attempt=1\r\n"
	    "Authorization: AWS4-HMAC-SHA256 Credential=%s/%.8s/" SERVICE
	    ", SignedHeaders=" SIGNED ", Signature=%s\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    signer->host, signer->operation, signer->time, number, signer->key,
	    signer->time, signature, strlen(body), body);
	printf("%08d%s", length, request);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char body[MOST];

	if (argc != 5) {
		fputs("usage: sign HOST KEY SECRET OPERATION\n", stderr);
		return 2;
	}
	struct signer signer = { .host = argv[1],
		.key = argv[2],
		.secret = argv[3],
		.operation = argv[4] };
	derive(&signer);
	for (long i = 0; fgets(body, sizeof(body), stdin); i++) {
		body[strcspn(body, "\n")] = '\0';
		print_request(&signer, body, i);
	}
	return 0;
}
