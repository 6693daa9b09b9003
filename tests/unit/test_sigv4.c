/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "api/sigv4.h"
#include "base/str.h"

#define TYPE   "Content-Type: application/x-amz-json-1.1"
#define HOST   "Host: 127.0.0.1:9229"
#define DATE   "X-Amz-Date: 20260102T030405Z"
#define TARGET "X-Amz-Target: AWSCognitoIdentityProviderService.AdminCreateUser"
#define BODY                                                       \
	"{\"UserPoolId\": \"us-east-1_Abc123XyZ\", \"Username\": " \
	"\"alice@example.com\"}"
#define SECRET    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define ALGORITHM "AWS4-HMAC-SHA256"
#define SCOPE     "20260102/us-east-1/cognito-idp/aws4_request"
#define NAMES     "content-type;host;x-amz-date;x-amz-target"
#define AUTHORIZE(key_and_scope, names, signature)               \
	"Authorization: " ALGORITHM " Credential=" key_and_scope \
	", SignedHeaders=" names ", Signature=" signature
#define SIGNATURE \
	"b11958963d2eebb375db3d786741d1634afd0c20c0db697726548613f2d14443"
#define GOOD AUTHORIZE("AKIDEXAMPLE/" SCOPE, NAMES, SIGNATURE)

#define NOW_MS INT64_C(1767323045000) /* 2026-01-02 03:04:05 */

static const struct sigv4_scope scope = { "us-east-1", "cognito-idp", NOW_MS };

#define WITH(...) ((const char *const[]){ __VA_ARGS__, NULL })

static bool check(const struct listener_request *request,
    const struct sigv4_scope *where, struct err *err)
{
	MEM_AUTO mem = mem_new(NULL);
	struct sigv4_claim claim;
	unsigned char key[SIGV4_KEY_BYTES];

	*err = (struct err){ 0 };
	if (!sigv4_read(mem, request, where, &claim, err))
		return false;
	sigv4_derive(SECRET, &claim, key);
	return sigv4_check(mem, request, &claim, key, err);
}

static struct listener_request post(const char *const *headers)
{
	return (struct listener_request){ .method = "POST",
		.path = "/",
		.headers = headers,
		.body = BODY };
}

static void expect(const struct listener_request *request, enum err_code code,
    const char *words)
{
	struct err err;
	bool good = check(request, &scope, &err);

	cr_expect_eq(good, code == ERR_NONE, "%s", words);
	cr_expect_eq(err.code, code, "%s", err.message);
	cr_expect_str_eq(err.message, words);
}

static void expect_headers(const char *const *headers, enum err_code code,
    const char *words)
{
	struct listener_request request = post(headers);

	expect(&request, code, words);
}

#define DOES_NOT_MATCH                                                      \
	"The request signature we calculated does not match the signature " \
	"you provided. Check your AWS Secret Access Key and signing "       \
	"method. Consult the service documentation for details."

/* Computed with botocore. */
Test(sigv4, the_vector)
{
	MEM_AUTO mem = mem_new(NULL);
	struct listener_request request =
	    post(WITH(HOST, GOOD, TARGET, DATE, TYPE));
	struct sigv4_claim claim;
	struct err err = { 0 };

	expect(&request, ERR_NONE, "");
	cr_assert(sigv4_read(mem, &request, &scope, &claim, &err));
	cr_expect_str_eq(claim.access_key, "AKIDEXAMPLE");
	cr_expect_str_eq(claim.date, "20260102");
	cr_expect_str_eq(claim.region, "us-east-1");
	cr_expect_str_eq(claim.service, "cognito-idp");
	cr_expect_str_eq(claim.signed_headers, NAMES);
	cr_expect_str_eq(claim.time, "20260102T030405Z");
}

/* As sigv4_read() refuses tokens, this claim is filled by hand. */
Test(sigv4, the_vector_with_a_session_token)
{
	MEM_AUTO mem = mem_new(NULL);
	struct listener_request request = post(WITH(TYPE, HOST, DATE,
	    "X-Amz-Security-Token: SESSIONTOKEN", TARGET));
	struct sigv4_claim claim = { "AKIDEXAMPLE", "20260102", "us-east-1",
		"cognito-idp",
		"content-type;host;x-amz-date;x-amz-security-token;"
		"x-amz-target",
		"f1618ddbb20687d0612df93e8e11d808e282ea0b97d119883631439d4adb8f"
		"2c",
		"20260102T030405Z" };
	unsigned char key[SIGV4_KEY_BYTES];
	struct err err = { 0 };

	sigv4_derive(SECRET, &claim, key);
	cr_expect(sigv4_check(mem, &request, &claim, key, &err), "%s",
	    err.message);
	claim.signature = SIGNATURE;
	cr_expect_not(sigv4_check(mem, &request, &claim, key, &err));
}

