#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""AWS's SDK for JavaScript, with Debian's nodejs or a newer one. npm installs
it in the build folder, as js/package-lock.json names it, when it is not there
yet; without node, npm or a registry the tests are skipped."""
import datetime
import json
import os
import shutil
import subprocess
import unittest

import aws
import busy
import cut
import dev
import hooks
import house
from aws import MAIL, TEMPLATE, mail_of
from house import HOUSE

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "js")
THERE = os.path.join(house.BUILD, "tests", "clients", "node")
NO_REGISTRY = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT",
               "ENETUNREACH", "EHOSTUNREACH", "ERR_SOCKET_TIMEOUT",
               "ENOTCACHED",
               # A proxy whose certificate npm has no reason to trust.
               "SELF_SIGNED_CERT_IN_CHAIN",
               "UNABLE_TO_GET_ISSUER_CERT_LOCALLY")


def _text_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def _run_npm():
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts",
         "--prefer-offline", "--fetch-retries=1"], cwd=THERE,
        capture_output=True, text=True, check=False, timeout=300)
    if done.returncode and any(word in done.stderr for word in NO_REGISTRY):
        raise unittest.SkipTest("npm reaches no registry")
    if done.returncode:
        raise AssertionError(f"npm ci: {done.stderr}")


def install():
    """npm's own note of what it installed is written last."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise unittest.SkipTest(f"{program} is not installed")
    os.makedirs(THERE, exist_ok=True)
    lock = _text_of(os.path.join(HERE, "package-lock.json"))
    mark = os.path.join(THERE, "node_modules", ".usher-tests")
    for name in ("package.json", "package-lock.json", "client.mjs"):
        shutil.copyfile(os.path.join(HERE, name), os.path.join(THERE, name))
    if _text_of(mark) != lock:
        _run_npm()
        with open(mark, "w", encoding="utf-8") as file:
            file.write(lock)


def version():
    """Of the SDK."""
    package = json.loads(_text_of(os.path.join(HERE, "package.json")))
    return package["dependencies"]["@aws-sdk/client-cognito-identity-provider"]


class Failed(Exception):
    """What the SDK threw."""

    def __init__(self, error):
        super().__init__(f"{error['name']}: {error['message']}")
        self.name = error["name"]
        self.words = error["message"]
        self.error = error
        self.attempts = error.get("metadata", {}).get("attempts")


def _revive(value):
    """A Date of theirs as one of ours."""
    if set(value) == {"date"}:
        return datetime.datetime.fromtimestamp(value["date"] / 1000,
                                               datetime.timezone.utc)
    return value


class Node:
    """A process that makes calls with the SDK, which tries each once unless
    told otherwise. Without a URL it knows from the VARIABLES whom to call."""

    def __init__(self, url, variables):
        self.settings = {"maxAttempts": 1}
        if url:
            self.settings["endpoint"] = url
        self.process = HOUSE.converse(
            ["node", os.path.join(THERE, "client.mjs")],
            HOUSE.path("node.log"), cwd=THERE,
            env={**os.environ, **variables})

    def end(self):
        self.process.stdin.close()
        self.process.wait(15)
        self.process.stdout.close()
        HOUSE.processes.remove(self.process)

    def ask(self, **call):
        self.process.stdin.write(json.dumps(call) + "\n")
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(
                f"node ended: {_text_of(HOUSE.path('node.log'))}")
        answer = json.loads(line, object_hook=_revive)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def call(self, name, settings=None, **request):
        """The output; Failed with what was thrown."""
        settings = {**self.settings, **(settings or {})}
        return self.ask(name=name, input=request, client=settings)["output"]

    def pages(self, name, size, **request):
        return self.ask(name=name, input=request, client=self.settings,
                        pages={"pageSize": size})["pages"]


