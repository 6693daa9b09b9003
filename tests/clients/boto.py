#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""boto3, in both of its ways to try again: legacy, which it has unless told
otherwise, and standard.

covers: account/batch.c
covers: account/creation.c
"""
import datetime
import json
import threading

import botocore.exceptions

import aws
import busy
import cut
import house
from aws import MAIL, TEMPLATE, mail_of
from signer import Caller, Signer

# How often each of them asks when told to come later.
MODES = {"legacy": 1, "standard": 3}
ROUNDS = 100
RIVALS = 16


class Boto(aws.Case):
    settings = {"alias_conflict_error": "AliasExistsException",
                **busy.SETTINGS}

    def trying(self, mode, url=None):
        """A client that tries as often as it does by itself."""
        return self.usher.client(url=url, retries={"mode": mode})

    def create(self, pool, username, **more):
        answer = self.aws.admin_create_user(UserPoolId=pool,
                                            Username=username, **more)
        return answer["User"]

    def refused(self, code, words, pool, username, client=None, **more):
        """boto3 raises that class with these words."""
        client = client or self.aws
        failed = self.fails(code, words, client.admin_create_user,
                            UserPoolId=pool, Username=username, **more)
        self.assertEqual(type(failed).__name__, code)
        return failed

    def test_invite_resend_suppress(self):
        pool = self.make_pool(AdminCreateUserConfig={
            "InviteMessageTemplate": TEMPLATE})
        made = self.create(pool, "alice", **MAIL,
                           UserAttributes=mail_of("boto@example.com"))
        first, = self.usher.mails("boto@example.com", 1)
        self.assertEqual(first["subject"], "Welcome")
        self.assertEqual(first["text"].strip(),
                         f"Sign in as alice with {first['password']}")
        again = self.create(pool, "alice", MessageAction="RESEND", **MAIL)
        _, second = self.usher.mails("boto@example.com", 2)
        self.assertNotEqual(second["password"], first["password"])
        self.assertEqual(again["Attributes"], made["Attributes"])
        self.assertEqual(again["UserCreateDate"], made["UserCreateDate"])
        self.assertGreater(again["UserLastModifiedDate"],
                           made["UserLastModifiedDate"])
        self.create(pool, "bob", MessageAction="SUPPRESS", **MAIL,
                    UserAttributes=mail_of("bob@example.com"))
        self.assertEqual(self.usher.messages(pool), 2)

    def test_what_a_user_looks_like(self):
        pool = self.make_pool()
        before = datetime.datetime.now(datetime.timezone.utc)
        answer = self.aws.admin_create_user(UserPoolId=pool, Username="alice")
        made = answer["User"]
        self.assertEqual(sorted(made), [
            "Attributes", "Enabled", "UserCreateDate", "UserLastModifiedDate",
            "UserStatus", "Username"])
        age = made["UserCreateDate"] - before
        self.assertLess(abs(age.total_seconds()), 60)
        self.assertEqual(made["UserCreateDate"], made["UserLastModifiedDate"])
        told = answer["ResponseMetadata"]
        self.assertEqual((told["HTTPStatusCode"], told["RetryAttempts"]),
                         (200, 0))
        self.assertRegex(told["RequestId"], "^[0-9a-f-]{36}$")
        gone = self.aws.admin_delete_user(UserPoolId=pool, Username="alice")
        self.assertEqual(list(gone), ["ResponseMetadata"])

    def test_unicode(self):
        pool = self.make_pool()
        name = "Zoë‑李雷😀"
        made = self.create(pool, name, UserAttributes=[
            {"Name": "name", "Value": "Ünïcødé \u2028 \"\\/ 😀"}])
        self.assertEqual(made["Username"], name)
        got = self.aws.admin_get_user(UserPoolId=pool, Username=name)
        self.assertEqual(got["UserAttributes"][0]["Value"],
                         "Ünïcødé \u2028 \"\\/ 😀")
        self.refused("UsernameExistsException", "User account already exists",
                     pool, name)

    def test_classes_of_its_model(self):
        pool = self.make_pool()
        self.create(pool, "alice")
        table = [
            ("ResourceNotFoundException",
             "User pool us-east-1_x does not exist.", "us-east-1_x", {}),
            ("UsernameExistsException", "User account already exists", pool,
             {}),
            ("InvalidPasswordException", "Password did not conform with "
             "password policy: Password not long enough", pool,
             {"TemporaryPassword": "a1!A"}),
            ("InvalidParameterException", "Invalid email address format.",
             pool, {"UserAttributes": mail_of("foo")}),
        ]
        for code, words, where, more in table:
            with self.subTest(code):
                failed = self.refused(code, words, where, "alice", **more)
                self.assertEqual(
                    failed.response["ResponseMetadata"]["HTTPStatusCode"],
                    400)
        self.refused("UserNotFoundException", "User does not exist.", pool,
                     "bob", MessageAction="RESEND")

    def test_class_of_a_state(self):
        pool = self.make_pool()
        self.create(pool, "alice")
        self.usher.sql("update account set status = 'CONFIRMED' "
                       f"where pool_id = '{pool}'")
        self.refused(
            "UnsupportedUserStateException",
            "Resend not possible. alice status is not FORCE_CHANGE_PASSWORD",
            pool, "alice", MessageAction="RESEND")

    def test_class_that_the_operation_does_not_name(self):
        pool = self.make_pool(AliasAttributes=["email"])
        verified = [*mail_of("a@example.com"),
                    {"Name": "email_verified", "Value": "true"}]
        self.create(pool, "alice", UserAttributes=verified)
        self.refused("AliasExistsException",
                     "An account with the email already exists.", pool, "bob",
                     UserAttributes=verified)

    def test_codes_of_no_model(self):
        policy = self.usher.file("policy.json", json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "cognito-idp:AdminGetUser",
                "Resource": "*"}]}))
        nobody = self.usher.make_key("nobody", "--policy", policy)
        pool = self.make_pool()
        self.fails(
            "AccessDeniedException",
            "User: arn:aws:iam::000000000000:user/nobody is not authorized "
            "to perform: cognito-idp:AdminCreateUser on resource: arn:aws:"
            f"cognito-idp:us-east-1:000000000000:userpool/{pool} because no "
            "identity-based policy allows the cognito-idp:AdminCreateUser "
            "action", self.usher.client(nobody).admin_create_user,
            UserPoolId=pool, Username="alice")
        unknown = {**nobody, "AccessKeyId": "AKIAUNKNOWN"}
        self.fails(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            self.usher.client(unknown).admin_create_user, UserPoolId=pool,
            Username="alice")

    def test_what_is_not_sent(self):
        pool = self.make_pool()
        for request in ({"UserPoolId": "", "Username": "alice"},
                        {"UserPoolId": pool, "Username": ""},
                        {"UserPoolId": pool, "Username": "alice",
                         "ForceAliasCreation": "yes"}):
            with self.assertRaises(botocore.exceptions.ParamValidationError):
                self.aws.admin_create_user(**request)

    def break_names(self, pool):
        """What becomes of a creation while the database lacks a table."""
        self.usher.sql("alter table name rename to away")
        try:
            with self.assertRaises(self.aws.exceptions.ClientError) as caught:
                self.create(pool, "alice")
        finally:
            self.usher.sql("alter table away rename to name")
        return caught.exception

    def test_fault_of_the_server(self):
        pool = self.make_pool()
        failed = self.break_names(pool)
        self.assertEqual(type(failed).__name__, "InternalErrorException")
        told = failed.response["ResponseMetadata"]
        self.assertEqual(told["HTTPStatusCode"], 500)
        self.assertIn(told["RequestId"], failed.response["Error"]["Message"])
        self.create(pool, "alice")

    def test_delivery_that_fails_is_not_tried_again(self):
        for mode in MODES:
            pool = self.make_pool()
            failed = self.refused(
                "CodeDeliveryFailureException",
                "Invalid email provided/Unable to send the email", pool,
                "alice", self.trying(mode), **MAIL,
                UserAttributes=mail_of("jürgen@example.com"))
            told = failed.response["ResponseMetadata"]
            self.assertEqual(told["RetryAttempts"], 0, mode)
            self.aws.admin_get_user(UserPoolId=pool, Username="alice")

    def test_throttled(self):
        pool = self.make_pool()
        with busy.full(self.usher, pool):
            for mode, attempts in MODES.items():
                with self.subTest(mode):
                    failed = self.refused(
                        "TooManyRequestsException", "Rate exceeded", pool,
                        "alice", self.trying(mode))
                    told = failed.response["ResponseMetadata"]
                    self.assertEqual(told["RetryAttempts"], attempts - 1)
        self.create(pool, "alice")


class Cutting(cut.Cases, aws.Case):
    ways = tuple(MODES)

    def invite(self, way, url, **request):
        client = self.usher.client(url=url, retries={"mode": way})
        answer = client.admin_create_user(**request)
        self.assertEqual(answer["ResponseMetadata"]["RetryAttempts"], 1)
        return answer["User"]


class Repeated(aws.Case):
    """What makes two requests attempts of one call; by hand."""

    def attempt(self, body, key=None, **headers):
        """The error of a creation, or None."""
        signer = Signer(key or self.usher.key)
        caller = Caller(self.usher.port, signer)
        answer = caller.post(body, signer.sign(
            caller.host, "AdminCreateUser", body, **headers))
        caller.close()
        return answer.error()

    def test_key_body_and_invocation(self):
        pool = self.make_pool()
        same = {"amz-sdk-invocation-id": "11111111-2222"}
        other = {"amz-sdk-invocation-id": "11111111-3333"}
        body = json.dumps({"UserPoolId": pool, "Username": "alice"}).encode()
        exists = ("UsernameExistsException", "User account already exists")
        for headers in (same, same, {**same, "amz-sdk-request": "attempt=2"}):
            self.assertIsNone(self.attempt(body, **headers))
        self.assertEqual(self.attempt(body), exists)
        self.assertEqual(self.attempt(body, **other), exists)
        self.assertEqual(self.attempt(body + b" ", **same), exists)
        key = self.usher.make_key("other", "--full-access")
        self.assertEqual(self.attempt(body, key, **same), exists)
        self.assertEqual(self.attempt(body, self.usher.make_key(
            "admin", "--full-access"), **same), exists)

    def test_ten_minutes(self):
        pool = self.make_pool()
        body = json.dumps({"UserPoolId": pool, "Username": "alice"}).encode()
        same = {"amz-sdk-invocation-id": "11111111-4444"}
        self.assertIsNone(self.attempt(body, **same))
        for minutes, answer in (("9", None), ("11", (
                "UsernameExistsException", "User account already exists"))):
            self.usher.sql(
                f"update account set created_at = now() - interval "
                f"'{minutes} minutes' where pool_id = '{pool}'")
            self.assertEqual(self.attempt(body, **same), answer)


class Rivals(aws.Case):
    def setUp(self):
        self.pool = self.make_pool()
        self.meeting = threading.Barrier(RIVALS)
        self.won = [0] * ROUNDS
        self.wrong = []

    def compete(self):
        client = self.usher.client()
        for number in range(ROUNDS):
            self.meeting.wait(60)
            try:
                client.admin_create_user(UserPoolId=self.pool,
                                         Username=f"user{number}")
                self.won[number] += 1
            except client.exceptions.UsernameExistsException as error:
                if error.response["Error"]["Message"] != \
                        "User account already exists":
                    self.wrong.append(error)
            except Exception as error:  # pylint: disable=broad-except
                self.wrong.append(error)

    def test_one_wins_each_round(self):
        threads = [threading.Thread(target=self.compete)
                   for _ in range(RIVALS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.wrong, [])
        self.assertEqual(self.won, [1] * ROUNDS)
        for table in ("account", "name"):
            self.assertEqual(self.usher.sql(
                f"select count(*) from {table} "
                f"where pool_id = '{self.pool}'"), str(ROUNDS))


if __name__ == "__main__":
    house.main()