Test(sigv4, tokens_are_refused)
{
	expect_headers(WITH(HOST, GOOD, TARGET, DATE, TYPE,
	                   "x-amz-security-token: SESSIONTOKEN"),
	    ERR_UNRECOGNIZED_CLIENT,
	    "The security token included in the request is invalid.");
}

/* What changes nothing in the canonical request. */
Test(sigv4, headers_in_any_order_case_and_blanks)
{
	expect_headers(WITH(GOOD, TYPE, TARGET, DATE, HOST), ERR_NONE, "");
	expect_headers(WITH("HOST:  127.0.0.1:9229 \t",
	                   "x-amz-date: 20260102T030405Z",
	                   "X-AMZ-TARGET: "
	                   "AWSCognitoIdentityProviderService.AdminCreateUser",
	                   "content-TYPE: application/x-amz-json-1.1", GOOD),
	    ERR_NONE, "");
	expect_headers(WITH(HOST, GOOD, TARGET, DATE, TYPE, "X-Other: any",
	                   "Host2: other", "Hos: t"),
	    ERR_NONE, "");
	expect_headers(WITH(HOST, TARGET, DATE, TYPE,
	                   "authorization: " ALGORITHM " Signature=" SIGNATURE
	                   ",SignedHeaders=" NAMES
	                   ",Credential=AKIDEXAMPLE/" SCOPE),
	    ERR_NONE, "");
}

Test(sigv4, what_was_changed_behind_the_signature)
{
	const char *const *const changed[] = {
		WITH("Host: 127.0.0.1:9228", GOOD, TARGET, DATE, TYPE),
		WITH(HOST, GOOD, TARGET, DATE, TYPE "x"),
		WITH(HOST, GOOD, TARGET, DATE, TYPE, "Host: other"),
		WITH(HOST, GOOD, TARGET, DATE, "Content-Type:"),
		WITH(HOST, GOOD, TARGET, "X-Amz-Date: 20260102T030406Z", TYPE),
		WITH(HOST, GOOD,
		    "X-Amz-Target: "
		    "AWSCognitoIdentityProviderService.AdminDeleteUser",
		    DATE, TYPE),
		WITH(HOST, TARGET, DATE, TYPE,
		    AUTHORIZE("AKIDEXAMPLE/" SCOPE,
		        "host;content-type;x-amz-date;x-amz-target",
		        SIGNATURE)),
		WITH(HOST, TARGET, DATE, TYPE,
		    AUTHORIZE("AKIDEXAMPLE/" SCOPE, NAMES ";host", SIGNATURE)),
		WITH(HOST, TARGET, DATE, TYPE,
		    AUTHORIZE("AKIDEXAMPLE/" SCOPE, NAMES, SIGNATURE "0")),
		WITH(HOST, TARGET, DATE, TYPE,
		    AUTHORIZE("AKIDEXAMPLE/" SCOPE, NAMES,
		        "B11958963D2EEBB375DB3D786741D1634AFD0C20C0DB697726548613F2"
		        "D14443")),
	};

	for (size_t i = 0; i < sizeof(changed) / sizeof(*changed); i++)
		expect_headers(changed[i], ERR_INVALID_SIGNATURE,
		    DOES_NOT_MATCH);
}

Test(sigv4, another_method_path_query_or_body)
{
	const char *const *headers = WITH(HOST, GOOD, TARGET, DATE, TYPE);
	struct listener_request request = post(headers);

	request.query = "";
	expect(&request, ERR_NONE, "");
	request.query = "a";
	expect(&request, ERR_INVALID_SIGNATURE, DOES_NOT_MATCH);
	request = post(headers);
	request.method = "GET";
	expect(&request, ERR_INVALID_SIGNATURE, DOES_NOT_MATCH);
	request = post(headers);
	request.path = "//";
	expect(&request, ERR_INVALID_SIGNATURE, DOES_NOT_MATCH);
	request = post(headers);
	request.body = BODY " ";
	expect(&request, ERR_INVALID_SIGNATURE, DOES_NOT_MATCH);
	request.body = "";
	expect(&request, ERR_INVALID_SIGNATURE, DOES_NOT_MATCH);
}