class Using:
    """Calls by one process; beside a case of aws.py or hooks.py."""

    @classmethod
    def setUpClass(cls):
        install()
        super().setUpClass()
        cls.node = Node(cls.usher.url, cls.usher.environment())

    @classmethod
    def tearDownClass(cls):
        cls.node.end()
        super().tearDownClass()

    def new_pool(self, **settings):
        made = self.node.call("CreateUserPool", PoolName="test", **settings)
        return made["UserPool"]["Id"]

    def make(self, pool, username, settings=None, **more):
        answer = self.node.call("AdminCreateUser", settings, UserPoolId=pool,
                                Username=username, **more)
        return answer["User"]

    def thrown(self, code, words, pool, username, settings=None, **more):
        """The SDK throws that code with these words; what it threw."""
        with self.assertRaises(Failed) as caught:
            self.make(pool, username, settings, **more)
        failed = caught.exception
        self.assertEqual((failed.name, failed.words), (code, words))
        self.assertTrue(failed.error["ofTheService"])
        return failed

    def thrown_by_class(self, code, words, pool, username, **more):
        failed = self.thrown(code, words, pool, username, **more)
        self.assertTrue(failed.error["ofItsClass"], failed)
        return failed


class Sdk(Using, aws.Case):
    settings = {"alias_conflict_error": "AliasExistsException",
                **busy.SETTINGS}

    def test_invite_resend_suppress(self):
        pool = self.new_pool(AdminCreateUserConfig={
            "InviteMessageTemplate": TEMPLATE})
        made = self.make(pool, "alice", **MAIL,
                         UserAttributes=mail_of("js@example.com"))
        first, = self.usher.mails("js@example.com", 1)
        self.assertEqual(first["subject"], "Welcome")
        self.assertEqual(first["text"].strip(),
                         f"Sign in as alice with {first['password']}")
        again = self.make(pool, "alice", MessageAction="RESEND", **MAIL)
        _, second = self.usher.mails("js@example.com", 2)
        self.assertNotEqual(second["password"], first["password"])
        self.assertEqual(again["Attributes"], made["Attributes"])
        self.assertEqual(again["UserCreateDate"], made["UserCreateDate"])
        self.assertGreater(again["UserLastModifiedDate"],
                           made["UserLastModifiedDate"])
        self.make(pool, "bob", MessageAction="SUPPRESS", **MAIL,
                  UserAttributes=mail_of("bob@example.com"))
        self.assertEqual(self.usher.messages(pool), 2)

    def test_what_a_user_looks_like(self):
        pool = self.new_pool()
        made = self.make(pool, "alice", UserAttributes=mail_of("a@b.test"))
        self.assertEqual(sorted(made), [
            "Attributes", "Enabled", "UserCreateDate", "UserLastModifiedDate",
            "UserStatus", "Username"])
        self.assertIsInstance(made["UserCreateDate"], datetime.datetime)
        self.assertEqual(made["UserCreateDate"], made["UserLastModifiedDate"])
        got = self.node.call("AdminGetUser", UserPoolId=pool,
                             Username="alice")
        self.assertEqual(got["UserCreateDate"], made["UserCreateDate"])
        self.assertEqual(got["UserAttributes"], made["Attributes"])
        self.assertEqual(got["$metadata"]["httpStatusCode"], 200)
        self.assertRegex(got["$metadata"]["requestId"], "^[0-9a-f-]{36}$")
        gone = self.node.call("AdminDeleteUser", UserPoolId=pool,
                              Username="alice")
        self.assertEqual(list(gone), ["$metadata"])

    def test_pools_by_pages(self):
        made = {self.new_pool() for _ in range(5)}
        pages = self.node.pages("ListUserPools", 2)
        items = [item for page in pages for item in page["UserPools"]]
        self.assertLessEqual(made, {item["Id"] for item in items})
        self.assertEqual(len(items), len({item["Id"] for item in items}))
        self.assertIsInstance(items[0]["CreationDate"], datetime.datetime)
        pool = self.node.call("DescribeUserPool", UserPoolId=items[0]["Id"])
        self.assertIsInstance(pool["UserPool"]["LastModifiedDate"],
                              datetime.datetime)

    def test_unicode(self):
        pool = self.new_pool()
        name = "Zoë‑李雷😀"
        made = self.make(pool, name, UserAttributes=[
            {"Name": "name", "Value": "Ünïcødé \u2028 \"\\/ 😀"}])
        self.assertEqual(made["Username"], name)
        got = self.node.call("AdminGetUser", UserPoolId=pool, Username=name)
        self.assertEqual(got["UserAttributes"][0]["Value"],
                         "Ünïcødé \u2028 \"\\/ 😀")
        self.thrown_by_class("UsernameExistsException",
                             "User account already exists", pool, name)

    def test_classes_of_its_model(self):
        pool = self.new_pool()
        self.make(pool, "alice")
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
                failed = self.thrown_by_class(code, words, where, "alice",
                                              **more)
                self.assertEqual(failed.error["fault"], "client")
                self.assertEqual(failed.error["metadata"]["httpStatusCode"],
                                 400)
        self.thrown_by_class("UserNotFoundException", "User does not exist.",
                             pool, "bob", MessageAction="RESEND")

    def test_class_of_a_state(self):
        pool = self.new_pool(Policies={"SignInPolicy": {
            "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}})
        made = self.make(pool, "alice", UserAttributes=[
            *mail_of("a@example.com"),
            {"Name": "email_verified", "Value": "true"}])
        self.assertEqual(made["UserStatus"], "CONFIRMED")
        self.thrown_by_class(
            "UnsupportedUserStateException",
            "Resend not possible. alice status is not FORCE_CHANGE_PASSWORD",
            pool, "alice", MessageAction="RESEND")

    def test_class_that_the_operation_does_not_name(self):
        pool = self.new_pool(AliasAttributes=["email"])
        verified = [*mail_of("a@example.com"),
                    {"Name": "email_verified", "Value": "true"}]
        self.make(pool, "alice", UserAttributes=verified)
        self.thrown_by_class("AliasExistsException",
                             "An account with the email already exists.",
                             pool, "bob", UserAttributes=verified)

    def test_classes_of_no_model(self):
        policy = self.usher.file("policy.json", json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "cognito-idp:AdminGetUser",
                "Resource": "*"}]}))
        nobody = self.usher.make_key("nobody", "--policy", policy)
        pool = self.new_pool()
        keys = {"accessKeyId": nobody["AccessKeyId"],
                "secretAccessKey": nobody["SecretAccessKey"]}
        self.thrown(
            "AccessDeniedException",
            "User: arn:aws:iam::000000000000:user/nobody is not authorized "
            "to perform: cognito-idp:AdminCreateUser on resource: arn:aws:"
            f"cognito-idp:us-east-1:000000000000:userpool/{pool} because no "
            "identity-based policy allows the cognito-idp:AdminCreateUser "
            "action", pool, "alice", {"credentials": keys})
        self.thrown(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.", pool,
            "alice", {"credentials": {**keys, "accessKeyId": "AKIAUNKNOWN"}})
        self.thrown(
            "InvalidSignatureException",
            "Credential should be scoped to a valid region.", pool, "alice",
            {"region": "eu-west-1"})

    def test_delivery_that_fails_is_not_tried_again(self):
        pool = self.new_pool()
        failed = self.thrown_by_class(
            "CodeDeliveryFailureException",
            "Invalid email provided/Unable to send the email", pool, "alice",
            settings={"maxAttempts": 3}, **MAIL,
            UserAttributes=mail_of("jürgen@example.com"))
        self.assertEqual(failed.attempts, 1)
        self.node.call("AdminGetUser", UserPoolId=pool, Username="alice")

    def test_nothing_is_checked_before_it_is_sent(self):
        failed = "failed to satisfy constraint: Member must"
        pattern = r"[\w-]+_[0-9a-zA-Z]+"
        visible = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+"
        short = "have length greater than or equal to 1"
        self.thrown_by_class(
            "InvalidParameterException",
            f"2 validation errors detected: Value at 'username' {failed} "
            f"{short}; Value at 'username' {failed} satisfy regular "
            f"expression pattern: {visible}", self.new_pool(), "")
        self.thrown_by_class(
            "InvalidParameterException",
            f"2 validation errors detected: Value '' at 'userPoolId' {failed} "
            f"{short}; Value '' at 'userPoolId' {failed} satisfy regular "
            f"expression pattern: {pattern}", "", "alice")
        with self.assertRaises(Failed) as caught:
            self.node.call("AdminCreateUser", UserPoolId=self.new_pool())
        self.assertEqual(
            caught.exception.words, "1 validation error detected: Value null "
            f"at 'username' {failed} not be null")

    def test_wrong_types(self):
        pool = self.new_pool()
        for more in ({"ForceAliasCreation": "yes"}, {"UserAttributes": [
                {"Name": "name", "Value": 5}]}):
            with self.assertRaises(Failed) as caught:
                self.make(pool, "alice", **more)
            self.assertEqual(caught.exception.name, "SerializationException")

    def test_fault_of_the_server(self):
        pool = self.new_pool()
        self.usher.sql("alter table name rename to away")
        try:
            with self.assertRaises(Failed) as caught:
                self.make(pool, "alice")
        finally:
            self.usher.sql("alter table away rename to name")
        self.assertEqual(caught.exception.name, "InternalErrorException")
        self.assertTrue(caught.exception.error["ofItsClass"])
        self.assertEqual(caught.exception.error["fault"], "server")
        self.make(pool, "alice")

    def test_throttled(self):
        pool = self.new_pool()
        with busy.full(self.usher, pool):
            failed = self.thrown_by_class(
                "TooManyRequestsException", "Rate exceeded", pool, "alice",
                settings={"maxAttempts": 2})
            self.assertEqual(failed.attempts, 2)
        self.make(pool, "alice")

    def test_clock_is_corrected_from_our_date(self):
        late = Node(self.usher.url, {**self.usher.environment(),
                                     "CLOCK_LATE_MS": "3600000"})
        pool = self.new_pool()
        with self.assertRaises(Failed) as caught:
            late.call("DescribeUserPool", UserPoolId=pool)
        self.assertEqual(caught.exception.name, "InvalidSignatureException")
        self.assertRegex(caught.exception.words,
                         "^Signature expired: .* is now earlier than ")
        answer = late.call("AdminCreateUser", {"maxAttempts": 3},
                           UserPoolId=pool, Username="alice")
        self.assertEqual(answer["$metadata"]["attempts"], 2)
        late.end()


