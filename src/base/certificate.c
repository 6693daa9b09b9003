/* SPDX-License-Identifier: MIT */
#include "base/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "base/file.h"

#define PEM_MOST ((size_t)256 * 1024)

static void let_go_bio(void *bio)
{
	BIO_free(bio);
}

static void let_go_x509(void *x509)
{
	X509_free(x509);
}

static void let_go_key(void *key)
{
	EVP_PKEY_free(key);
}

/* Else a terminal would be asked for a passphrase; the signature is
 * OpenSSL's. */
/* NOLINTNEXTLINE(readability-non-const-parameter) */
static int no_passphrase(char *into, int room, int writing, void *context)
{
	(void)into;
	(void)room;
	(void)writing;
	(void)context;
	return -1;
}

static BIO *open_text(struct mem *mem, const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, (int)strlen(text));

	mem_defer(mem, let_go_bio, bio);
	return bio;
}

static int64_t end_of(const X509 *x509)
{
	struct tm parts = { 0 };

	return ASN1_TIME_to_tm(X509_get0_notAfter(x509), &parts)
	           ? (int64_t)timegm(&parts) * 1000
	           : 0;
}

/* Clients would be told of it, one by one; and by libmicrohttpd, in no words
 * at all. */
static bool check(const struct config *config, struct certificate *certificate,
    struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);
	X509 *x509 = PEM_read_bio_X509(open_text(mem, certificate->chain), NULL,
	    no_passphrase, NULL);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(
	    open_text(mem, certificate->key), NULL, no_passphrase, NULL);

	mem_defer(mem, let_go_x509, x509);
	mem_defer(mem, let_go_key, key);
	ERR_clear_error();
	if (!x509)
		return err_set(err, ERR_CONFIG,
		    "listen_cert_file: '%.200s' holds no PEM certificate",
		    config->listen_cert_file);
	if (!key)
		return err_set(err, ERR_CONFIG,
		    "listen_key_file: '%.200s' holds no PEM key without a "
		    "passphrase",
		    config->listen_key_file);
	if (X509_check_private_key(x509, key) != 1) {
		ERR_clear_error();
		return err_set(err, ERR_CONFIG,
		    "listen_key_file: '%.200s' is not the key of the first "
		    "certificate in '%.200s'",
		    config->listen_key_file, config->listen_cert_file);
	}
	certificate->until_ms = end_of(x509);
	return true;
}

static char *read_pem(struct mem *mem, const char *setting, const char *path,
    struct err *err)
{
	char *text = file_read(mem, path, PEM_MOST, err);

	if (!text) {
		const char *words = mem_text(mem, err->message);
		err_set(err, ERR_CONFIG, "%s: %s", setting, words);
	}
	return text;
}

bool certificate_read(struct mem *mem, const struct config *config,
    struct certificate *certificate, struct err *err)
{
	const char *cert_file = config->listen_cert_file;
	const char *key_file = config->listen_key_file;

	*certificate = (struct certificate){ 0 };
	if (!*cert_file && !*key_file)
		return true;
	if (!*cert_file || !*key_file)
		return err_set(err, ERR_CONFIG,
		    "listen_cert_file and listen_key_file: one is set, both "
		    "are needed");
	certificate->chain = read_pem(mem, "listen_cert_file", cert_file, err);
	if (!certificate->chain)
		return false;
	char *key = read_pem(mem, "listen_key_file", key_file, err);
	if (!key)
		return false;
	certificate->key = mem_secret(key);
	return check(config, certificate, err);
}