/* Computed with botocore, as the vector. */
Test(sigv4, a_query_is_sorted_by_name_then_value)
{
	struct listener_request request = post(WITH(HOST, TARGET, DATE, TYPE,
	    AUTHORIZE("AKIDEXAMPLE/" SCOPE, NAMES,
	        "fb76ef6a5b5a63b7955376a3a25172c89cf1977550086828b8073b22112e09"
	        "e4")));

	request.query = "b=2&a-c=3&a=1&a=0&empty&a.b=&%C3%A4=1";
	expect(&request, ERR_NONE, "");
	request.query = "%C3%A4=1&a=0&a=1&a-c=3&a.b&b=2&&empty=";
	expect(&request, ERR_NONE, "");
	request.query = "b=2&a-c=3&a=1&a=0&empty=1&a.b=&%C3%A4=1";
	expect(&request, ERR_INVALID_SIGNATURE, DOES_NOT_MATCH);
	request.query = "b=2&a-c=3&a=1&empty&a.b=&%C3%A4=1";
	expect(&request, ERR_INVALID_SIGNATURE, DOES_NOT_MATCH);
}

Test(sigv4, blanks_and_a_header_that_came_twice)
{
	const char *header =
	    AUTHORIZE("AKIDEXAMPLE/" SCOPE, NAMES ";x-one;x-two",
	        "4e278ab419ddc12016d4cb925da5b1bac920ceef9be91d4a3ff211a2d0874e"
	        "94");

	expect_headers(WITH(HOST, TARGET, "X-Two: a  b\t\tc ", DATE, TYPE,
	                   "X-One: z", "X-Two:  d", header),
	    ERR_NONE, "");
	expect_headers(WITH(HOST, TARGET, "x-two: a b c", "X-TWO: d", DATE,
	                   TYPE, "X-One: z", header),
	    ERR_NONE, "");
	expect_headers(WITH(HOST, TARGET, "X-Two: d", "X-Two: a b c", DATE,
	                   TYPE, "X-One: z", header),
	    ERR_INVALID_SIGNATURE, DOES_NOT_MATCH);
	expect_headers(
	    WITH(HOST, TARGET, "X-Two: a b c", DATE, TYPE, "X-One: z", header),
	    ERR_INVALID_SIGNATURE, DOES_NOT_MATCH);
	expect_headers(WITH(HOST, TARGET, "X-Two: abc", "X-Two: d", DATE, TYPE,
	                   "X-One: z", header),
	    ERR_INVALID_SIGNATURE, DOES_NOT_MATCH);
}

Test(sigv4, no_authorization)
{
	expect_headers(WITH(HOST, TARGET, DATE, TYPE), ERR_MISSING_TOKEN,
	    "Missing Authentication Token");
	expect_headers(WITH(HOST, TARGET, DATE, TYPE, "Authorization: "),
	    ERR_MISSING_TOKEN, "Missing Authentication Token");
	expect_headers(WITH("Authorization: Basic dXNlcjpwYXNz"),
	    ERR_INCOMPLETE_SIGNATURE,
	    "Unsupported AWS 'algorithm': only AWS4-HMAC-SHA256 is known "
	    "here.");
	expect_headers(WITH("Authorization: AWS4-HMAC-SHA256"),
	    ERR_INCOMPLETE_SIGNATURE,
	    "Unsupported AWS 'algorithm': only AWS4-HMAC-SHA256 is known "
	    "here.");
}

#define NO_CREDENTIAL "Authorization header requires 'Credential' parameter."
#define NO_SIGNATURE  "Authorization header requires 'Signature' parameter."
#define NO_NAMES      "Authorization header requires 'SignedHeaders' parameter."
#define NO_DATE                                                             \
	"Authorization header requires existence of either a 'X-Amz-Date' " \
	"or a 'Date' header."

