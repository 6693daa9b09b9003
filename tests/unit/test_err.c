/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "scratch.h"

/* The API's contract by hand: a slip in err_codes.def shows here. */
static const struct {
	enum err_code code;
	const char *name;
	int exit_status;
} expected[] = {
	{ ERR_NONE, "", 0 },
	{ ERR_USAGE, "UsageError", 2 },
	{ ERR_RESOURCE_NOT_FOUND, "ResourceNotFoundException", 3 },
	{ ERR_USER_NOT_FOUND, "UserNotFoundException", 3 },
	{ ERR_INVALID_PARAMETER, "InvalidParameterException", 4 },
	{ ERR_INVALID_PASSWORD, "InvalidPasswordException", 4 },
	{ ERR_SERIALIZATION, "SerializationException", 4 },
	{ ERR_USERNAME_EXISTS, "UsernameExistsException", 5 },
	{ ERR_ALIAS_EXISTS, "AliasExistsException", 5 },
	{ ERR_GROUP_EXISTS, "GroupExistsException", 5 },
	{ ERR_UNSUPPORTED_STATE, "UnsupportedUserStateException", 5 },
	{ ERR_NOT_AUTHORIZED, "NotAuthorizedException", 5 },
	{ ERR_LIMIT_EXCEEDED, "LimitExceededException", 5 },
	{ ERR_TOO_MANY_REQUESTS, "TooManyRequestsException", 1 },
	{ ERR_CODE_DELIVERY, "CodeDeliveryFailureException", 8 },
	{ ERR_UNKNOWN_OPERATION, "UnknownOperationException", 2 },
	{ ERR_MISSING_TOKEN, "MissingAuthenticationTokenException", 4 },
	{ ERR_INCOMPLETE_SIGNATURE, "IncompleteSignatureException", 4 },
	{ ERR_UNRECOGNIZED_CLIENT, "UnrecognizedClientException", 4 },
	{ ERR_INVALID_SIGNATURE, "InvalidSignatureException", 4 },
	{ ERR_ACCESS_DENIED, "AccessDeniedException", 4 },
	{ ERR_USER_LAMBDA, "UserLambdaValidationException", 5 },
	{ ERR_UNEXPECTED_LAMBDA, "UnexpectedLambdaException", 8 },
	{ ERR_INVALID_LAMBDA, "InvalidLambdaResponseException", 8 },
	{ ERR_CONFLICT, "ConflictException", 5 },
	{ ERR_DATABASE, "InternalErrorException", 6 },
	{ ERR_SCHEMA, "InternalErrorException", 6 },
	{ ERR_COMMIT_UNKNOWN, "InternalErrorException", 6 },
	{ ERR_FILE, "InvalidParameterException", 4 },
	{ ERR_KEYS, "InternalErrorException", 7 },
	{ ERR_CONFIG, "InternalErrorException", 7 },
	{ ERR_PEER, "InternalErrorException", 8 },
	{ ERR_INTERNAL, "InternalErrorException", 1 },
};

Test(err, every_code_has_its_row_here)
{
	cr_expect_eq(sizeof(expected) / sizeof(*expected), ERR_COUNT);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
		cr_expect_eq(expected[i].code, i);
}

Test(err, names_and_statuses)
{
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		enum err_code code = expected[i].code;
		cr_expect_str_eq(err_name(code), expected[i].name);
		cr_expect_eq(err_exit_status(code), expected[i].exit_status,
		    "%s", expected[i].name);
	}
}

Test(err, set_returns_false_and_formats)
{
	struct err err = { .detail = "old" };

	cr_expect_not(err_set(&err, ERR_CONFLICT, "%s %d", "text", 7));
	cr_expect_eq(err.code, ERR_CONFLICT);
	cr_expect_str_eq(err.message, "text 7");
	cr_expect_str_empty(err.detail);
}

Test(err, detail_is_apart)
{
	struct err err = { 0 };

	cr_expect_not(
	    err_set_detail(&err, ERR_PEER, "100%s of it", "only %n the log"));
	cr_expect_eq(err.code, ERR_PEER);
	cr_expect_str_eq(err.message, "100%s of it");
	cr_expect_str_eq(err.detail, "only %n the log");
}

Test(err, long_words_are_cut)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	err_set(&err, ERR_PEER, "%s", scratch_times(mem, "a", 8000));
	cr_expect_eq(strlen(err.message), sizeof(err.message) - 1);
	err_set_detail(&err, ERR_PEER, "", scratch_times(mem, "b", 2000));
	cr_expect_eq(strlen(err.detail), sizeof(err.detail) - 1);
}

/* The message stands in a JSON answer, which must be UTF-8. */
Test(err, a_character_is_not_cut_in_two)
{
	MEM_AUTO mem = mem_new(NULL);
	struct err err = { 0 };

	for (int shift = 0; shift < 4; shift++) {
		char *text = mem_printf(mem, "%.*s%s", shift, "xyz",
		    scratch_times(mem, "\xf0\x9f\x98\x80", 2000));
		err_set(&err, ERR_PEER, "%s", text);
		cr_expect(utf8_valid(err.message), "shift %d", shift);
		cr_expect_gt(strlen(err.message), sizeof(err.message) - 12);
		err_set_detail(&err, ERR_PEER, "", text);
		cr_expect(utf8_valid(err.detail), "shift %d", shift);
	}
}
