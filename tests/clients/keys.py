#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Access keys and their policies, by boto3 and by usher access-key.

covers: account/access_key.c
covers: account/policy.c
covers: account/policy_condition.c
covers: api/sigv4.c
"""
import contextlib
import json
import time

import aws
import house
from house import HOUSE
from signer import Caller, Signer

UNRECOGNIZED = "The security token included in the request is invalid."
SEEN = 2  # seconds until usherd knows of a change


def statement(action, resource="*", effect="Allow", condition=None):
    made = {"Effect": effect, "Action": action, "Resource": resource}
    return {**made, "Condition": condition} if condition else made


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def arn(pool):
    return f"arn:aws:cognito-idp:{aws.REGION}:{aws.ACCOUNT}:userpool/{pool}"


class KeysCase(aws.Case):
    def new_key(self, policy, user="alice"):
        return self.usher.make_key(
            user, "--policy", self.usher.file("p.json", json.dumps(policy)))

    def put(self, key, name, policy):
        self.change("policy", "put", key["AccessKeyId"], "--name", name,
                    "--file", "-", stdin=json.dumps(policy).encode())

    def denied(self, why, action, resource, function, **request):
        self.fails(
            "AccessDeniedException",
            f"User: arn:aws:iam::{aws.ACCOUNT}:user/alice is not authorized "
            f"to perform: cognito-idp:{action} on resource: {resource} "
            f"{why}", function, **request)

    def not_allowed(self, action, resource, function, **request):
        self.denied("because no identity-based policy allows the "
                    f"cognito-idp:{action} action", action, resource,
                    function, **request)

    def forbidden(self, action, resource, function, **request):
        self.denied("with an explicit deny in an identity-based policy",
                    action, resource, function, **request)

    def call(self, key, operation, source=None, **request):
        """(code, words) of the error, None when there is none."""
        with contextlib.closing(Caller(self.usher.port, Signer(key),
                                       source=source)) as caller:
            return caller.call(operation, **request).error()

    def code_of(self, function, **request):
        """The error's code, "" when there is none."""
        try:
            function(**request)
        except self.aws.exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        return ""

    def change(self, *words, **more):
        """By usher access-key; all threads of usherd know when it ends."""
        self.usher.good("access-key", *words, **more)
        time.sleep(SEEN)


class Keys(KeysCase):
    """Who asks."""

    def test_wrong_secret(self):
        wrong = dict(self.usher.key, SecretAccessKey="x" * 40)
        self.assertEqual(
            self.code_of(self.usher.client(wrong).list_user_pools,
                         MaxResults=1), "InvalidSignatureException")

    def test_unknown_key(self):
        unknown = dict(self.usher.key, AccessKeyId="AKIA" + "A" * 16)
        for key in (unknown, dict(unknown, AccessKeyId="x'or'true--")):
            self.fails("UnrecognizedClientException", UNRECOGNIZED,
                       self.usher.client(key).list_user_pools, MaxResults=1)

    def test_disabled_enabled_deleted(self):
        key = self.new_key(document(statement("*")))
        ask = self.usher.client(key).list_user_pools
        ask(MaxResults=1)
        for verb in ("disable", "delete"):
            self.change(verb, key["AccessKeyId"])
            for _ in range(5):
                self.fails("UnrecognizedClientException", UNRECOGNIZED, ask,
                           MaxResults=1)
            if verb == "disable":
                self.change("enable", key["AccessKeyId"])
                ask(MaxResults=1)

    def test_many_keys_in_turn(self):
        """More than usherd keeps in mind, and each is taken for itself."""
        keys = [self.new_key(document(statement("*")), f"user{i}")
                for i in range(40)]
        for key in [*keys, *reversed(keys)]:
            self.assertIsNone(self.call(key, "ListUserPools", MaxResults=1))
        mixed = {**keys[0], "SecretAccessKey": keys[1]["SecretAccessKey"]}
        self.assertEqual(
            self.call(mixed, "ListUserPools", MaxResults=1)[0],
            "InvalidSignatureException")