Test(sigv4, parts_that_lack)
{
	static const struct {
		const char *given, *words;
	} cases[] = {
		{ "x", NO_CREDENTIAL " " NO_SIGNATURE " " NO_NAMES },
		{ "Credential=a, Signature=b", NO_NAMES },
		{ "Credential=a, SignedHeaders=b", NO_SIGNATURE },
		{ "SignedHeaders=a, Signature=b", NO_CREDENTIAL },
		{ "Credential=a", NO_SIGNATURE " " NO_NAMES },
		{ "Credential=, SignedHeaders=a, Signature=b", NO_CREDENTIAL },
		{ "Credential=a, SignedHeaders=, Signature=b", NO_NAMES },
		{ "Credential=a, SignedHeaders=b, Signature=", NO_SIGNATURE },
		{ "credential=a, SignedHeaders=b, Signature=c", NO_CREDENTIAL },
		{ "xCredential=a,SignedHeaders=b,Signature=c", NO_CREDENTIAL },
		{ "Credential=a;SignedHeaders=b;Signature=c",
		    NO_SIGNATURE " " NO_NAMES },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		MEM_AUTO mem = mem_new(NULL);
		const char *header = mem_printf(mem,
		    "Authorization: " ALGORITHM " %s", cases[i].given);
		expect_headers(WITH(HOST, header, TARGET, DATE, TYPE),
		    ERR_INCOMPLETE_SIGNATURE, cases[i].words);
	}
	expect_headers(WITH(HOST, GOOD, TARGET, TYPE), ERR_INCOMPLETE_SIGNATURE,
	    NO_DATE);
	expect_headers(WITH(HOST, "Authorization: " ALGORITHM " x", TARGET),
	    ERR_INCOMPLETE_SIGNATURE,
	    NO_CREDENTIAL " " NO_SIGNATURE " " NO_NAMES " " NO_DATE);
}

Test(sigv4, credentials_for_something_else)
{
	static const struct {
		const char *credential, *words;
		enum err_code code;
	} cases[] = {
		{ "AKIDEXAMPLE/20260102/eu-west-1/cognito-idp/aws4_request",
		    "Credential should be scoped to a valid region.",
		    ERR_INVALID_SIGNATURE },
		{ "AKIDEXAMPLE/20260102//cognito-idp/aws4_request",
		    "Credential should be scoped to a valid region.",
		    ERR_INVALID_SIGNATURE },
		{ "AKIDEXAMPLE/20260102/us-east-1/sns/aws4_request",
		    "Credential should be scoped to correct service: "
		    "'cognito-idp'.",
		    ERR_INVALID_SIGNATURE },
		{ "AKIDEXAMPLE/20260102/us-east-1/cognito-idp/aws5_request",
		    "Credential should be scoped with a valid terminator: "
		    "'aws4_request'.",
		    ERR_INVALID_SIGNATURE },
		{ "AKIDEXAMPLE/20260103/us-east-1/cognito-idp/aws4_request",
		    "Date in Credential scope does not match YYYYMMDD from "
		    "ISO-8601 version of date from HTTP: '20260103' != "
		    "'20260102', from '20260102T030405Z'.",
		    ERR_INVALID_SIGNATURE },
		{ "AKIDEXAMPLE/2026010/us-east-1/cognito-idp/aws4_request",
		    "Date in Credential scope does not match YYYYMMDD from "
		    "ISO-8601 version of date from HTTP: '2026010' != "
		    "'20260102', from '20260102T030405Z'.",
		    ERR_INVALID_SIGNATURE },
		{ "20260102/us-east-1/cognito-idp/aws4_request",
		    "Credential must have exactly 5 slash-delimited elements, "
		    "e.g. keyid/date/region/service/term",
		    ERR_INCOMPLETE_SIGNATURE },
		{ "AKIDEXAMPLE",
		    "Credential must have exactly 5 slash-delimited elements, "
		    "e.g. keyid/date/region/service/term",
		    ERR_INCOMPLETE_SIGNATURE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		MEM_AUTO mem = mem_new(NULL);
		const char *header = mem_printf(mem,
		    AUTHORIZE("%s", NAMES, SIGNATURE), cases[i].credential);
		expect_headers(WITH(HOST, header, TARGET, DATE, TYPE),
		    cases[i].code, cases[i].words);
	}
}

/* Five minutes before and after are still now. */
Test(sigv4, clocks)
{
	static const struct {
		int64_t off_s;
		const char *words;
	} cases[] = {
		{ 0, "" },
		{ 300, "" },
		{ 301, "Signature expired: 20260102T030405Z is now earlier "
		       "than 20260102T030406Z (20260102T030906Z - 5 min.)" },
		{ 86400, "Signature expired: 20260102T030405Z is now earlier "
		         "than 20260103T025905Z (20260103T030405Z - 5 min.)" },
		{ -300, "" },
		{ -301, "Signature not yet current: 20260102T030405Z is still "
		        "later than 20260102T030404Z (20260102T025904Z + 5 "
		        "min.)" },
	};
	struct listener_request request =
	    post(WITH(HOST, GOOD, TARGET, DATE, TYPE));

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sigv4_scope then = scope;
		struct err err;
		then.now_ms += 1000 * cases[i].off_s;
		cr_expect_eq(check(&request, &then, &err), !*cases[i].words);
		cr_expect_eq(err.code,
		    *cases[i].words ? ERR_INVALID_SIGNATURE : ERR_NONE);
		cr_expect_str_eq(err.message, cases[i].words);
	}
}