class Cutting(Using, cut.Cases, aws.Case):
    ways = ("standard", "adaptive")

    def invite(self, way, url, **request):
        answer = self.node.call("AdminCreateUser", {
            "endpoint": url, "maxAttempts": 3, "retryMode": way}, **request)
        self.assertEqual(answer["$metadata"]["attempts"], 2)
        return answer["User"]


class Triggers(Using, hooks.Case):
    def test_refuses(self):
        self.sign_up.act = hooks.raises("no")
        self.thrown_by_class("UserLambdaValidationException",
                             "PreSignUp failed with error no.", self.pool,
                             "alice")
        self.nothing_written()

    def test_junk(self):
        self.sign_up.act = lambda event: (200, "[]")
        self.thrown_by_class("InvalidLambdaResponseException",
                             "Unrecognizable lambda output", self.pool,
                             "alice")

    def test_cannot_be_called(self):
        self.sign_up.act = lambda event: (404, "{}")
        self.thrown_by_class(
            "UnexpectedLambdaException", "PreSignUp invocation failed due to "
            "error ResourceNotFoundException.", self.pool, "alice")

    def test_which_sdk_it_is(self):
        self.make(self.pool, "alice")
        event, = self.sign_up.events()
        self.assertEqual(event["callerContext"]["awsSdkVersion"],
                         f"aws-sdk-js-{version()}")


