#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""PreSignUp and CustomMessage by boto3 and a webhook that answers as told:
golden cases 55 to 60, tries, errors, signatures, TLS.

covers: account/hook.c
covers: account/trigger.c
"""
import hashlib
import hmac
import json
import os
import signal
import ssl
import threading

import aws
import hooks
import house
import http_peer
from hooks import arn, raises, texts
from house import HOUSE
from relay import Certificates

DEFAULT = "temporary password"


def refusals(count):
    """Fails COUNT times, by a status of 503, then returns the event."""
    left = [count]

    def act(event):
        left[0] -= 1
        return (503, "busy") if left[0] >= 0 else event
    return act


class SignUp(hooks.Case):
    def test_event(self):
        """Golden cases 57 and 60."""
        self.sign_up.act = texts(autoConfirmUser=True, autoVerifyEmail=True)
        made = self.create(
            ClientMetadata={"tenant": "metadata-7"},
            ValidationData=[{"Name": "why", "Value": "validation-8"}])
        self.assertEqual(made["UserStatus"], "FORCE_CHANGE_PASSWORD")
        self.assertEqual(self.sign_up.events(), [{
            "version": "1", "region": aws.REGION, "userPoolId": self.pool,
            "userName": "alice",
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown",
                              "clientId": "CLIENT_ID_NOT_APPLICABLE"},
            "triggerSource": "PreSignUp_AdminCreateUser",
            "request": {
                "userAttributes": {"email": "alice@example.com",
                                   "email_verified": "true"},
                "validationData": {"why": "validation-8"},
                "clientMetadata": {"tenant": "metadata-7"}},
            "response": {"autoConfirmUser": False, "autoVerifyEmail": False,
                         "autoVerifyPhone": False}}])
        for word in ("metadata-7", "validation-8"):
            for table in ("account", "message", "template", "audit"):
                self.assertEqual(self.usher.sql(
                    f"select count(*) from {table} t "
                    f"where t::text like '%{word}%'"), "0")

    def test_signature(self):
        self.create()
        request = self.sign_up.requests[0]
        self.assertEqual(request.headers["content-type"], "application/json")
        parts = dict(part.split("=") for part in
                     request.headers["x-usher-signature"].split(","))
        self.assertEqual(sorted(parts), ["t", "v1"])
        self.assertEqual(parts["v1"], hmac.new(
            hooks.SECRET.encode(), f"{parts['t']}.{request.body}".encode(),
            hashlib.sha256).hexdigest())

    def test_of_an_sdk(self):
        client = self.usher.client(
            user_agent="aws-sdk-java/1.11.93 Linux/4.9")
        client.admin_create_user(UserPoolId=self.pool, Username="alice")
        self.assertEqual(
            self.sign_up.events()[0]["callerContext"]["awsSdkVersion"],
            "aws-sdk-java-1.11.93")

    def test_username_of_an_address_is_the_sub(self):
        self.pool = self.make_pool(UsernameAttributes=["email"],
                                   LambdaConfig={"PreSignUp": arn("sign-up")})
        made = self.aws.admin_create_user(UserPoolId=self.pool,
                                          Username="a@example.com")["User"]
        event = self.sign_up.events()[0]
        self.assertEqual(event["userName"], made["Username"])
        self.assertEqual(event["request"],
                         {"userAttributes": {"email": "a@example.com"},
                          "validationData": None})

    def test_refuses(self):
        """Golden case 55, as Lambda, its emulator and a webhook say it."""
        body = '{"errorMessage": "no", "errorType": "Error"}'
        for answer in ((200, body, {"X-Amz-Function-Error": "Unhandled"}),
                       (200, body), (403, body)):
            self.sign_up.act = lambda event, answer=answer: answer
            self.refused("UserLambdaValidationException",
                         "PreSignUp failed with error no.")
            self.nothing_written()
        self.assertEqual(len(self.sign_up.requests), 3)
        self.assertEqual(self.message.requests, [])

    def test_words_end_with_a_stop_always(self):
        self.sign_up.act = raises("User could not be created.")
        self.refused("UserLambdaValidationException",
                     "PreSignUp failed with error User could not be "
                     "created..")

    def test_junk(self):
        """Golden case 56."""
        for answer in ("{}", "null", '{"response": {}}', "[]"):
            self.sign_up.act = lambda event, answer=answer: (200, answer)
            self.refused("InvalidLambdaResponseException",
                         "Unrecognizable lambda output")
        self.nothing_written()

    def test_no_json(self):
        for answer in ("", "Task timed out after 3.00 seconds",
                       "x" * 5 * 1024 * 1024):
            self.sign_up.act = lambda event, answer=answer: (200, answer)
            self.refused("InvalidLambdaResponseException",
                         "Invalid lambda function output : Invalid JSON")
        self.nothing_written()
        self.usher.wait_logged("the answer is too long")

    def test_statuses(self):
        for status, name in ((403, "AccessDeniedException"),
                             (404, "ResourceNotFoundException"),
                             (429, "TooManyRequestsException"),
                             (302, "ServiceException")):
            self.sign_up.requests.clear()
            self.sign_up.act = lambda event, status=status: (
                status, '{"message": "no"}', {"Location": "/"})
            self.refused("UnexpectedLambdaException",
                         f"PreSignUp invocation failed due to error {name}.")
            self.assertEqual(len(self.sign_up.requests), 1, status)
        self.nothing_written()

    def test_three_tries(self):
        self.sign_up.act = refusals(2)
        self.create()
        self.assertEqual(len(self.sign_up.requests), 3)
        self.sign_up.requests.clear()
        self.sign_up.act = refusals(3)
        self.refused("UnexpectedLambdaException",
                     "PreSignUp invocation failed due to error "
                     "ServiceException.", username="bob")
        self.assertEqual(len(self.sign_up.requests), 3)

    def test_hangs_up(self):
        def act(event):
            if len(self.sign_up.requests) < 3:
                raise http_peer.Close
            return event
        self.sign_up.act = act
        self.create()
        self.assertEqual(len(self.sign_up.requests), 3)

    def test_does_not_answer(self):
        self.sign_up.act = lambda event: None
        self.refused("UnexpectedLambdaException",
                     "PreSignUp invocation failed due to error "
                     "TimeoutException.")
        self.assertEqual(len(self.sign_up.requests), 3)
        self.nothing_written()

    def test_unknown_arn(self):
        self.pool = self.make_pool(LambdaConfig={"PreSignUp": arn("nobody")})
        self.refused("UnexpectedLambdaException",
                     "PreSignUp invocation failed due to configuration.")
        self.nothing_written()
        self.usher.wait_logged("trigger_file does not name it")

    def test_before_the_name_is_looked_at(self):
        self.create()
        self.sign_up.act = raises("no")
        self.refused("UserLambdaValidationException",
                     "PreSignUp failed with error no.")

    def test_after_the_request_was(self):
        self.fails("InvalidParameterException",
                   "Invalid email address format.", self.create,
                   UserAttributes=[{"Name": "email", "Value": "no"}])
        self.fails("InvalidPasswordException",
                   "Password did not conform with password policy: "
                   "Password not long enough", self.create,
                   TemporaryPassword="Ab1!")
        self.assertEqual(self.sign_up.requests, [])

    def test_suppressed_and_resent(self):
        """Golden case 47, and which triggers a RESEND asks."""
        self.create(MessageAction="SUPPRESS")
        self.assertEqual(self.sign_up.sources(),
                         ["PreSignUp_AdminCreateUser"])
        self.assertEqual(self.message.requests, [])
        self.create(MessageAction="RESEND")
        self.assertEqual(len(self.sign_up.requests), 1)
        self.assertEqual(self.message.sources(),
                         ["CustomMessage_AdminCreateUser"])

    def test_same_call_again(self):
        """It has its answer, and no trigger is asked for it again."""
        self.aws.meta.events.register(
            "before-send.cognito-idp.AdminCreateUser", same_invocation)
        try:
            first = self.create()
            self.assertEqual(self.create(), first)
        finally:
            self.aws.meta.events.unregister(
                "before-send.cognito-idp.AdminCreateUser", same_invocation)
        self.assertEqual(len(self.sign_up.requests), 1)
        self.assertEqual(len(self.message.requests), 1)

    def test_others_do_not_wait(self):
        """Plain creations have their answer while a trigger has none."""
        asked, done = threading.Event(), threading.Event()

        def act(event):
            asked.set()
            done.wait(4)
            return event
        self.sign_up.act = act
        plain = self.make_pool(Policies={})
        slow = [threading.Thread(target=self.create, args=(f"slow{i}",))
                for i in range(3)]
        for thread in slow:
            thread.start()
        self.assertTrue(asked.wait(15))
        for i in range(20):
            self.aws.admin_create_user(UserPoolId=plain, Username=f"u{i}")
        self.assertFalse(done.is_set())
        waiting = [thread for thread in slow if thread.is_alive()]
        self.assertEqual(len(waiting), 3)
        done.set()
        for thread in slow:
            thread.join()

    def test_by_the_command(self):
        self.sign_up.act = raises("no")
        result = self.usher.run("invite", "--pool", self.pool, "--username",
                                "alice")
        self.assertEqual(result.status, 5)
        self.assertIn("PreSignUp failed with error no.", result.err)
        self.assertEqual(len(self.sign_up.requests), 1)


def same_invocation(request, **_):
    request.headers["amz-sdk-invocation-id"] = "one-and-the-same"


class Message(hooks.Case):
    MAIL = "<p>Bonjour {username}, say {####}</p>"

    def test_event(self):
        made = self.create(ClientMetadata={"language": "de"})
        sub = next(pair["Value"] for pair in made["Attributes"]
                   if pair["Name"] == "sub")
        self.assertEqual(self.message.events(), [{
            "version": "1", "region": aws.REGION, "userPoolId": self.pool,
            "userName": "alice",
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown",
                              "clientId": "CLIENT_ID_NOT_APPLICABLE"},
            "triggerSource": "CustomMessage_AdminCreateUser",
            "request": {
                "userAttributes": {
                    "sub": sub,
                    "cognito:user_status": "FORCE_CHANGE_PASSWORD",
                    "email": "alice@example.com", "email_verified": "true"},
                "codeParameter": "{####}",
                "linkParameter": "{##Click Here##}",
                "usernameParameter": "{username}",
                "clientMetadata": {"language": "de"}},
            "response": {"smsMessage": None, "emailMessage": None,
                         "emailSubject": None}}])

    def test_is_sent(self):
        self.message.act = texts(emailMessage=self.MAIL,
                                 emailSubject="Come in")
        self.create()
        mail = self.mail_to()
        self.assertEqual(mail["subject"], "Come in")
        self.assertEqual(mail["text"].strip(),
                         f"Bonjour alice, say {mail['password']}")
        # A RESEND may say something else.
        # What may tell of the user is stored nowhere in the clear.
        self.assertEqual(self.usher.sql(
            "select count(*) from template t "
            "where t::text like '%Bonjour%'"), "0")
        self.message.act = texts(emailMessage="Again: {username} {####}")
        self.create(MessageAction="RESEND")
        again = house.wait_until(
            lambda: self.mail_to() if self.mail_to() != mail else None)
        self.assertEqual(again["text"].strip(),
                         f"Again: alice {again['password']}")

    def test_both_media(self):
        self.message.act = texts(emailMessage=self.MAIL,
                                 smsMessage="SMS {username} {####}")
        self.create(UserAttributes=[
            {"Name": "email", "Value": "alice@example.com"},
            {"Name": "phone_number", "Value": "+441632960123"}],
                    DesiredDeliveryMediums=["EMAIL", "SMS"])
        mail = self.mail_to()
        sms = house.wait_until(lambda: [
            sms for sms in self.usher.inbox()
            if sms["pool"] == self.pool and sms["medium"] == "SMS"])[0]
        self.assertEqual(sms["text"], f"SMS alice {mail['password']}")
        self.assertEqual(len(self.message.requests), 1)

    def test_not_asked_for_nothing(self):
        """Nobody to write to."""
        self.create(DesiredDeliveryMediums=["SMS"])
        self.aws.admin_create_user(UserPoolId=self.pool, Username="bob")
        self.assertEqual(self.message.requests, [])

    def test_lacks_the_code(self):
        """Golden case 58."""
        self.message.act = texts(emailMessage="Hello {username}, secret",
                                 emailSubject="Come in")
        self.create()
        mail = self.mail_to()
        self.assertIn(DEFAULT, mail["text"])
        self.assertIn(mail["password"], mail["text"])
        self.assertNotEqual(mail["subject"], "Come in")
        self.usher.wait_logged("it lacks {####}")
        self.assertNotIn("Hello {username}", self.usher.logged())

    def test_null_is_the_pools(self):
        """Golden case 59."""
        self.pool = self.make_pool(
            LambdaConfig={"CustomMessage": arn("message")},
            AdminCreateUserConfig={"InviteMessageTemplate": {
                "EmailMessage": "Pool: {username} {####}",
                "EmailSubject": "Pool"}})
        self.message.act = texts(emailSubject="Come in")
        self.create()
        mail = self.mail_to()
        self.assertEqual(mail["subject"], "Come in")
        self.assertEqual(mail["text"].strip(),
                         f"Pool: alice {mail['password']}")

    def test_without_a_password(self):
        # Debian's boto3 knows no SignInPolicy.
        self.pool = self.usher.pool(
            LambdaConfig={"CustomMessage": arn("message")},
            Policies={"SignInPolicy": {
                "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}})
        self.message.act = texts(emailMessage="Bonjour {username}")
        self.create()
        mail = self.mail_to()
        self.assertEqual(mail["text"].strip(), "Bonjour alice")
        self.assertNotIn("password", mail)

    def test_refuses(self):
        self.message.act = raises("no")
        self.refused("UserLambdaValidationException",
                     "CustomMessage failed with error no.")
        self.nothing_written()
        self.message.act = None
        self.create()
        password = self.mail_to()["password"]
        self.message.act = lambda event: (200, "{}")
        self.refused("InvalidLambdaResponseException",
                     "Unrecognizable lambda output", MessageAction="RESEND")
        # Who has the old password may use it.
        shown = self.usher.good(
            "user", "show", "--pool", self.pool, "--password-file",
            self.usher.file("given", password), "alice")
        self.assertIn("the password is right", shown.out)


class Reset(hooks.Case):
    def status(self):
        return self.aws.admin_get_user(UserPoolId=self.pool,
                                       Username="alice")["UserStatus"]

    def nothing_changed(self):
        self.assertEqual(self.status(), "CONFIRMED")
        self.assertEqual(self.usher.messages(self.pool), 0)

    def test_is_sent(self):
        self.message.act = texts(emailMessage="Bonjour, codeword-{####}",
                                 emailSubject="Code")
        self.confirm()
        self.reset(ClientMetadata={"language": "de"})
        mail = self.mail_to()
        self.assertEqual(mail["subject"], "Code")
        self.assertEqual(mail["text"].strip(),
                         f"Bonjour, codeword-{mail['password']}")
        event, = self.message.events()
        self.assertEqual(event["triggerSource"],
                         "CustomMessage_ForgotPassword")
        self.assertEqual(event["request"]["clientMetadata"],
                         {"language": "de"})
        self.assertIsNone(event["request"]["usernameParameter"])
        self.assertEqual(self.sign_up.sources(),
                         ["PreSignUp_AdminCreateUser"])

    def test_lacks_the_code(self):
        self.message.act = texts(emailMessage="Hello {username}, secret")
        self.confirm()
        self.reset()
        mail = self.mail_to()
        self.assertIn(mail["password"], mail["text"])
        self.assertNotIn("Hello alice, secret", mail["text"])

    def test_refuses(self):
        self.message.act = raises("no")
        self.confirm()
        self.fails("UserLambdaValidationException",
                   "CustomMessage failed with error no.", self.reset)
        self.nothing_changed()

    def test_not_asked_about_others(self):
        """Whose password cannot be reset."""
        self.create(MessageAction="SUPPRESS")
        self.fails("NotAuthorizedException", "User password cannot be reset "
                   "in the current state.", self.reset)
        self.assertEqual(self.message.requests, [])

    def test_address_changes_meanwhile(self):
        """What was said of one address does not go to another."""
        def act(event):
            self.usher.client().admin_update_user_attributes(
                UserPoolId=self.pool, Username="alice", UserAttributes=[
                    {"Name": "email", "Value": "other@example.com"},
                    {"Name": "email_verified", "Value": "true"}])
            return event
        self.message.act = act
        self.confirm()
        self.fails("TooManyRequestsException",
                   "The user was changed meanwhile.", self.reset)
        self.nothing_changed()
        self.reset()
        self.assertEqual(self.mail_to("other")["medium"], "EMAIL")


class Tls(hooks.Case):
    @classmethod
    def rows(cls):
        folder = HOUSE.make_folder("tls")
        authority = Certificates(folder)
        authority.sign("other", "other.example")
        authority.sign("right", "localhost")
        rows = super().rows()
        cls.peers = {}
        for name in ("other", "right"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(os.path.join(folder, name + ".pem"),
                                    os.path.join(folder, name + ".key"))
            cls.peers[name] = hooks.Hook(context)
            url = f"https://localhost:{cls.peers[name].port}/"
            rows.append(hooks.row(name, url, cls.secret,
                            ca_file=authority.ca_file))
        rows.append(hooks.row("stranger", f"https://localhost:"
                        f"{cls.peers['right'].port}/", cls.secret))
        rows.append(hooks.row("inside", f"https://localhost:"
                        f"{cls.peers['right'].port}/", cls.secret,
                        ca_file=authority.ca_file,
                        allow_private_addresses=False))
        return rows

    def ask(self, name):
        self.pool = self.make_pool(LambdaConfig={"PreSignUp": arn(name)})
        self.peers["right"].requests.clear()
        self.create()

    def not_asked(self, name, words):
        with self.assertRaises(
                self.aws.exceptions.UnexpectedLambdaException):
            self.ask(name)
        self.usher.wait_logged(words)
        for peer in self.peers.values():
            self.assertEqual(peer.requests, [])

    def test_right(self):
        self.ask("right")
        self.assertEqual(len(self.peers["right"].requests), 1)

    def test_of_another_name(self):
        self.not_asked("other", "SSL")

    def test_of_an_unknown_authority(self):
        self.not_asked("stranger", "certificate")

    def test_private_address(self):
        self.not_asked("inside", "its address is private")


class Settings(house.Case):
    def test_wrong_file(self):
        path = self.usher.file("triggers.json", json.dumps({"triggers": [
            {"arn": arn("a"), "url": "http://example.org/",
             "secret_file": self.usher.file("s", hooks.SECRET)}]}))
        self.usher.write(trigger_file=path)
        with self.assertRaisesRegex(
                AssertionError, f"trigger_file '{path}': trigger 1: "
                                "the url is not https"):
            self.usher.start()
        result = self.usher.run("doctor", "--json")
        self.assertEqual(result.status, 7)
        self.assertIn("the url is not https",
                      result.json()[-1]["words"])

    def test_old_settings_hold(self):
        path = self.usher.file("triggers.json", '{"triggers": []}')
        self.usher.write(trigger_file=path)
        self.usher.start()
        self.assertEqual(self.usher.run("doctor", "--json").json()[-1], {
            "check": "triggers", "good": True, "words": f"{path} names 0"})
        self.usher.file("triggers.json", "{")
        self.usher.daemons[-1].send_signal(signal.SIGHUP)
        self.usher.wait_logged("the old ones hold")


if __name__ == "__main__":
    house.main()
