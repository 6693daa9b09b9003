#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The AWS CLI as Debian has it: what an administrator types from the pool to
the invitation, what goes wrong, exit statuses and words on stderr."""
import json
import os
import subprocess
import unittest

import aws
import house

AWS = "/usr/bin/aws"
REFUSED = 254  # exit status of version 2 when the service says no
TEMPLATE = {"InviteMessageTemplate": {
    "EmailSubject": "Welcome, {username}",
    "EmailMessage": "You are {username}; your password is {####}",
    "SMSMessage": "{username} {####}"}}
EMAIL = ["--user-attributes", "Name=email,Value=a@example.com"]
MUST = "failed to satisfy constraint: Member must"
VISIBLE = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+"


@unittest.skipUnless(os.path.exists(AWS), "no AWS CLI")
class Cli(aws.Case):
    def run_cli(self, command, *words, key=None, url=None):
        """The process that ended."""
        return subprocess.run(
            [AWS, "--endpoint-url", url or self.usher.url, "--output", "json",
             "--no-cli-pager", "cognito-idp", command, *words],
            env={"PATH": os.environ["PATH"], "HOME": house.HOUSE.folder,
                 **self.usher.environment(key)},
            capture_output=True, text=True, check=False, timeout=120)

    def cli(self, command, *words):
        """What it prints, read; None where it prints nothing."""
        done = self.run_cli(command, *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout) if done.stdout else None

    def create(self, *words, pool=None, name="alice"):
        return self.cli("admin-create-user", "--user-pool-id",
                        pool or self.pool, "--username", name, *words)["User"]

    def refused(self, code, text, *words, pool=None, name="alice"):
        """admin-create-user ends with that class of error and its text."""
        done = self.run_cli("admin-create-user", "--user-pool-id",
                            pool or self.pool, "--username", name, *words)
        self.assertEqual(
            (done.returncode, done.stdout, done.stderr),
            (REFUSED, "", f"\nAn error occurred ({code}) when calling the "
             f"AdminCreateUser operation: {text}\n"))

    def mails(self):
        return [mail for mail in self.usher.inbox()
                if mail["pool"] == self.pool]

    def password(self, mail):
        """What stands in the text is what the user was given."""
        house.HOUSE.note_secret(mail["password"], "temporary password")
        self.assertIn(f"You are alice; your password is {mail['password']}",
                      mail["text"])
        return mail["password"]

    def setUp(self):
        self.pool = self.make_pool(AdminCreateUserConfig=TEMPLATE)

    def test_pool(self):
        made = self.cli("create-user-pool", "--pool-name", "by hand",
                        "--admin-create-user-config", json.dumps(TEMPLATE),
                        "--auto-verified-attributes", "email")["UserPool"]
        self.assertEqual(
            made["AdminCreateUserConfig"]["InviteMessageTemplate"],
            TEMPLATE["InviteMessageTemplate"])
        got = self.cli("describe-user-pool", "--user-pool-id", made["Id"])
        self.assertEqual(got["UserPool"], made)
        listed = self.cli("list-user-pools", "--max-results", "60")
        self.assertIn((made["Id"], "by hand"),
                      [(pool["Id"], pool["Name"])
                       for pool in listed["UserPools"]])
        self.assertIsNone(self.cli("delete-user-pool", "--user-pool-id",
                                   made["Id"]))

    def test_invitation(self):
        user = self.create(*EMAIL, "--desired-delivery-mediums", "EMAIL")
        self.assertEqual(user["UserStatus"], "FORCE_CHANGE_PASSWORD")
        house.wait_until(lambda: len(self.mails()) == 1, 30, "the mail")
        again = self.create("--message-action", "RESEND",
                            "--desired-delivery-mediums", "EMAIL")
        self.assertEqual(again["Attributes"], user["Attributes"])
        house.wait_until(lambda: len(self.mails()) == 2, 30, "the second")
        first, second = self.mails()
        self.assertEqual(first["subject"], "Welcome, alice")
        self.assertNotEqual(self.password(first), self.password(second))
        got = self.cli("admin-get-user", "--user-pool-id", self.pool,
                       "--username", "alice")
        self.assertEqual(got["UserAttributes"], user["Attributes"])

    def test_suppressed(self):
        user = self.create(*EMAIL, "--message-action", "SUPPRESS")
        self.assertEqual(user["Username"], "alice")
        self.create(*EMAIL, "--desired-delivery-mediums", "EMAIL",
                    name="bob")
        house.wait_until(self.mails, 30, "bob's mail")
        self.assertEqual(len(self.mails()), 1)
        self.assertEqual(self.mails()[0]["subject"], "Welcome, bob")
        listed = self.cli("list-users", "--user-pool-id", self.pool)
        self.assertEqual({user["Username"] for user in listed["Users"]},
                         {"alice", "bob"})
        self.assertIsNone(self.cli("admin-delete-user", "--user-pool-id",
                                   self.pool, "--username", "alice"))

    def test_clients_and_groups(self):
        here = ["--user-pool-id", self.pool]
        made = self.cli("create-user-pool-client", *here, "--client-name",
                        "c", "--no-generate-secret")["UserPoolClient"]
        listed = self.cli("list-user-pool-clients", *here)
        self.assertEqual(listed["UserPoolClients"], [
            {"ClientId": made["ClientId"], "UserPoolId": self.pool,
             "ClientName": "c"}])
        self.create("--message-action", "SUPPRESS")
        self.cli("create-group", *here, "--group-name", "g")
        self.assertIsNone(self.cli("admin-add-user-to-group", *here,
                                   "--username", "alice", "--group-name",
                                   "g"))
        users = self.cli("list-users-in-group", *here, "--group-name", "g")
        self.assertEqual([user["Username"] for user in users["Users"]],
                         ["alice"])

    def test_invalid_parameter(self):
        self.refused("InvalidParameterException",
                     "1 validation error detected: Value at 'username' "
                     f"{MUST} satisfy regular expression pattern: {VISIBLE}",
                     name="a b")
        self.refused("InvalidParameterException",
                     "1 validation error detected: Value 'NOPE' at "
                     f"'messageAction' {MUST} satisfy enum value set: "
                     "[RESEND, SUPPRESS]", "--message-action", "NOPE")

    def test_resource_not_found(self):
        self.refused("ResourceNotFoundException",
                     "User pool us-east-1_x does not exist.",
                     pool="us-east-1_x")

    def test_user_not_found(self):
        self.refused("UserNotFoundException", "User does not exist.",
                     "--message-action", "RESEND")

    def test_username_exists(self):
        self.create("--message-action", "SUPPRESS")
        self.refused("UsernameExistsException",
                     "User account already exists")

    def test_invalid_password(self):
        self.refused("InvalidPasswordException",
                     "Password did not conform with password policy: "
                     "Password not long enough",
                     "--temporary-password", "aB3$")

    def test_unsupported_user_state(self):
        self.create("--message-action", "SUPPRESS")
        self.cli("admin-set-user-password", "--user-pool-id", self.pool,
                 "--username", "alice", "--password", "N3w-Passw0rd!",
                 "--permanent")
        self.refused("UnsupportedUserStateException",
                     "Resend not possible. alice status is not "
                     "FORCE_CHANGE_PASSWORD", "--message-action", "RESEND")

    def test_wrong_secret(self):
        wrong = dict(self.usher.key, SecretAccessKey="x" * 40)
        done = self.run_cli("list-user-pools", "--max-results", "1",
                            key=wrong)
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("(InvalidSignatureException) when calling the "
                      "ListUserPools operation: The request signature we "
                      "calculated does not match", done.stderr)

    def test_unknown_key(self):
        wrong = dict(self.usher.key, AccessKeyId="AKIA" + "A" * 16)
        done = self.run_cli("list-user-pools", "--max-results", "1",
                            key=wrong)
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("(UnrecognizedClientException) when calling the "
                      "ListUserPools operation: The security token included "
                      "in the request is invalid.", done.stderr)

    def test_internal_error(self):
        """The database is away: 500, and no word of the inside."""
        self.usher.sql("alter table usher.account rename to away")
        try:
            done = self.run_cli("admin-create-user", "--user-pool-id",
                                self.pool, "--username", "alice")
        finally:
            self.usher.sql("alter table usher.away rename to account")
        self.assertEqual(done.returncode, REFUSED)
        self.assertRegex(done.stderr, r"\A\nAn error occurred \(Internal"
                         r"ErrorException\) when calling the AdminCreateUser "
                         r"operation \(reached max retries: 2\): "
                         r"Internal server error; request [0-9a-f-]{36}\n\Z")
        self.create("--message-action", "SUPPRESS")


if __name__ == "__main__":
    house.main()
