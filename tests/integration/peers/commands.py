#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands and what they say to bad input: clear words, the right exit
status, nothing half done.

covers: account/keys.c
covers: account/start.c
covers: db/migrate.c
covers: delivery/relay_check.c
"""
import email
import email.policy
import json
import os
import re
import resource
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True

import house  # noqa: E402
import relay  # noqa: E402
from house import HOUSE, Usher, children_of  # noqa: E402

WHY_NO_RELAY = relay.missing()


class Help(house.Case):
    def commands(self):
        text = self.usher.good("--help", config=False).out
        section = text.split("Commands:\n")[1].split("\n\n")[0]
        return [re.match(r"  ([\w-]+(?: [\w-]+)*)  ", line)[1]
                for line in section.splitlines() if line[2] != " "]

    def test_each_command_explains_its_options(self):
        manual = self.usher.good("--manual", config=False).out
        commands = self.commands()
        self.assertGreaterEqual(len(commands), 30)
        for command in commands:
            text = self.usher.good(*command.split(), "--help",
                                   config=False).out
            section = manual.split(f".Ss usher {command}\n")[1].split(
                ".Ss ")[0]
            options = re.findall(r"Fl \\-([a-z-]+)", section)
            # What all commands have, the manual says once.
            for option in [*options, "config", "json", "help"]:
                self.assertIn(f"--{option}", text, command)

    def test_unknown_is_wrong_use(self):
        for words, named in ((("fly",), "fly"), (("pool",), "pool"),
                             (("pool", "fly"), "fly"),
                             (("init", "--fly"), "--fly"),
                             (("init", "-x"), "-x"),
                             (("init", "more"), "more"),
                             (("pool", "show"), "missing"),
                             (("invite", "--pool"), "needs a value"),
                             (("invite", "--suppress=yes"), "--suppress"),
                             (("preview",), "--template")):
            result = self.usher.run(*words, config=False)
            self.assertEqual(result.status, 2, words)
            self.assertIn(named, result.err)
        self.assertEqual(self.usher.run(config=False).status, 2)

    def test_first_word_lists_its_commands(self):
        shown = self.usher.good("pool", "--help", config=False).out
        self.assertIn("usher pool create", shown)
        self.assertNotIn("usher user", shown)
        self.assertIn("usher keyring rotate", self.usher.run(
            "keyring", "rotat", config=False).err)

    def test_80_columns(self):
        for words in ("", "invite", "dev", "preview", "access-key"):
            for line in self.usher.good(*words.split(), "--help",
                                        config=False).out.splitlines():
                self.assertLessEqual(len(line), 80)

    def test_version(self):
        self.assertRegex(self.usher.good("--version", config=False).out,
                         r"usher \d")


class Environment(house.Case):
    def fails(self, status, *words, run=("pool", "list"), usher=None):
        result = (usher or self.usher).run(*run)
        self.assertEqual(result.status, status, result)
        for word in words:
            self.assertIn(word, result.err)
        again = (usher or self.usher).run(*run, "--json")
        self.assertEqual(again.status, status)
        self.assertIn("message", again.json())

    def usherd_fails(self, usher, status, *words):
        done = subprocess.run(
            [os.path.join(house.BUILD, "usherd"), "--config", usher.config],
            capture_output=True, check=False, timeout=30 * house.SLOW)
        text = done.stderr.decode()
        self.assertEqual(done.returncode, status, text)
        for word in words:
            self.assertIn(word, text)

    def other(self, **settings):
        usher = Usher(HOUSE, **{**self.usher.settings, **settings})
        return usher

    def test_no_database(self):
        usher = self.other(database="host=/nonexistent dbname=none")
        self.fails(6, "cannot connect to the database", "/nonexistent",
                   usher=usher)
        self.usherd_fails(usher, 6, "cannot connect to the database")

    def test_empty_database(self):
        usher = self.other(database=HOUSE.database())
        self.fails(6, "usher init", usher=usher)
        self.usherd_fails(usher, 6, "usher init")

    def test_newer_schema(self):
        usher = Usher(HOUSE).init()
        usher.sql("insert into migration (number, name, checksum) values "
                  "(9999, 'later', '')")
        self.fails(6, "9999", usher=usher)
        self.usherd_fails(usher, 6, "9999")
        self.fails(6, "9999", usher=usher, run=("migrate",))

    def test_wrong_key_file(self):
        other = Usher(HOUSE).init()
        mine = self.usher.json("keyring", "show")[0]["id"]
        theirs = other.json("keyring", "show")[0]["id"]
        usher = self.other(key_file=other.settings["key_file"])
        self.fails(7, mine, theirs, usher=usher)
        self.usherd_fails(usher, 7, mine, theirs)

    def test_key_file_that_others_read(self):
        path = os.path.join(self.usher.folder, "open-keys")
        with open(self.usher.settings["key_file"], encoding="ascii") as file:
            keys = file.read()
        HOUSE.note_secret(keys.split()[1] if " " in keys else keys.strip(),
                          "a key")
        self.usher.file("open-keys", keys, 0o644)
        usher = self.other(key_file=path)
        self.fails(7, "chmod 600", path, usher=usher)

    def test_no_key_file(self):
        self.fails(7, "/nonexistent/keys", "usher init",
                   usher=self.other(key_file="/nonexistent/keys"))

    def test_garbled_key_file(self):
        path = self.usher.file("garbled", "abc\n")
        self.fails(7, "line 1", usher=self.other(key_file=path))

    def test_wrong_settings(self):
        for line, words in (('smtp_port = 0', "smtp_port"),
                            ('smtp_tls = "maybe"', "maybe"),
                            ('colour = "red"', "colour"),
                            ('allow_capture = "perhaps"', "perhaps"),
                            ('smtp_host = "unended', "line")):
            path = self.usher.file("wrong.conf", line + "\n")
            result = self.usher.run("pool", "list", "--config", path)
            self.assertEqual(result.status, 7, line)
            self.assertIn(words, result.err)
        result = self.usher.run("pool", "list", "--config", "/nonexistent")
        self.assertEqual(result.status, 7)
        self.assertIn("/nonexistent", result.err)

    def test_init_and_migrate_again(self):
        self.assertIn("there already", self.usher.good("init").out)
        self.assertEqual(self.usher.json("migrate")["ran"], 0)
        self.assertIn("0 migrations ran", self.usher.good("migrate").out)

    def test_capture_is_refused(self):
        usher = self.other(mail_carrier="capture")
        daemon = subprocess.run(
            [os.path.join(house.BUILD, "usherd"), "--config", usher.config,
             "--drain"], capture_output=True, check=False,
            timeout=60 * house.SLOW)
        text = daemon.stderr.decode()
        self.assertIn("allow_capture", text)

    def test_no_core_dumps(self):
        """Passwords are in the memory of usherd and of its lanes."""
        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        try:
            daemon = self.usher.start()
        finally:
            resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
        for pid in (daemon.pid, *children_of(daemon.pid)):
            with open(f"/proc/{pid}/limits", encoding="ascii") as file:
                self.assertRegex(file.read(), r"core file size +0 +0 ")


class Pools(house.Case):
    def create(self, text, *words):
        path = self.usher.file("settings.json", text)
        return self.usher.run("pool", "create", "--file", path, *words)

    def test_malformed_json(self):
        for text, place in (('{"PoolName": "x",}', "settings.json"),
                            ('{"PoolName": "x"', "settings.json"),
                            ('{"PoolName": "a", "PoolName": "b"}',
                             "PoolName"),
                            ('{"PoolName": 7}', "oolName"),
                            ('{"PoolName": ""}', "oolName"),
                            ('[]', ""), ('', "settings.json")):
            result = self.create(text)
            self.assertEqual(result.status, 4, (text, result))
            self.assertIn(place, result.err)
        self.assertEqual(self.usher.json("pool", "list")["UserPools"], [])

    def test_missing_file(self):
        result = self.usher.run("pool", "create", "--file", "/nonexistent/x")
        self.assertEqual(result.status, 4)
        self.assertIn("/nonexistent/x", result.err)

    def test_standard_input(self):
        result = self.usher.good("pool", "create", "--file", "-",
                                 stdin=b'{"PoolName": "piped"}')
        pool = result.out.strip()
        self.assertRegex(pool, r"^us-east-1_\w+$")
        self.usher.good("pool", "delete", pool)

    def test_unknown_pool(self):
        for words in (("pool", "show", "us-east-1_none"),
                      ("pool", "delete", "us-east-1_none"),
                      ("user", "list", "--pool", "us-east-1_none"),
                      ("preview", "--pool", "us-east-1_none"),
                      ("invite", "--pool", "us-east-1_none", "--username",
                       "x")):
            result = self.usher.run(*words)
            self.assertEqual(result.status, 3, words)
            self.assertIn("us-east-1_none", result.err)

    def test_template_without_password(self):
        result = self.create(json.dumps({
            "PoolName": "lacking", "AdminCreateUserConfig": {
                "InviteMessageTemplate": {
                    "EmailMessage": "Hello {username}",
                    "EmailSubject": "Hello"}}}))
        self.assertEqual(result.status, 0, result)
        self.assertIn("warning", result.err)
        self.assertIn("{####}", result.err)
        pool = result.out.strip()
        number = self.usher.invite_mail(pool, "lacking")
        self.usher.write(mail_carrier="capture", allow_capture="yes")
        self.usher.start()
        message = self.usher.reaches(number, "refused")
        self.assertEqual(message["reason"], "template lacks {####}")
        self.assertEqual(self.usher.json("inbox", secret=True), [])
        self.usher.good("pool", "delete", pool)

    def test_update_replaces_everything(self):
        pool = self.usher.pool("full", Policies={"PasswordPolicy": {
            "MinimumLength": 20}}, AdminCreateUserConfig={
                "AllowAdminCreateUserOnly": True})
        path = self.usher.file("settings.json", '{"PoolName": "bare"}')
        self.usher.good("pool", "update", pool, "--file", path)
        settings = self.usher.json("pool", "show", pool)["UserPool"]
        self.assertEqual(
            settings["Policies"]["PasswordPolicy"]["MinimumLength"], 8)
        self.assertFalse(settings["AdminCreateUserConfig"]
                         ["AllowAdminCreateUserOnly"])
        self.usher.good("pool", "delete", pool)

    def test_more_than_a_page(self):
        pools = {self.usher.pool(f"p{i}") for i in range(62)}
        listed = self.usher.json("pool", "list")["UserPools"]
        self.assertTrue(pools <= {entry["Id"] for entry in listed})
        for pool in pools:
            self.usher.good("pool", "delete", pool)


class Users(house.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pool = cls.usher.pool()

    def refused(self, status, *words, **more):
        before = self.usher.sql("select count(*) from account"), \
            self.usher.sql("select count(*) from message")
        result = self.usher.run("invite", "--pool", self.pool, *words, **more)
        self.assertEqual(result.status, status, result)
        after = self.usher.sql("select count(*) from account"), \
            self.usher.sql("select count(*) from message")
        self.assertEqual(before, after)
        return result

    def test_show_judges_a_password(self):
        secret = self.usher.file("chosen", "Chosen-Passw0rd\n")
        HOUSE.note_secret("Chosen-Passw0rd", "a chosen password")
        self.usher.good("invite", "--pool", self.pool, "--username", "judge",
                        "--suppress", "--temporary-password-file", secret)

        def verdict(path):
            return self.usher.json("user", "show", "--pool", self.pool,
                                   "judge", "--password-file",
                                   path)["Password"]
        self.assertEqual(verdict(secret), "right")
        self.assertEqual(verdict(self.usher.file("other", "x\n")), "wrong")
        self.usher.sql("update usher.account set password_expires_at = now() "
                       "- interval '1 s' where username = 'judge'")
        self.assertEqual(verdict(secret), "expired")

    def test_long_name(self):
        result = self.refused(4, "--username", "x" * 10000)
        self.assertIn("username", result.err.lower())
        self.assertLess(len(result.err), 2000)

    def test_a_terminal_obeys_no_error(self):
        result = self.usher.run("pool", "show", "red\x1b[31m\nline")
        self.assertEqual(result.status, 3)
        self.assertIn("red?[31m?line", result.err)
        self.assertNotIn("\x1b", result.err)

    def test_a_us_number_gets_a_hint(self):
        profile = self.usher.file("us.json", json.dumps({
            "name": "us", "url": "http://127.0.0.1:9/", "method": "POST",
            "success": {}}))
        self.usher.write(text_carrier="http", gateway_file=profile)
        words = ("invite", "--pool", self.pool, "--medium", "SMS")
        self.usher.good("sandbox", "exit")
        told = self.usher.good(*words, "--username", "us", "--attribute",
                               "phone_number=+12065550142")
        self.assertIn("registered origination numbers", told.out)
        told = self.usher.good(*words, "--username", "gb", "--attribute",
                               "phone_number=+442065550142")
        self.assertNotIn("origination", told.out)
        self.usher.write(text_carrier="none", gateway_file="")

    def test_odd_names(self):
        for name in ("", "two words", "line\nend", "bell\a"):
            self.refused(4, "--username", name)

    def test_bytes_that_are_not_utf_8(self):
        done = subprocess.run(
            [os.path.join(house.BUILD, "usher").encode(), b"invite",
             b"--config", self.usher.config.encode(), b"--pool",
             self.pool.encode(), b"--username", b"\xff\xfe"],
            capture_output=True, check=False)
        self.assertEqual(done.returncode, 4, done.stderr)

    def test_header_injection(self):
        for address in ("a@example.com\r\nBcc: b@example.com",
                        "a@example.com\nBcc: b@example.com",
                        "a@example.com>\n", "a b@example.com"):
            self.refused(4, "--username", "injected", "--attribute",
                         f"email={address}")
        self.refused(4, "--username", "injected", "--attribute",
                     "phone_number=+1555\r\n5550100")
        result = self.usher.run("pool", "create", "--file", "-", stdin=(
            b'{"PoolName": "x", "EmailConfiguration": {"From": '
            b'"a@example.com\\r\\nBcc: b@example.com"}}'))
        self.assertEqual(result.status, 4, result)

    def test_wrong_attribute(self):
        self.assertIn("NAME=VALUE", self.refused(
            2, "--username", "x", "--attribute", "email").err)
        self.refused(4, "--username", "x", "--attribute", "colour=red")

    def test_missing_options(self):
        result = self.usher.run("invite", "--username", "x")
        self.assertEqual(result.status, 2)
        self.assertIn("--pool", result.err)
        self.assertIn("--username", self.refused(2).err)

    def test_existing_user(self):
        self.usher.invite_mail(self.pool, "twin")
        result = self.refused(5, "--username", "twin")
        self.assertIn("User account already exists", result.err)

    def test_password_against_the_policy(self):
        result = self.refused(4, "--username", "weak",
                              "--temporary-password-file", "-",
                              stdin=b"short\n")
        self.assertIn("policy", result.err)
        self.assertNotIn("short", result.out)

    def test_missing_password_file(self):
        result = self.refused(4, "--username", "x",
                              "--temporary-password-file", "/nonexistent/p")
        self.assertIn("/nonexistent/p", result.err)

    def test_show_password(self):
        self.assertIn("--suppress", self.refused(
            2, "--username", "x", "--show-password").err)
        shown = self.usher.json("invite", "--pool", self.pool, "--username",
                                "shown", "--suppress", "--show-password",
                                secret=True)
        password = shown["TemporaryPassword"]
        HOUSE.note_secret(password, "a shown password")
        self.assertGreaterEqual(len(password), 16)
        self.assertEqual(shown["Messages"], [])

    def test_unknown_user(self):
        for words in (("user", "show"), ("user", "delete")):
            result = self.usher.run(*words, "nobody", "--pool", self.pool)
            self.assertEqual(result.status, 3)
            self.assertIn("User does not exist.", result.err)
        result = self.usher.run("resend", "--pool", self.pool, "--username",
                                "nobody")
        self.assertEqual(result.status, 3)

    def test_more_than_a_page(self):
        pool = self.usher.pool("crowd")
        for i in range(63):
            self.usher.invite(pool, f"user{i}", "--suppress")
        users = self.usher.json("user", "list", "--pool", pool)["Users"]
        self.assertEqual(len({user["Username"] for user in users}), 63)
        self.assertEqual(len(house.lines_of(self.usher.good(
            "user", "list", "--pool", pool).out)), 63)


class Queue(house.Case):
    def test_unknown_message(self):
        for words in (("show",), ("retry",), ("cancel",)):
            result = self.usher.run("queue", *words, "424242")
            self.assertEqual(result.status, 3, words)
            self.assertIn("424242", result.err)
            self.assertEqual(
                self.usher.run("queue", *words, "many").status, 2)

    def test_states(self):
        pool = self.usher.pool()
        number = self.usher.invite_mail(pool, "waiting")
        listed = self.usher.json("queue", "list", "--state", "queued",
                                 "--pool", pool)
        self.assertEqual([entry["id"] for entry in listed], [number])
        self.assertEqual(self.usher.json("queue", "list", "--state", "sent"),
                         [])
        self.assertEqual(self.usher.run("queue", "list", "--state",
                                        "lost").status, 2)
        self.assertEqual(self.usher.run("queue", "retry",
                                        str(number)).status, 5)
        self.usher.good("queue", "cancel", str(number))
        self.assertEqual(self.usher.run("queue", "cancel",
                                        str(number)).status, 5)

    def test_inbox_waits_in_vain(self):
        result = self.usher.run("inbox", "--count", "1", "--timeout", "0")
        self.assertEqual(result.status, 3)
        self.assertIn("0 of 1", result.err)

    def test_sandbox_words(self):
        self.assertEqual(self.usher.run("sandbox", "add", "12").status, 4)
        self.assertEqual(self.usher.run("sandbox", "verify", "+15555550100",
                                        "123456").status, 3)
        self.assertEqual(self.usher.run("sandbox", "verify",
                                        "+15555550100").status, 2)
        self.assertEqual(self.usher.run("sandbox", "remove",
                                        "+15555550100").status, 3)


class Preview(house.Case):
    @classmethod
    def setUpClass(cls):
        cls.usher = Usher(HOUSE, database="host=/nonexistent")

    def test_broken_json_is_no_text(self):
        for text, words in (('{"EmailMessage": "{username} {####}",}',
                             "cannot be read"),
                            ('{"Other": "{username} {####}"}',
                             "no text in EmailMessage"),
                            ('{}', "no text in EmailMessage")):
            result = self.preview(text)
            self.assertEqual(result.status, 4, text)
            self.assertIn(words, result.err)
        self.assertEqual(self.preview("{username}: {####}").status, 0)

    def preview(self, text, *words):
        path = self.usher.file("template", text)
        return self.usher.run("preview", "--template", path, *words,
                              config=False)

    def test_formats(self):
        text = "<p>Hi {username}: <code>{####}</code></p>"
        shown = self.preview(text, "--username", "a<b", "--password", "p&1")
        self.assertEqual(shown.status, 0, shown)
        self.assertIn("Hi a<b: p&1", shown.out)
        self.assertIn("<p>Hi a&lt;b: <code>p&amp;1</code></p>", self.preview(
            text, "--username", "a<b", "--password", "p&1", "--format",
            "html").out)
        mail = email.message_from_string(
            self.preview(text, "--format", "eml", "--subject", "Grüße").out,
            policy=email.policy.default)
        self.assertEqual(mail["Subject"], "Grüße")
        self.assertIn("Hi alice: ", relay.part(mail, "plain"))
        shown = self.preview("{username} {####}", "--medium", "SMS",
                             "--format", "json").json()
        self.assertEqual((shown["encoding"], shown["parts"],
                          shown["warnings"]), ("GSM-7", 1, []))
        self.assertEqual(self.preview(text, "--format", "pdf").status, 2)
        self.assertEqual(self.preview(text, "--medium", "FAX").status, 2)

    def test_warnings(self):
        shown = self.preview("Hi\u200b {username}", "--strict")
        self.assertEqual(shown.status, 4)
        self.assertIn("U+200B at byte offset 2", shown.err)
        self.assertIn("no {####}", shown.err)
        shown = self.preview("{username} {####} Ж", "--medium", "SMS",
                             "--strict", "--json")
        self.assertEqual(shown.status, 4)
        self.assertIn("U+0416", " ".join(shown.json()["warnings"]))
        self.assertEqual(self.preview("<p>{username} {####}</p>",
                                      "--strict").status, 0)

    def test_api_json_and_input(self):
        shown = self.preview(json.dumps({"InviteMessageTemplate": {
            "EmailMessage": "E {username} {####}", "EmailSubject": "S",
            "SMSMessage": "T {username} {####}"}}), "--medium", "SMS",
            "--strict")
        self.assertEqual(shown.status, 0, shown)
        self.assertTrue(shown.out.startswith("T alice"))
        piped = self.usher.run("preview", "--template", "-", config=False,
                               stdin=b"<p>{username} {####}</p>")
        self.assertIn("alice", piped.out)
        self.assertEqual(self.usher.run(
            "preview", "--template", "-", config=False,
            stdin=b"\xff{username} {####}").status, 4)
        self.assertEqual(self.usher.run(
            "preview", "--template", "/nonexistent/t",
            config=False).status, 4)


class Doctor(house.Case):
    def test_unreachable_relay(self):
        port = HOUSE.port()
        self.usher.write(mail_carrier="smtp", smtp_port=port)
        result = self.usher.run("doctor")
        self.assertEqual(result.status, 8)
        self.assertRegex(result.out, "(?m)^database +good")
        self.assertRegex(result.out, "(?m)^keys +good")
        self.assertRegex(result.out, f"(?m)^relay +BAD .*{port}")
        checks = {check["check"]: check for check in
                  self.usher.run("doctor", "--json").json()}
        self.assertFalse(checks["relay"]["good"])
        self.usher.write(mail_carrier="none")
        self.assertEqual(self.usher.run("doctor").status, 0)

    def test_no_database(self):
        usher = Usher(HOUSE, database="host=/nonexistent")
        result = usher.run("doctor")
        self.assertEqual(result.status, 7)
        self.assertRegex(result.out, "(?m)^key file +BAD")
        self.assertRegex(result.out, "(?m)^database +BAD")

    @unittest.skipIf(WHY_NO_RELAY, WHY_NO_RELAY)
    def test_real_relay(self):
        postfix = relay.Relay()
        try:
            password = self.usher.file("smtp", relay.PASSWORD + "\n")
            self.usher.write(**postfix.settings(password))
            result = self.usher.good("doctor")
            self.assertRegex(result.out, "(?m)^relay +good")
            for word in ("< 220 relay.test", "> STARTTLS", "< 235",
                         "(credentials)"):
                self.assertIn(word, result.out)
            wrong = "doctor-wrong-Secret"
            HOUSE.note_login(relay.USER, wrong)
            self.usher.file("smtp", wrong + "\n")
            result = self.usher.run("doctor")
            self.assertEqual(result.status, 8)
            self.assertIn("< 535", result.out)
            self.usher.write(smtp_port=postfix.other_port)
            result = self.usher.run("doctor")
            self.assertEqual(result.status, 8)
            self.assertNotIn("AUTH PLAIN\n", result.out)
            self.usher.write(smtp_port=postfix.plain_port)
            result = self.usher.run("doctor")
            self.assertEqual(result.status, 8)
            self.assertNotIn("> AUTH", result.out)
        finally:
            postfix.stop()
            self.usher.write(mail_carrier="none")


class Daemon(house.Case):
    def refused(self, words, **settings):
        self.usher.write(**settings)
        done = subprocess.run(
            [os.path.join(house.BUILD, "usherd"), "--config",
             self.usher.config], capture_output=True, text=True, check=False,
            timeout=30)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn(words, done.stderr)

    def test_capture_must_be_allowed(self):
        self.refused("allow_capture", mail_carrier="capture")
        self.refused("allow_capture", mail_carrier="none",
                     text_carrier="capture")
        self.refused("limts", text_carrier="http",
                     gateway_file=self.usher.file("gateway.json", json.dumps({
                         "name": "x", "url": "http://127.0.0.1/", "method":
                         "GET", "success": {}, "limts": {}})))
        self.refused("lease_seconds", text_carrier="none", mail_carrier="smtp",
                     lease_seconds=20)


if __name__ == "__main__":
    house.main()
