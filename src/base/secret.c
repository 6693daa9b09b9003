/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/keyring.h"
#include "base/log.h"
#include "base/str.h"

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES   crypto_aead_xchacha20poly1305_ietf_ABYTES
#define ID_BYTES    ((size_t)8)

/* OWASP's argon2id: 19 MiB, 2 passes. */
#define HASH_PASSES 2

void secret_init(void)
{
	/* The kernel's generator seeds one of our own (ChaCha20, a state for
	 * each thread, anew behind a fork): a password takes twenty draws. */
	randombytes_set_implementation(&randombytes_internal_implementation);
	pthread_atfork(NULL, NULL, randombytes_stir);
	if (sodium_init() < 0)
		log_fatal("libsodium cannot be used");
}

/* The limit does not hold back a program that core_pattern pipes to. */
void secret_forbid_dumps(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

void secret_random(void *bytes, size_t size)
{
	randombytes_buf(bytes, size);
}

uint32_t secret_random_below(uint32_t bound)
{
	return randombytes_uniform(bound);
}

static char *hex_print(struct mem *mem, const unsigned char *bytes, size_t size)
{
	char *text = mem_alloc(mem, size * 2 + 1);

	sodium_bin2hex(text, size * 2 + 1, bytes, size);
	return text;
}

char *secret_random_hex(struct mem *mem, size_t size)
{
	unsigned char *bytes = mem_alloc(mem, size);

	secret_random(bytes, size);
	return hex_print(mem, bytes, size);
}

/* Nonce, then the sealed text; the key's id stands in front of both. */
char *secret_seal(struct mem *mem, const struct keyring *keyring,
    const char *text, const char *place)
{
	const struct key *key = &keyring->keys[0];
	size_t length = strlen(text);
	size_t size = NONCE_BYTES + length + TAG_BYTES;
	unsigned char *bytes = mem_alloc(mem, size);

	secret_random(bytes, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + NONCE_BYTES, NULL,
	    (const unsigned char *)text, length, (const unsigned char *)place,
	    strlen(place), NULL, bytes, key->bytes);
	return mem_printf(mem, "\\x%s%s", key->id, hex_print(mem, bytes, size));
}

/* The eight bytes behind "\x" name the key; NULL when the file lacks it. */
static const struct key *key_of(const struct keyring *keyring,
    const char *sealed)
{
	char id[2 * ID_BYTES + 1] = "";

	if (!str_starts(sealed, "\\x") || strlen(sealed) < 2 + 2 * ID_BYTES)
		return NULL;
	memcpy(id, sealed + 2, 2 * ID_BYTES);
	return keyring_find(keyring, id);
}

bool secret_has_key(const struct keyring *keyring, const char *sealed)
{
	return key_of(keyring, sealed) != NULL;
}

/* How many bytes the hexadecimal DIGITS are, into BYTES; 0 when they are none.
 * What is read is no secret, so that libsodium's reader, which takes as long
 * for each digit as for any other, is not needed: it takes ten times as long.
 */
static size_t hex_read(unsigned char *bytes, const char *digits)
{
	size_t size = 0;

	for (; digits[0] && digits[1]; digits += 2) {
		int high = str_hex_digit(digits[0]);
		int low = str_hex_digit(digits[1]);
		if (high < 0 || low < 0)
			return 0;
		bytes[size++] = (unsigned char)(high * 16 + low);
	}
	return *digits ? 0 : size;
}

char *secret_open(struct mem *mem, const struct keyring *keyring,
    const char *sealed, const char *place, struct err *err)
{
	size_t hex = strlen(sealed);
	size_t least = 2 + 2 * (ID_BYTES + NONCE_BYTES + TAG_BYTES);

	if (hex < least || !str_starts(sealed, "\\x")) {
		err_set(err, ERR_KEYS, "a sealed text is damaged");
		return NULL;
	}
	const struct key *key = key_of(keyring, sealed);
	if (!key) {
		err_set(err, ERR_KEYS,
		    "sealed with key '%.16s', which the key file does not hold",
		    sealed + 2);
		return NULL;
	}
	unsigned char *bytes = mem_alloc(mem, hex);
	size_t size = hex_read(bytes, sealed + 2 + 2 * ID_BYTES);
	char *text = mem_secret(mem_alloc(mem, hex));
	if (size < NONCE_BYTES + TAG_BYTES ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)text,
	        NULL, NULL, bytes + NONCE_BYTES, size - NONCE_BYTES,
	        (const unsigned char *)place, strlen(place), bytes,
	        key->bytes) < 0) {
		err_set(err, ERR_KEYS,
		    "a sealed text is damaged or in the wrong place");
		return NULL;
	}
	return text;
}

char *secret_password_hash(struct mem *mem, const char *password,
    struct err *err)
{
	char *hash = mem_alloc(mem, crypto_pwhash_STRBYTES);

	if (crypto_pwhash_str_alg(hash, password, strlen(password), HASH_PASSES,
	        SECRET_HASH_MEMORY, crypto_pwhash_ALG_ARGON2ID13) < 0) {
		/* uncovered: only without memory */
		err_set(err, ERR_INTERNAL, "no memory to hash a password");
		return NULL;
	}
	return hash;
}

static char *keyed_hash(struct mem *mem, const struct key *key,
    const char *password)
{
	unsigned char hash[SECRET_HASH_BYTES];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)password,
	    strlen(password), key->bytes, sizeof(key->bytes));
	return mem_printf(mem, "$b2$%s$%s", key->id,
	    hex_print(mem, hash, sizeof(hash)));
}

char *secret_generated_hash(struct mem *mem, const struct keyring *keyring,
    const char *password)
{
	return keyed_hash(mem, &keyring->keys[0], password);
}

static bool generated_matches(const struct keyring *keyring, const char *stored,
    const char *password)
{
	MEM_AUTO mem = mem_new(NULL);
	char *id = mem_text_n(mem, stored + strlen("$b2$"), 16);
	const struct key *key = keyring_find(keyring, id);

	if (!key)
		return false;
	const char *hash = keyed_hash(mem, key, password);
	return secret_same(hash, stored);
}

bool secret_password_matches(const struct keyring *keyring, const char *stored,
    const char *password)
{
	if (str_starts(stored, "$b2$"))
		return generated_matches(keyring, stored, password);
	return crypto_pwhash_str_verify(stored, password, strlen(password)) ==
	       0;
}

char *secret_digest(struct mem *mem, const char *text)
{
	unsigned char hash[SECRET_HASH_BYTES];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)text,
	    strlen(text), NULL, 0);
	return hex_print(mem, hash, sizeof(hash));
}

char *secret_sign(struct mem *mem, const char *key, const char *text)
{
	crypto_auth_hmacsha256_state state;
	unsigned char hash[crypto_auth_hmacsha256_BYTES];

	crypto_auth_hmacsha256_init(&state, (const unsigned char *)key,
	    strlen(key));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)text,
	    strlen(text));
	crypto_auth_hmacsha256_final(&state, hash);
	sodium_memzero(&state, sizeof(state));
	return hex_print(mem, hash, sizeof(hash));
}

char *secret_base64(struct mem *mem, const char *text)
{
	size_t size = sodium_base64_encoded_len(strlen(text),
	    sodium_base64_VARIANT_ORIGINAL);
	char *encoded = mem_secret(mem_alloc(mem, size));

	return sodium_bin2base64(encoded, size, (const unsigned char *)text,
	    strlen(text), sodium_base64_VARIANT_ORIGINAL);
}

bool secret_same(const char *a, const char *b)
{
	return strlen(a) == strlen(b) && sodium_memcmp(a, b, strlen(a)) == 0;
}
