#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The golden cases of AdminCreateUser by number, as a client meets them: what
is sent, several callers at once, signatures and permissions. 61 with sixteen
clients, and more of 62: boto.py."""
import email
import email.policy
import json
import re
import signal
import string
import threading

import aws
import house
from cut import Cut
from golden_case import (ALIAS, BY_MAIL, EXISTS, GOOD, POLICY, Case,
                         attributes, verified)
from house import HOUSE
from signer import Caller, Signer

SYMBOLS = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-"
ROUNDS = 100


class Sent(Case):
    def captured(self, address):
        """What was, by now."""
        return self.usher.json("inbox", "--to", address, secret=True)

    def invite(self, pool, address, username="alice", **more):
        """The user, and the one mail that came of it."""
        user = self.create(pool, username, **BY_MAIL, **more,
                           UserAttributes=attributes(email=address))
        mail, = self.usher.mails(address, 1)
        self.assertEqual(self.usher.messages(pool), 1)
        return user, mail

    def test_29_given_password(self):
        HOUSE.note_secret(GOOD, "a given password")
        user, mail = self.invite(self.make_pool(), "case29@example.com",
                                 TemporaryPassword=GOOD)
        self.assertEqual(user["UserStatus"], "FORCE_CHANGE_PASSWORD")
        self.assertEqual(mail["password"], GOOD)
        self.assertIn(GOOD, mail["text"])

    def test_30_generated_passwords_satisfy_the_policy(self):
        pool = self.make_pool()
        caller = Caller(self.usher.port, Signer(self.usher.key))
        for number in range(1000):
            caller.must("AdminCreateUser", UserPoolId=pool,
                        Username=f"user{number}", **BY_MAIL,
                        UserAttributes=attributes(email="case30@example.com"))
        caller.close()
        passwords = {mail["password"] for mail in
                     self.usher.mails("case30@example.com", 1000)}
        self.assertEqual(len(passwords), 1000)
        for password in passwords:
            self.assertGreaterEqual(len(password), 8)
            for letters in (string.ascii_lowercase, string.ascii_uppercase,
                            string.digits, SYMBOLS):
                self.assertTrue(set(password) & set(letters), password)

    def test_44_medium_unset(self):
        pool = self.make_pool()
        self.create(pool, "alice",
                    UserAttributes=attributes(email="case44@example.com"))
        self.nothing_sent(pool)

    def test_45_one_mail(self):
        pool = self.make_pool(AdminCreateUserConfig={"InviteMessageTemplate": {
            "EmailSubject": "Welcome {username}",
            "EmailMessage": "<p>{username}, use <b>{####}</b></p>"}})
        _, mail = self.invite(pool, "case45@example.com")
        self.assertEqual((mail["medium"], mail["subject"], mail["username"]),
                         ("EMAIL", "Welcome alice", "alice"))
        raw = email.message_from_string(mail["raw"],
                                        policy=email.policy.default)
        self.assertEqual(raw["To"], "case45@example.com")
        self.assertEqual(
            raw.get_body(("html",)).get_content().strip(),
            f"<p>alice, use <b>{mail['password']}</b></p>")

    def test_46_both_media(self):
        pool = self.make_pool()
        self.create(pool, "alice", DesiredDeliveryMediums=["SMS", "EMAIL"],
                    UserAttributes=attributes(email="case46@example.com",
                                              phone_number="+15555550146"))
        mail, = self.usher.mails("case46@example.com", 1)
        text, = self.usher.mails("+15555550146", 1)
        self.assertEqual((mail["medium"], text["medium"]), ("EMAIL", "SMS"))
        self.assertEqual(mail["password"], text["password"])
        self.assertIn(text["password"], text["text"])
        self.assertEqual(self.usher.messages(pool), 2)

    def test_47_suppress(self):
        pool = self.make_pool()
        user = self.create(pool, "alice", MessageAction="SUPPRESS", **BY_MAIL,
                           UserAttributes=attributes(
                               email="case47@example.com"))
        self.assertEqual(user["UserStatus"], "FORCE_CHANGE_PASSWORD")
        self.nothing_sent(pool)

    def test_49_resend_to_nobody(self):
        self.refused("UserNotFoundException", "User does not exist.",
                     self.make_pool(), MessageAction="RESEND")

    def test_50_resend_to_a_confirmed_user(self):
        pool = self.pool_of_codes()
        self.create(pool, "alice", UserAttributes=verified("a@example.com"))
        self.refused("UnsupportedUserStateException", "Resend not possible. "
                     "alice status is not FORCE_CHANGE_PASSWORD", pool,
                     MessageAction="RESEND")

    def test_51_resend(self):
        pool = self.make_pool()
        user, first = self.invite(pool, "case51@example.com")
        expires = "password_expires_at > modified_at + interval '6 days'"
        before = self.account(pool, "password_expires_at")
        again = self.create(pool, "alice", MessageAction="RESEND", **BY_MAIL)
        _, second = self.usher.mails("case51@example.com", 2)
        self.assertNotEqual(first["password"], second["password"])
        self.assertEqual((again["Attributes"], again["UserCreateDate"]),
                         (user["Attributes"], user["UserCreateDate"]))
        self.assertGreater(again["UserLastModifiedDate"],
                           user["UserLastModifiedDate"])
        self.assertEqual(self.account(
            pool, f"{expires} and password_expires_at > '{before}'"), "t")

    def test_52_resend_after_expiry(self):
        pool = self.make_pool()
        self.invite(pool, "case52@example.com")
        self.usher.sql("update account set password_expires_at = now() - "
                       f"interval '1 day' where pool_id = '{pool}'")
        self.create(pool, "alice", MessageAction="RESEND", **BY_MAIL)
        self.usher.mails("case52@example.com", 2)
        self.assertEqual(self.account(pool, "password_expires_at > now()"),
                         "t")

    def test_53_resend_with_attributes(self):
        pool = self.make_pool()
        user, _ = self.invite(pool, "case53@example.com")
        again = self.create(pool, "alice", MessageAction="RESEND",
                            UserAttributes=attributes(
                                email="other@example.com", name="Alice"))
        self.assertEqual(again["Attributes"], user["Attributes"])
        self.assertEqual(self.get(pool, "alice")["UserAttributes"],
                         user["Attributes"])

    def test_54_resend_against_the_policy(self):
        pool = self.make_pool()
        self.invite(pool, "case54@example.com")
        before = self.account(pool, "password_hash, password_expires_at")
        self.refused("InvalidPasswordException",
                     POLICY + "Password not long enough", pool,
                     MessageAction="RESEND", TemporaryPassword="short1A",
                     **BY_MAIL)
        self.assertEqual(
            self.account(pool, "password_hash, password_expires_at"), before)
        self.assertEqual(self.usher.messages(pool), 1)

    def test_60_metadata_is_stored_nowhere(self):
        marks = ("mark-of-metadata", "mark-of-validation")
        self.invite(self.make_pool(), "case60@example.com",
                    ClientMetadata={"for": marks[0]},
                    ValidationData=attributes(whatever=marks[1]))
        tables = self.usher.sql(
            "select relname from pg_class where relkind = 'r' and "
            "pg_table_is_visible(oid) and relname !~ '^(pg|sql)_'").split()
        self.assertIn("message", tables)
        for table in tables:
            for mark in marks:
                self.assertEqual(self.usher.sql(
                    f"select count(*) from {table} as one "
                    f"where one::text like '%{mark}%'"), "0", table)
        for mark in marks:
            self.assertNotIn(mark, self.usher.logged())

    def test_62_cut_behind_the_commit(self):
        pool = self.make_pool()
        cut = Cut(self.usher.port, 1)
        made = self.usher.client(
            url=cut.url, retries={"mode": "legacy"}).admin_create_user(
                UserPoolId=pool, Username="alice", **BY_MAIL,
                UserAttributes=attributes(email="case62@example.com"))
        cut.stop()
        self.assertEqual(cut.cut, 1)
        self.assertEqual(made["User"]["Attributes"],
                         self.get(pool, "alice")["UserAttributes"])
        self.usher.mails("case62@example.com", 1)
        self.assertEqual(self.usher.messages(pool), 1)

    def test_63_killed_before_delivery(self):
        pool = self.make_pool()
        self.usher.good("lane", "pause", "mail")
        self.addCleanup(self.usher.run, "lane", "resume", "mail")
        self.create(pool, "alice", **BY_MAIL,
                    UserAttributes=attributes(email="case63@example.com"))
        self.usher.stop(how=signal.SIGKILL)
        self.usher.start()
        self.assertEqual(self.get(pool, "alice")["UserStatus"],
                         "FORCE_CHANGE_PASSWORD")
        self.assertEqual(self.captured("case63@example.com"), [])
        self.usher.good("lane", "resume", "mail")
        mail, = self.usher.mails("case63@example.com", 1)
        self.usher.reaches(mail["message"], "sent")
        self.assertEqual(len(self.captured("case63@example.com")), 1)


class Callers(Case):
    def test_61_two_at_once(self):
        pool = self.make_pool()
        meeting = threading.Barrier(2)
        answers = [[], []]

        def create_all(mine):
            caller = Caller(self.usher.port, Signer(self.usher.key))
            for number in range(ROUNDS):
                meeting.wait(60)
                mine.append(caller.call(
                    "AdminCreateUser", UserPoolId=pool,
                    Username=f"user{number}").error())
            caller.close()
        threads = [threading.Thread(target=create_all, args=(mine,))
                   for mine in answers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        refusal = (EXISTS, "User account already exists")
        for pair in zip(*answers, strict=True):
            self.assertEqual(sorted(pair, key=str), [refusal, None])
        self.assertEqual(self.account(pool, "count(*)"), str(ROUNDS))

    def ask(self, signer, leave_out="", operation="AdminCreateUser"):
        """The answer to a call with that signature, or without a header."""
        caller = Caller(self.usher.port, signer)
        body = json.dumps({"UserPoolId": self.make_pool(),
                           "Username": "alice"}).encode()
        headers = signer.sign(caller.host, operation, body)
        headers.pop(leave_out, None)
        answer = caller.post(body, headers)
        caller.close()
        self.assertEqual(answer.headers["x-amzn-ErrorType"],
                         f"{answer.body['__type']}:")
        return answer

    def test_64_signatures(self):
        key = self.usher.key
        invalid = "InvalidSignatureException"
        wrong = {**key, "SecretAccessKey": "x" * 40}
        table = [
            (Signer(key), "authorization",
             "MissingAuthenticationTokenException",
             "Missing Authentication Token"),
            (Signer(wrong), "", invalid, "The request signature we calculated "
             "does not match the signature you provided. Check your AWS "
             "Secret Access Key and signing method. Consult the service "
             "documentation for details."),
            (Signer({**key, "AccessKeyId": "AKIAUNKNOWN"}), "",
             "UnrecognizedClientException",
             "The security token included in the request is invalid."),
            (Signer(key, service="sns"), "", invalid, "Credential should be "
             "scoped to correct service: 'cognito-idp'."),
            (Signer(key, region="eu-west-1"), "", invalid,
             "Credential should be scoped to a valid region."),
        ]
        for signer, leave_out, code, words in table:
            with self.subTest(words):
                answer = self.ask(signer, leave_out)
                self.assertEqual((answer.status, answer.error()),
                                 (400, (code, words)))

    def test_64_clocks(self):
        time = "[0-9]{8}T[0-9]{6}Z"
        for late, words in (
                (600, f"Signature expired: {time} is now earlier than {time} "
                 rf"\({time} - 5 min\.\)"),
                (-600, f"Signature not yet current: {time} is still later "
                 rf"than {time} \({time} \+ 5 min\.\)")):
            code, message = self.ask(Signer(self.usher.key,
                                            late=late)).error()
            self.assertEqual(code, "InvalidSignatureException")
            self.assertTrue(re.fullmatch(words, message), message)

    def test_65_key_without_permission(self):
        policy = self.usher.file("policy.json", json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "cognito-idp:ListUserPools",
                "Resource": "*"}]}))
        nobody = self.usher.client(
            self.usher.make_key("nobody", "--policy", policy))
        for pool in (self.make_pool(), "us-east-1_nowhere", "bad id"):
            self.fails(
                "AccessDeniedException",
                f"User: arn:aws:iam::{aws.ACCOUNT}:user/nobody is not "
                "authorized to perform: cognito-idp:AdminCreateUser on "
                f"resource: arn:aws:cognito-idp:us-east-1:{aws.ACCOUNT}:"
                f"userpool/{pool} because no identity-based policy allows "
                "the cognito-idp:AdminCreateUser action",
                nobody.admin_create_user, UserPoolId=pool, Username="alice")


class Switched(Case):
    settings = {"alias_conflict_error": "AliasExistsException",
                "invite_default_medium": "auto"}

    def test_14_switched(self):
        pool = self.make_pool(**ALIAS)
        self.create(pool, "alice", UserAttributes=verified("a@example.com"))
        self.refused("AliasExistsException",
                     "An account with the email already exists.", pool, "bob",
                     UserAttributes=verified("a@example.com"))

    def test_44_switched(self):
        pool = self.make_pool()
        self.create(pool, "alice",
                    UserAttributes=attributes(email="auto@example.com"))
        self.usher.mails("auto@example.com", 1)
        self.assertEqual(self.usher.messages(pool), 1)


if __name__ == "__main__":
    house.main()
