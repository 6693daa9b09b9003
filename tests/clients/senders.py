#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""CustomEmailSender and CustomSMSSender by boto3 and a webhook: the message
goes there instead of to a carrier, and the caller hears of nothing.

covers: delivery/sender.c
"""
import base64
import hashlib
import hmac
import html

import aws
import hooks
import house
from hooks import arn, texts
from house import HOUSE


def code_of(event):
    """As a receiver opens it."""
    code = event["request"]["code"]
    password = html.unescape(base64.b64decode(code).decode())
    HOUSE.note_secret(code, "code")
    HOUSE.note_secret(password, "password")
    return password


class Senders(hooks.Case):
    settings = {"retry_first": 1}

    @classmethod
    def rows(cls):
        cls.sender = hooks.Hook()
        return [*super().rows(), cls.row_to("mail", cls.sender),
                cls.row_to("sms", cls.sender),
                hooks.row("plain", "http://10.0.0.1/", cls.secret)]

    def setUp(self):
        super().setUp()
        self.sender.act = None
        self.sender.requests.clear()
        self.pool = self.make_pool(LambdaConfig=self.config("mail", "sms"))

    @staticmethod
    def config(mail, sms=None):
        """Without an SMS sender where SMS is None."""
        senders = {"CustomEmailSender": mail, "CustomSMSSender": sms}
        return {"CustomMessage": arn("message"),
                "KMSKeyID": "arn:aws:kms:us-east-1:000000000000:key/1",
                **{name: {"LambdaVersion": "V1_0", "LambdaArn": arn(function)}
                   for name, function in senders.items() if function}}

    def messages(self):
        ids = self.usher.sql("select id from message where pool_id = "
                             f"'{self.pool}' order by id")
        return [int(number) for number in ids.split()]

    def sent(self, count=1):
        """The newest message is, and the sender was told COUNT times."""
        self.usher.reaches(self.messages()[-1], "sent")
        self.assertEqual(len(self.sender.requests), count)
        return self.sender.events()[-1]

    def captured(self):
        return [message for message in self.usher.inbox()
                if message["pool"] == self.pool]

    def test_mail(self):
        made = self.create(ClientMetadata={"tenant": "metadata-9"},
                           TemporaryPassword='A<b>1&"x')
        event = self.sent()
        self.assertEqual(code_of(event), 'A<b>1&"x')
        self.assertEqual(base64.b64decode(event["request"]["code"]),
                         b"A&lt;b&gt;1&amp;&quot;x")
        del event["request"]["code"]
        self.assertEqual(event, {
            "version": "1", "region": aws.REGION, "userPoolId": self.pool,
            "userName": "alice",
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown",
                              "clientId": "CLIENT_ID_NOT_APPLICABLE"},
            "triggerSource": "CustomEmailSender_AdminCreateUser",
            "request": {
                "type": "customEmailSenderRequestV1",
                "clientMetadata": {"tenant": "metadata-9"},
                "userAttributes": {
                    "sub": made["Attributes"][-1]["Value"],
                    "cognito:user_status": "FORCE_CHANGE_PASSWORD",
                    "email": "alice@example.com",
                    "email_verified": "true"}}})
        self.assertEqual(self.captured(), [])
        self.assertEqual(self.message.requests, [])
        for table in ("account", "message", "template", "audit", "attempt"):
            self.assertEqual(self.usher.sql(
                f"select count(*) from {table} t "
                "where t::text like '%metadata-9%'"), "0")

    def test_reset(self):
        self.confirm()
        self.reset(ClientMetadata={"tenant": "9"})
        event = self.sent()
        self.assertEqual(event["triggerSource"],
                         "CustomEmailSender_ForgotPassword")
        # Not for code_of(): six digits stand in logs by chance.
        self.assertRegex(base64.b64decode(event["request"]["code"]).decode(),
                         "^[0-9]{6}$")
        self.assertEqual(event["request"]["clientMetadata"], {"tenant": "9"})
        self.assertEqual(self.captured(), [])
        self.assertEqual(self.message.requests, [])

    def test_signature(self):
        self.create()
        self.sent()
        request = self.sender.requests[0]
        parts = dict(part.split("=") for part in
                     request.headers["x-usher-signature"].split(","))
        self.assertEqual(parts["v1"], hmac.new(
            hooks.SECRET.encode(), f"{parts['t']}.{request.body}".encode(),
            hashlib.sha256).hexdigest())

    def test_both(self):
        self.create(UserAttributes=[
            {"Name": "email", "Value": "alice@example.com"},
            {"Name": "phone_number", "Value": "+441632960123"}],
                    DesiredDeliveryMediums=["EMAIL", "SMS"])
        for number in self.messages():
            self.usher.reaches(number, "sent")
        events = {event["triggerSource"]: event
                  for event in self.sender.events()}
        self.assertEqual(sorted(events), [
            "CustomEmailSender_AdminCreateUser",
            "CustomSMSSender_AdminCreateUser"])
        self.assertEqual(len({code_of(event)
                              for event in events.values()}), 1)
        self.assertEqual(
            events["CustomSMSSender_AdminCreateUser"]["request"]["type"],
            "customSMSSenderRequestV1")

    def test_of_one_medium(self):
        """The other goes as ever, in CustomMessage's words."""
        self.pool = self.make_pool(LambdaConfig=self.config("mail"))
        self.message.act = texts(smsMessage="SMS {username} {####}",
                                 emailMessage="not {username} {####}")
        self.create(UserAttributes=[
            {"Name": "email", "Value": "alice@example.com"},
            {"Name": "phone_number", "Value": "+441632960123"}],
                    DesiredDeliveryMediums=["EMAIL", "SMS"])
        sms = house.wait_until(self.captured)
        self.assertEqual([message["medium"] for message in sms], ["SMS"])
        self.usher.reaches(self.messages()[0], "sent")
        self.assertEqual(sms[0]["text"],
                         f"SMS alice {code_of(self.sender.events()[0])}")
        self.assertEqual(len(self.message.requests), 1)

    def test_resent_and_suppressed(self):
        self.create(MessageAction="SUPPRESS")
        self.create(MessageAction="RESEND")
        first = code_of(self.sent())
        self.create(MessageAction="RESEND")
        self.assertNotEqual(code_of(self.sent(2)), first)

    def test_fails_first(self):
        """The caller does not hear of it, and it is tried again."""
        failures = [(500, "busy"), (404, "{}"),
                    (200, '{"errorMessage": "no"}'),
                    (200, "{}", {"X-Amz-Function-Error": "Unhandled"})]
        self.sender.act = lambda event: (
            failures.pop() if failures else event)
        self.create()
        number = self.messages()[-1]
        for count in range(1, 5):
            house.wait_until(
                lambda count=count: len(self.sender.requests) >= count, 15)
            # Sooner than by the back-off.
            house.wait_until(lambda: not self.usher.sql(
                f"select from lease where {number} = any(ids)"))
            self.usher.sql(f"update later set due_at = now() "
                           f"where id = {number}")
        self.sent(5)
        classes = self.usher.sql(
            "select class, code from message_attempt where "
            f"message_id = {number} order by id nulls last").split()
        self.assertEqual(classes, ["RETRY|200", "RETRY|200", "RETRY|404",
                                   "RETRY|500", "ACCEPTED|200"])

    def waits(self, words):
        number = self.messages()[-1]
        house.wait_until(lambda: words in self.usher.sql(
            f"select reason from later where id = {number}"), 15, words)
        self.assertEqual(self.sender.requests, [])
        self.assertEqual(self.captured(), [])

    def test_silent(self):
        """What waits for it does not ask it one by one."""
        self.sender.act = lambda event: None
        for i in range(12):
            self.create(f"user{i}")
        reasons = "select count(*) from later l join message m using (id) " \
            f"where m.pool_id = '{self.pool}' and l.reason like '%{{}}%'"
        house.wait_until(lambda: self.usher.sql(
            reasons.format("did not answer for another")) != "0", 30)
        # Others go meanwhile.
        plain = self.make_pool()
        self.aws.admin_create_user(
            UserPoolId=plain, Username="bob", DesiredDeliveryMediums=["EMAIL"],
            UserAttributes=[{"Name": "email", "Value": "b@example.com"}])
        house.wait_until(lambda: [mail for mail in self.usher.inbox()
                                  if mail["pool"] == plain], 30)
        self.sender.act = None
        for number in self.messages():
            house.wait_until(lambda number=number: self.usher.sql(
                "update later set due_at = now() "
                f"where id = {number} returning id") or self.usher.message(
                    number)["state"] == "sent", 30)
            self.usher.reaches(number, "sent", 30)

    def test_sandbox(self):
        self.usher.good("sandbox", "enter")
        self.addCleanup(self.usher.run, "sandbox", "exit")
        self.create(UserAttributes=[
            {"Name": "phone_number", "Value": "+441632960123"}],
                    DesiredDeliveryMediums=["SMS"])
        number, = self.messages()
        self.assertEqual(self.usher.message(number)["state"], "blocked")
        self.usher.good("sandbox", "exit")
        self.assertEqual(self.sent()["triggerSource"],
                         "CustomSMSSender_AdminCreateUser")

    def test_unknown_arn(self):
        self.pool = self.make_pool(LambdaConfig=self.config("nobody"))
        self.create()
        self.waits("trigger_file does not name the custom sender")

    def test_by_tls_or_to_this_host(self):
        self.pool = self.make_pool(LambdaConfig=self.config("plain"))
        self.create()
        self.waits("must be https, or this host")

    def test_many(self):
        for i in range(30):
            self.create(f"user{i}")
        for number in self.messages():
            self.usher.reaches(number, "sent")
        self.assertEqual(
            sorted(event["userName"] for event in self.sender.events()),
            sorted(f"user{i}" for i in range(30)))

    def test_without_a_password(self):
        # Debian's boto3 knows no SignInPolicy.
        self.pool = self.usher.pool(
            LambdaConfig=self.config("mail"), Policies={"SignInPolicy": {
                "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}})
        self.create()
        request = self.sent()["request"]
        self.assertIsNone(request["code"])
        self.assertEqual(request["userAttributes"]["cognito:user_status"],
                         "CONFIRMED")


class MailLane(Senders):
    """The same by the lane that speaks to a relay, which is not there: what a
    custom sender brings away does not need it."""
    test_silent = None  # has mail for a relay

    @classmethod
    def setUpClass(cls):
        cls.settings = {"retry_first": 1, "smtp_port": HOUSE.port()}
        super().setUpClass()

    @classmethod
    def write_rows(cls, rows):
        super().write_rows(rows)
        cls.usher.write(mail_carrier="smtp", mail_lanes=1)


if __name__ == "__main__":
    house.main()