class Dev(dev.DevCase):
    """What `usher dev` exports is all that the SDK needs."""

    @classmethod
    def setUpClass(cls):
        install()

    def test_by_what_is_exported(self):
        self.start("--quiet", "--listen", f"127.0.0.1:{HOUSE.port()}")
        node = Node(None, self.exported())
        pool = node.call("CreateUserPool", PoolName="demo",
                         AdminCreateUserConfig={
                             "InviteMessageTemplate": TEMPLATE})
        pool = {"UserPoolId": pool["UserPool"]["Id"]}
        node.call("AdminCreateUser", Username="alice", **pool, **MAIL,
                  UserAttributes=mail_of("alice@example.com"))
        node.call("AdminCreateUser", Username="alice", **pool, **MAIL,
                  MessageAction="RESEND")
        node.call("AdminCreateUser", Username="bob", **pool,
                  MessageAction="SUPPRESS")
        users = node.call("ListUsers", **pool)["Users"]
        self.assertEqual(sorted(user["Username"] for user in users),
                         ["alice", "bob"])
        mails = self.run_usher("inbox", "--count", "2")
        self.assertEqual(
            [(mail["to"], mail["username"], mail["subject"])
             for mail in mails],
            2 * [("alice@example.com", "alice", TEMPLATE["EmailSubject"])])
        node.end()
        self.assertEqual(self.stop(), 0)


if __name__ == "__main__":
    house.main()