Test(sigv4, times_that_are_none)
{
	static const char *const times[] = { "", "now", "20260102",
		"20260102T030405", "20260102T030405z", "20260102T030405Z ",
		"2026-01-02T03:04:05Z", "20261302T030405Z", "20260100T030405Z",
		"20260102T250405Z", "20260102T036005Z", "20260102 030405Z",
		"\xff\xfe", "+2026102T030405Z" };

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		MEM_AUTO mem = mem_new(NULL);
		const char *date = mem_printf(mem, "X-Amz-Date: %s", times[i]);
		expect_headers(WITH(HOST, GOOD, TARGET, date, TYPE),
		    ERR_INCOMPLETE_SIGNATURE,
		    "Date must be in ISO-8601 'basic format'.");
	}
}

Test(sigv4, headers_that_must_be_signed)
{
	static const struct {
		const char *names, *words;
	} cases[] = {
		{ "content-type;x-amz-date;x-amz-target",
		    "'Host' must be a 'SignedHeader' in the AWS "
		    "Authorization." },
		{ "content-type;host;x-amz-target",
		    "'X-Amz-Date' must be a 'SignedHeader' in the AWS "
		    "Authorization." },
		{ "content-type;host;x-amz-date",
		    "'X-Amz-Target' must be a 'SignedHeader' in the AWS "
		    "Authorization." },
		{ "host2", "'host2' is named in SignedHeaders but was not in "
		           "the request." },
		{ "hos", "'hos' is named in SignedHeaders but was not in the "
		         "request." },
		{ NAMES ";x-amz-user-agent",
		    "'x-amz-user-agent' is named in SignedHeaders but was not "
		    "in the request." },
		{ ";" NAMES, "'' is named in SignedHeaders but was not in the "
		             "request." },
		{ ";;;", "'' is named in SignedHeaders but was not in the "
		         "request." },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		MEM_AUTO mem = mem_new(NULL);
		const char *header = mem_printf(mem,
		    AUTHORIZE("AKIDEXAMPLE/" SCOPE, "%s", "0"), cases[i].names);
		expect_headers(WITH(HOST, header, TARGET, DATE, TYPE),
		    ERR_INVALID_SIGNATURE, cases[i].words);
	}
}

/* One header, named so often that its canonical form has no room. */
Test(sigv4, signed_headers_without_end)
{
	MEM_AUTO mem = mem_new(NULL);
	struct str *names = str_new(mem, STR_LIMIT_LARGE);
	char blanks[16001];

	memset(blanks, 'x', sizeof(blanks) - 1);
	blanks[sizeof(blanks) - 1] = '\0';
	for (int i = 0; i < 60; i++)
		str_add(names, "large;");
	const char *header = mem_printf(mem,
	    AUTHORIZE("AKIDEXAMPLE/" SCOPE, "%s" NAMES, SIGNATURE),
	    str_text(names));
	const char *large = mem_printf(mem, "large: %s", blanks);
	expect_headers(WITH(HOST, header, TARGET, DATE, TYPE, large),
	    ERR_INVALID_SIGNATURE, "The signed headers are too long.");
	for (int i = 0; i < 5; i++)
		str_add(names, "host;");
	header = mem_printf(mem,
	    AUTHORIZE("AKIDEXAMPLE/" SCOPE, "%s" NAMES, SIGNATURE),
	    str_text(names));
	expect_headers(WITH(HOST, header, TARGET, DATE, TYPE, "large: x"),
	    ERR_INVALID_SIGNATURE,
	    "'host' is named in SignedHeaders but was not in the request.");
}
