#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""boto3 and the AWS CLI with `usher dev`, by the variables that it prints;
sdk_js.py does the same with JavaScript."""
import json
import os
import subprocess
import unittest

import aws  # first: it knows where the others are
import boto3
import dev
import house
from botocore.exceptions import ClientError
from house import HOUSE

CLI = "/usr/bin/aws"
SETTINGS = {"AdminCreateUserConfig": {
    "InviteMessageTemplate": aws.TEMPLATE}}


class Journey(dev.DevCase):
    """From a pool with a template to what the inbox shows."""

    def setUp(self):
        super().setUp()
        self.start("--quiet", "--listen", f"127.0.0.1:{HOUSE.port()}")
        self.variables = self.exported()
        self.url = self.variables["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"]

    def password(self, count):
        """The newest one that was sent to alice, the COUNT-th."""
        mails = self.run_usher("inbox", "--to", "alice@example.com", "--count",
                               str(count))
        self.assertEqual(len(mails), count)
        newest = mails[-1]
        self.assertEqual(newest["subject"], "Welcome")
        self.assertIn(f"Sign in as alice with {newest['password']}",
                      newest["text"])
        return newest["password"]

    def expect_end(self):
        self.assertEqual(self.stop(), 0)

    def test_boto3(self):
        cognito = boto3.client(
            "cognito-idp", endpoint_url=self.url,
            region_name=self.variables["AWS_DEFAULT_REGION"],
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"])
        pool = cognito.create_user_pool(
            PoolName="demo", **SETTINGS)["UserPool"]["Id"]
        alice = {"UserPoolId": pool, "Username": "alice"}
        user = cognito.admin_create_user(
            UserAttributes=aws.mail_of("alice@example.com"), **aws.MAIL,
            **alice)["User"]
        self.assertEqual(user["UserStatus"], "FORCE_CHANGE_PASSWORD")
        first = self.password(1)
        cognito.admin_create_user(MessageAction="RESEND", **aws.MAIL, **alice)
        self.assertNotEqual(self.password(2), first)
        cognito.admin_create_user(UserPoolId=pool, Username="bob",
                                  MessageAction="SUPPRESS")
        names = [user["Username"] for page in cognito.get_paginator(
            "list_users").paginate(UserPoolId=pool,
                                   PaginationConfig={"PageSize": 1})
            for user in page["Users"]]
        self.assertEqual(sorted(names), ["alice", "bob"])
        with self.assertRaises(ClientError) as caught:
            cognito.admin_create_user(**alice)
        self.assertEqual(caught.exception.response["Error"]["Code"],
                         "UsernameExistsException")
        self.expect_end()

    def cli(self, command, *words):
        """Its status, and what it printed."""
        done = subprocess.run(
            [CLI, "--endpoint-url", self.url, "--output", "json",
             "--no-cli-pager", "cognito-idp", command, *words],
            env={"PATH": os.environ["PATH"], "HOME": HOUSE.folder,
                 "AWS_EC2_METADATA_DISABLED": "true", **self.variables},
            capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, done.stdout or done.stderr

    def good(self, command, *words):
        status, printed = self.cli(command, *words)
        self.assertEqual(status, 0, printed)
        return json.loads(printed)

    @unittest.skipUnless(os.path.exists(CLI), "no AWS CLI")
    def test_cli(self):
        pool = self.good(
            "create-user-pool", "--pool-name", "demo",
            "--admin-create-user-config",
            json.dumps(SETTINGS["AdminCreateUserConfig"]))["UserPool"]["Id"]
        alice = ("--user-pool-id", pool, "--username", "alice",
                 "--desired-delivery-mediums", "EMAIL")
        user = self.good("admin-create-user", *alice, "--user-attributes",
                         "Name=email,Value=alice@example.com")["User"]
        self.assertEqual(user["UserStatus"], "FORCE_CHANGE_PASSWORD")
        first = self.password(1)
        self.good("admin-create-user", *alice, "--message-action", "RESEND")
        self.assertNotEqual(self.password(2), first)
        self.good("admin-create-user", "--user-pool-id", pool, "--username",
                  "bob", "--message-action", "SUPPRESS")
        listed = self.good("list-users", "--user-pool-id", pool)["Users"]
        self.assertEqual(sorted(user["Username"] for user in listed),
                         ["alice", "bob"])
        status, printed = self.cli("admin-create-user", *alice)
        self.assertNotEqual(status, 0)
        self.assertIn("UsernameExistsException", printed)
        self.expect_end()


if __name__ == "__main__":
    house.main()
