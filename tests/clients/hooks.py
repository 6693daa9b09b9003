# SPDX-License-Identifier: MIT
"""What the tests of triggers share: a webhook that answers as told, and an
installation whose trigger_file names it."""
import json

import aws
import house
import http_peer
from house import HOUSE

SECRET = "the secret of these hooks"


class Hook(http_peer.Peer):
    """Returns the event as a function that does nothing; ACT(event) changes
    it, or answers something else by a tuple."""

    def __init__(self, tls=None):
        super().__init__(self.choose, tls)
        self.act = None

    def choose(self, count, request):
        event = json.loads(request.body)
        answer = self.act(event) if self.act else event
        if isinstance(answer, (dict, list)):
            return 200, json.dumps(answer)
        return answer

    def events(self):
        return [json.loads(request.body) for request in self.requests]

    def sources(self):
        return [event["triggerSource"] for event in self.events()]


def arn(name):
    return f"arn:aws:lambda:us-east-1:000000000000:function:{name}"


def row(name, url, secret, **more):
    return {"arn": arn(name), "url": url, "secret_file": secret,
            "allow_private_addresses": True, **more}


def texts(**response):
    """A function that says so."""
    def act(event):
        event["response"].update(response)
        return event
    return act


def raises(message):
    """As Lambda's Invoke tells of an error."""
    body = json.dumps({"errorMessage": message, "errorType": "Error"})
    return lambda event: (200, body, {"X-Amz-Function-Error": "Unhandled"})


class Case(aws.Case):
    @classmethod
    def setUpClass(cls):
        HOUSE.note_secret(SECRET, "secret of the hooks")
        cls.usher = aws.Server(**cls.settings)
        cls.usher.good("sandbox", "exit")
        cls.secret = cls.usher.file("hook-secret", SECRET + "\n")
        cls.sign_up = Hook()
        cls.message = Hook()
        cls.write_rows(cls.rows())
        cls.usher.start()
        cls.aws = cls.usher.client()

    @classmethod
    def rows(cls):
        return [cls.row_to("sign-up", cls.sign_up),
                cls.row_to("message", cls.message)]

    @classmethod
    def row_to(cls, name, hook):
        return row(name, f"http://127.0.0.1:{hook.port}/2015-03-31/functions"
                         "/function/invocations", cls.secret)

    @classmethod
    def write_rows(cls, rows):
        cls.usher.write(trigger_file=cls.usher.file(
            "triggers.json", json.dumps({"triggers": rows})))

    def setUp(self):
        for hook in (self.sign_up, self.message):
            hook.act = None
            hook.requests.clear()
        self.pool = self.make_pool(LambdaConfig={
            "PreSignUp": arn("sign-up"), "CustomMessage": arn("message")})

    def create(self, username="alice", **more):
        more = {"UserAttributes": [
            {"Name": "email", "Value": f"{username}@example.com"},
            {"Name": "email_verified", "Value": "True"}],
                "DesiredDeliveryMediums": ["EMAIL"], **more}
        return self.aws.admin_create_user(
            UserPoolId=self.pool, Username=username, **more)["User"]

    def confirm(self, username="alice", **more):
        """Makes a user with a password of their own; nothing is sent."""
        self.create(username, MessageAction="SUPPRESS", **more)
        self.aws.admin_set_user_password(
            UserPoolId=self.pool, Username=username, Password="Abcdef1!",
            Permanent=True)

    def reset(self, username="alice", **more):
        return self.aws.admin_reset_user_password(
            UserPoolId=self.pool, Username=username, **more)

    def refused(self, code, words, username="alice", **more):
        self.fails(code, words, self.create, username=username, **more)

    def nothing_written(self, username="alice"):
        self.fails("UserNotFoundException", "User does not exist.",
                   self.aws.admin_get_user, UserPoolId=self.pool,
                   Username=username)
        for table in ("account", "message", "name"):
            self.assertEqual(self.usher.sql(
                f"select count(*) from {table} "
                f"where pool_id = '{self.pool}'"), "0", table)

    def mail_to(self, username="alice"):
        """The newest one."""
        def look():
            return [mail for mail in self.usher.inbox()
                    if mail["pool"] == self.pool
                    and mail["to"] == f"{username}@example.com"]
        return house.wait_until(look, 15, "the mail")[-1]
