# SPDX-License-Identifier: MIT
"""What the tests with AWS's own clients share: an usherd that serves the API
and captures what it would send, an access key, boto3's client."""
import json
import os
import socket
import sys
import threading
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "integration", "peers"))

import boto3  # noqa: E402
from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402

import house  # noqa: E402
from house import HOUSE  # noqa: E402

REGION = "us-east-1"
ACCOUNT = "000000000000"
TARGET = "AWSCognitoIdentityProviderService."
TYPE = "application/x-amz-json-1.1"
MAKING = threading.Lock()  # boto3 makes one client at a time, no more
MAIL = {"DesiredDeliveryMediums": ["EMAIL"]}
TEMPLATE = {"EmailSubject": "Welcome", "EmailMessage":
            "Sign in as {username} with {####}",
            "SMSMessage": "{username}: {####}"}


def mail_of(address):
    return [{"Name": "email", "Value": address}]


class Server(house.Usher):
    """An installation whose usherd serves the API."""

    def __init__(self, **settings):
        self.port = HOUSE.port()
        super().__init__(HOUSE, listen=f"127.0.0.1:{self.port}",
                         mail_carrier="capture", text_carrier="capture",
                         allow_capture="yes", **settings)
        self.init()
        self.url = f"http://127.0.0.1:{self.port}"

    def make_key(self, user, *words):
        key = self.run("access-key", "create", "--user", user, *words,
                       "--json", secret=True).json()
        HOUSE.note_secret(key["SecretAccessKey"], "secret of a key")
        return key

    def environment(self, key=None):
        """What AWS's tools read."""
        key = key or self.key
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
                "AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "",
                "AWS_SHARED_CREDENTIALS_FILE": ""}

    def client(self, key=None, url=None, **options):
        """boto3's, which tries each call once."""
        key = key or self.key
        options = {"retries": {"total_max_attempts": 1}, **options}
        with MAKING:
            return boto3.client(
                "cognito-idp", endpoint_url=url or self.url,
                region_name=REGION, aws_access_key_id=key["AccessKeyId"],
                aws_secret_access_key=key["SecretAccessKey"],
                config=Config(**options))

    def send(self, operation, **request):
        """What boto3 does not know or will not send: the answer, whose
        __type is the class of an error."""
        signed = AWSRequest("POST", self.url + "/", data=json.dumps(request),
                            headers={"X-Amz-Target": TARGET + operation,
                                     "Content-Type": TYPE})
        SigV4Auth(Credentials(self.key["AccessKeyId"],
                              self.key["SecretAccessKey"]),
                  "cognito-idp", REGION).add_auth(signed)
        try:
            with urllib.request.urlopen(urllib.request.Request(
                    signed.url, signed.data.encode(),
                    dict(signed.headers.items()))) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return json.loads(error.read())

    def start(self, *words):
        daemon = super().start(*words)
        house.wait_until(self.answers, 15, "the API answers")
        return daemon

    def answers(self):
        """Whether the listener does."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False

    def inbox(self):
        """What would have been sent, oldest first."""
        return self.run("inbox", "--json", secret=True).json()

    def mails(self, address, count):
        """The newest COUNT that were captured for that address or number,
        once there are so many; their passwords must stay secret."""
        mails = self.good("inbox", "--json", "--to", address, "--count",
                          str(count), "--timeout", "50", secret=True).json()
        for mail in mails:
            if mail.get("password"):
                HOUSE.note_secret(mail["password"], f"password of {address}")
        return mails

    def messages(self, pool):
        """How many were queued for the pool's users, whatever their state."""
        return int(self.sql(
            f"select count(*) from message where pool_id = '{pool}'"))


class Case(house.Case):
    """One server and one client for all tests of a class."""
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.usher = Server(**cls.settings)
        cls.usher.start()
        cls.aws = cls.usher.client()

    def tearDown(self):
        """It stays for the next test."""

    def make_pool(self, **settings):
        answer = self.aws.create_user_pool(
            **{"PoolName": self.id()[-100:], **settings})
        return answer["UserPool"]["Id"]

    def refuses(self, code, words, operation, **request):
        """The same of what boto3 does not know or will not send."""
        answer = self.usher.send(operation, **request)
        self.assertEqual((answer.get("__type"), answer.get("message")),
                         (code, words))

    def fails(self, code, words, function, **request):
        """The call is refused by that class of error, in these words."""
        with self.assertRaises(self.aws.exceptions.ClientError) as caught:
            function(**request)
        error = caught.exception.response["Error"]
        self.assertEqual((error["Code"], error["Message"]), (code, words))
        return caught.exception