class Allowed(KeysCase):
    """What they may do; golden case 65."""

    def test_65_key_without_permission(self):
        pool = self.make_pool()
        client = self.usher.client(
            self.new_key(document(statement("cognito-idp:AdminGetUser"))))
        for there in (pool, "us-east-1_none", "no pool's id"):
            self.not_allowed("AdminCreateUser", arn(there),
                             client.admin_create_user, UserPoolId=there,
                             Username="alice")
            # By another way in the server.
            self.not_allowed("AdminCreateUser", arn(there),
                             client.admin_create_user, UserPoolId=there,
                             Username="alice",
                             TemporaryPassword="aB3-aB3-aB3-")
            self.not_allowed("DescribeUserPool", arn(there),
                             client.describe_user_pool, UserPoolId=there)
        self.not_allowed("ListUserPools", "*", client.list_user_pools,
                         MaxResults=1)
        self.not_allowed("CreateUserPool", "*", client.create_user_pool,
                         PoolName="p")
        self.fails("UserNotFoundException", "User does not exist.",
                   self.aws.admin_get_user, UserPoolId=pool,
                   Username="alice")

    def test_before_the_request_is_checked(self):
        key = self.new_key(document(statement("sns:*")))
        code, words = self.call(key, "AdminCreateUser", Username=7)
        self.assertEqual(code, "AccessDeniedException")
        self.assertIn(f"on resource: {arn('')} because", words)

    def test_explicit_deny(self):
        pool = self.make_pool()
        client = self.usher.client(self.new_key(document(
            statement("cognito-idp:*"),
            statement("cognito-idp:*Delete*", arn("*"), "Deny"))))
        client.admin_create_user(UserPoolId=pool, Username="alice")
        for there in (pool, "us-east-1_none"):
            self.forbidden("AdminDeleteUser", arn(there),
                           client.admin_delete_user, UserPoolId=there,
                           Username="alice")
            self.forbidden("DeleteUserPool", arn(there),
                           client.delete_user_pool, UserPoolId=there)
        client.admin_get_user(UserPoolId=pool, Username="alice")

    def test_by_pool(self):
        mine, other = self.make_pool(), self.make_pool()
        client = self.usher.client(
            self.new_key(document(statement("cognito-idp:*", arn(mine)))))
        client.admin_create_user(UserPoolId=mine, Username="bob")
        client.describe_user_pool(UserPoolId=mine)
        self.not_allowed("AdminCreateUser", arn(other),
                         client.admin_create_user, UserPoolId=other,
                         Username="bob")
        self.not_allowed("AdminCreateUser", arn(mine[:-1] + "*"),
                         client.admin_create_user,
                         UserPoolId=mine[:-1] + "*", Username="bob")
        self.not_allowed("ListUserPools", "*", client.list_user_pools,
                         MaxResults=1)

    def test_many_policies_and_their_changes(self):
        pool = self.make_pool()
        key = self.new_key(document(statement("cognito-idp:ListUserPools")))
        client = self.usher.client(key)
        describe = client.describe_user_pool
        self.not_allowed("DescribeUserPool", arn(pool), describe,
                         UserPoolId=pool)
        self.put(key, "second", document(statement("cognito-idp:Describe*")))
        describe(UserPoolId=pool)
        client.list_user_pools(MaxResults=1)
        self.put(key, "third", document(statement("*", arn("*"), "Deny")))
        for _ in range(5):
            self.forbidden("DescribeUserPool", arn(pool), describe,
                           UserPoolId=pool)
        client.list_user_pools(MaxResults=1)
        self.put(key, "third", document(statement("sns:*")))
        describe(UserPoolId=pool)
        self.usher.good("access-key", "policy", "delete",
                        key["AccessKeyId"], "--name", "second")
        self.change("policy", "delete", key["AccessKeyId"], "--name",
                    "policy")
        for _ in range(5):
            self.not_allowed("DescribeUserPool", arn(pool), describe,
                             UserPoolId=pool)
        self.not_allowed("ListUserPools", "*", client.list_user_pools,
                         MaxResults=1)

    def from_source(self, key, source):
        error = self.call(key, "ListUserPools", source, MaxResults=1)
        return not error or error[0]

    def test_source_address(self):
        inside = self.new_key(document(statement("*", condition={
            "IpAddress": {"aws:SourceIp": ["127.0.0.2", "127.1.0.0/16"]}})))
        outside = self.new_key(document(statement("*"), statement(
            "*", effect="Deny", condition={"NotIpAddress": {
                "aws:SourceIp": "127.1.0.0/16"}})))
        for source, one, other in (
                ("127.0.0.1", "AccessDeniedException",
                 "AccessDeniedException"),
                ("127.0.0.2", True, "AccessDeniedException"),
                ("127.1.2.3", True, True)):
            self.assertEqual(self.from_source(inside, source), one, source)
            self.assertEqual(self.from_source(outside, source), other,
                             source)

    def test_other_conditions(self):
        now = time.time()
        hour = 3600
        for condition, holds in (
                ({"StringEquals": {"aws:username": "alice"}}, True),
                ({"StringLike": {"aws:username": ["b*", "*lice"]}}, True),
                ({"StringNotEquals": {"aws:UserName": "alice"}}, False),
                ({"Bool": {"aws:SecureTransport": "false"}}, True),
                ({"Bool": {"aws:SecureTransport": True}}, False),
                ({"DateGreaterThan": {"aws:CurrentTime": now - hour},
                  "DateLessThan": {"aws:CurrentTime": now + hour}}, True),
                ({"DateGreaterThan": {"aws:CurrentTime": now + hour}},
                 False),
                ({"DateLessThan": {"aws:CurrentTime": time.strftime(
                    "%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - hour))}},
                 False)):
            client = self.usher.client(
                self.new_key(document(statement("*", condition=condition))))
            self.assertEqual(
                self.code_of(client.list_user_pools, MaxResults=1),
                "" if holds else "AccessDeniedException", condition)

    def test_name_of_the_caller(self):
        client = self.usher.client(self.new_key(
            document(statement("sns:*")), "a.b+c=d,e@f-g_h"))
        with self.assertRaises(self.aws.exceptions.ClientError) as caught:
            client.list_user_pools(MaxResults=1)
        self.assertTrue(
            caught.exception.response["Error"]["Message"].startswith(
                f"User: arn:aws:iam::{aws.ACCOUNT}:user/a.b+c=d,e@f-g_h is "))


class Commands(house.Case):
    POLICY = document(statement("cognito-idp:*"))

    def create(self, user="alice", *words):
        words = words or ("--full-access",)
        key = self.usher.json("access-key", "create", "--user", user, *words,
                              secret=True)
        HOUSE.note_secret(key["SecretAccessKey"], "secret of a key")
        return key

    def fails(self, status, words, *command, stdin=b""):
        result = self.usher.run("access-key", *command, stdin=stdin)
        self.assertEqual(result.status, status, result)
        self.assertIn(words, result.err)

    def listed(self):
        keys = self.usher.json("access-key", "list")["AccessKeys"]
        return {key.pop("AccessKeyId"): key for key in keys}

    def test_first_key(self):
        usher = house.Usher(HOUSE).init()
        listed = usher.json("access-key", "list")["AccessKeys"]
        self.assertEqual([key["AccessKeyId"] for key in listed],
                         [usher.key["AccessKeyId"]])
        self.assertEqual(usher.key["UserName"], "admin")
        self.assertEqual(usher.json("init"), {})
        self.assertNotIn("AWS_", usher.good("init").out)
        usher.good("access-key", "delete", usher.key["AccessKeyId"])
        again = usher.good("init", secret=True).out
        self.assertRegex(
            again, r"\n  export AWS_ACCESS_KEY_ID=AKIA[A-Z2-7]{16}\n  export "
                   r"AWS_SECRET_ACCESS_KEY=[A-Za-z0-9+/]{40}\n")
        self.assertNotIn(usher.key["AccessKeyId"], again)

    def test_create(self):
        key = self.create()
        self.assertRegex(key["AccessKeyId"], "^AKIA[A-Z2-7]{16}$")
        self.assertRegex(key["SecretAccessKey"], "^[A-Za-z0-9+/]{40}$")
        shown = self.usher.good("access-key", "create", "--user", "bob",
                                "--full-access", secret=True).out
        self.assertRegex(
            shown, r"^the secret is shown this once:\n"
                   r"  export AWS_ACCESS_KEY_ID=AKIA\w{16}\n"
                   r"  export AWS_SECRET_ACCESS_KEY=[A-Za-z0-9+/]{40}\n$")

    def test_wrong_use(self):
        path = self.usher.file("p.json", json.dumps(self.POLICY))
        for status, words, command in (
                (2, "--user", ("create", "--full-access")),
                (2, "--policy FILE or --full-access",
                 ("create", "--user", "x")),
                (2, "--policy FILE or --full-access",
                 ("create", "--user", "x", "--full-access", "--policy",
                  path)),
                (4, "user name 'a b' is not 1 to 64",
                 ("create", "--user", "a b", "--full-access")),
                (4, "/nonexistent",
                 ("create", "--user", "x", "--policy", "/nonexistent")),
                (2, "usher access-key policy put", ("policy",)),
                (2, "missing", ("show",)),
                (2, "missing", ("policy", "put")),
                (2, "--name", ("policy", "put", "KEY", "--file", path)),
                (2, "--file", ("policy", "put", "KEY", "--name", "x")),
                (2, "--name", ("policy", "show", "KEY")),
                (2, "--name", ("policy", "delete", "KEY")),
                *((3, "Access key KEY does not exist.", command)
                  for command in (
                      ("show", "KEY"), ("enable", "KEY"),
                      ("disable", "KEY"), ("delete", "KEY"),
                      ("policy", "list", "KEY"),
                      ("policy", "show", "KEY", "--name", "x"),
                      ("policy", "delete", "KEY", "--name", "x"),
                      ("policy", "put", "KEY", "--name", "x", "--file",
                       path)))):
            self.fails(status, words, *command)

    def test_policy_that_is_refused(self):
        before = self.listed()
        wrong = document(statement("cognito-idp:*"), statement(
            "*", condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}}))
        path = self.usher.file("wrong.json", json.dumps(wrong))
        words = (f"'{path}': policy: Statement 2, Condition, IpAddress, "
                 "aws:SourceIp must be an address or a range of them, as "
                 "10.0.0.0/8")
        self.fails(4, words, "create", "--user", "x", "--policy", path)
        self.assertEqual(self.listed(), before)
        key = self.create()["AccessKeyId"]
        self.fails(4, words, "policy", "put", key, "--name", "x", "--file",
                   path)
        self.fails(4, "'-': the JSON cannot be read at byte", "policy",
                   "put", key, "--name", "x", "--file", "-", stdin=b"{")
        self.fails(4, "policy name 'a b' is not", "policy", "put", key,
                   "--name", "a b", "--file", "-",
                   stdin=json.dumps(self.POLICY).encode())
        self.assertEqual(self.usher.json("access-key", "policy", "list",
                                         key), {"PolicyNames": ["policy"]})

    def test_list_and_show(self):
        key = self.create("carol")["AccessKeyId"]
        row = self.listed()[key]
        self.assertAlmostEqual(row.pop("CreateDate"), time.time(), delta=60)
        self.assertEqual(row, {"UserName": "carol", "Status": "Active",
                               "PolicyNames": ["policy"]})
        self.usher.good("access-key", "disable", key)
        shown = self.usher.json("access-key", "show", key)["AccessKey"]
        shown.pop("CreateDate")
        self.assertEqual(shown, {
            "AccessKeyId": key, "UserName": "carol", "Status": "Inactive",
            "Policies": {"policy": document(
                {"Effect": "Allow", "Action": "*", "Resource": "*"})
                | {"Statement": [{"Effect": "Allow", "Action": "*",
                                  "Resource": "*"}]}}})
        line = next(line for line in self.usher.good(
            "access-key", "list").out.splitlines() if key in line)
        self.assertRegex(line, rf"^{key}  disabled  20\S+Z  carol: policy$")
        self.assertRegex(self.usher.good("access-key", "show", key).out,
                         rf"^access key {key} of carol, disabled, made 20\S+Z"
                         r"\npolicy policy: {\n")
        self.usher.good("access-key", "enable", key)
        self.assertEqual(self.listed()[key]["Status"], "Active")
        self.usher.good("access-key", "policy", "delete", key, "--name",
                        "policy")
        self.assertIn(f"{key}  enabled ", self.usher.good(
            "access-key", "list").out)
        self.assertIn("carol: no policy\n", self.usher.good(
            "access-key", "list").out)
        self.usher.good("access-key", "delete", key)
        self.assertNotIn(key, self.listed())

    def test_policies_come_and_go(self):
        key = self.create()["AccessKeyId"]
        path = self.usher.file("p.json", json.dumps(self.POLICY))
        self.usher.good("access-key", "policy", "put", key, "--name",
                        "more", "--file", path)
        self.assertEqual(self.usher.good(
            "access-key", "policy", "list", key).out, "more\npolicy\n")
        shown = self.usher.good("access-key", "policy", "show", key,
                                "--name", "more").out
        self.assertEqual(json.loads(shown), self.POLICY)
        self.usher.good("access-key", "policy", "put", key, "--name",
                        "other", "--file", "-", stdin=shown.encode())
        self.assertEqual(self.usher.json("access-key", "policy", "show",
                                         key, "--name", "other"),
                         self.POLICY)
        self.usher.good("access-key", "policy", "delete", key, "--name",
                        "more")
        self.fails(3, f"Access key {key} has no policy 'more'.", "policy",
                   "show", key, "--name", "more")
        for i in range(8):
            self.usher.good("access-key", "policy", "put", key, "--name",
                            f"p{i}", "--file", path)
        self.fails(5, f"access key {key} has 10 policies, the most there can "
                      "be", "policy", "put", key, "--name", "p8", "--file",
                   path)

    def test_audit(self):
        made = self.create("dora")
        key = made["AccessKeyId"]
        path = self.usher.file("p.json", json.dumps(self.POLICY))
        self.usher.good("access-key", "policy", "put", key, "--name",
                        "more", "--file", path)
        self.usher.good("access-key", "policy", "delete", key, "--name",
                        "more")
        for verb in ("disable", "enable", "delete"):
            self.usher.good("access-key", verb, key)
        self.assertEqual(
            self.usher.sql("select action from usher.audit where object = "
                           f"'{key}' order by id").splitlines(),
            [f"access key {verb}" for verb in (
                "create", "policy put", "policy delete", "disable", "enable",
                "delete")])
        who = self.usher.sql("select distinct split_part(who, '/', 1) from "
                             f"usher.audit where object = '{key}'")
        self.assertEqual(who, "usher")
        secret = made["SecretAccessKey"]
        self.assertEqual(self.usher.sql(
            "select count(*) from usher.audit a where strpos(a::text, "
            f"'{secret}') > 0"), "0")

    def test_key_file_is_in_use(self):
        usher = house.Usher(HOUSE).init()
        uses = usher.json("keyring", "check")
        self.assertEqual([key["uses"] for key in uses], [1])


if __name__ == "__main__":
    house.main()
