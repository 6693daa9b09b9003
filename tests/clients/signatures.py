#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Signatures: what botocore signs is taken, whatever the request; what was
changed behind it, or signed for something else, is refused.

covers: api/sigv4.c
"""
import datetime
import email.utils
import http.client
import random

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import aws
import house
import signer
from house import SLOW

SEED = random.SystemRandom().randrange(1 << 32)
LIST = signer.TARGET + "ListUserPools"
BODY = b'{"MaxResults":1}'
DOES_NOT_MATCH = (
    "The request signature we calculated does not match the signature you "
    "provided. Check your AWS Secret Access Key and signing method. Consult "
    "the service documentation for details.")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class SignatureCase(aws.Case):
    def sign(self, url="/", body=BODY, headers=(), key=None,
             region=aws.REGION, service="cognito-idp", method="POST"):
        key = key or self.usher.key
        request = AWSRequest(method, self.usher.url + url, data=body)
        request.headers["Content-Type"] = signer.TYPE
        request.headers["X-Amz-Target"] = LIST
        for name, value in headers:
            request.headers.add_header(name, value)
        SigV4Auth(Credentials(key["AccessKeyId"], key["SecretAccessKey"],
                              key.get("Token")),
                  service, region).add_auth(request)
        request.headers["Host"] = f"127.0.0.1:{self.usher.port}"
        return list(request.headers.items())

    def send(self, headers, url="/", body=BODY, method="POST"):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.usher.port, timeout=30 * SLOW)
        try:
            connection.putrequest(method, url, skip_host=True,
                                  skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return signer.Answer(connection.getresponse())
        finally:
            connection.close()

    def refused(self, code, words, headers, **more):
        self.assertEqual(self.send(headers, **more).error(), (code, words))

    @staticmethod
    def changed(headers, name, change):
        return [(key, change(value) if key == name else value)
                for key, value in headers]


class Good(SignatureCase):
    def request_of(self, dice):
        def word(letters=LETTERS, most=12):
            return "".join(dice.choice(letters)
                           for _ in range(dice.randint(1, most)))
        pairs = []
        for _ in range(dice.randint(0, 6)):
            name = word("abc-.1~_", 3)
            pairs.append(name if dice.random() < .2
                         else f"{name}={word('ab01%-._~' * 2, 4)}"
                         .replace("%", "%C3%A4"))
        headers = [(f"X-{word(most=3)}",
                    (" " * dice.randint(0, 2)).join(
                        word("ab \t,;=:\"'/1", 8).strip() + "x"
                        for _ in range(dice.randint(1, 4))))
                   for _ in range(dice.randint(0, 8))]
        url = "/?" + "&".join(pairs) if pairs else "/"
        body = BODY[:-1] + (',"x":"%s"}' % word(LETTERS + "äß€😀", 400)
                            ).encode()
        return url, headers, body

    def test_whatever_botocore_signs(self):
        dice = random.Random(SEED)
        for turn in range(300):
            url, headers, body = self.request_of(dice)
            with self.subTest(seed=SEED, turn=turn, url=url, headers=headers):
                signed = self.sign(url, body, headers)
                dice.shuffle(signed)
                # The order of equal names is part of what is signed.
                signed.sort(key=lambda pair: headers.index(pair)
                            if pair in headers else -1)
                answer = self.send(signed, url, body)
                self.assertEqual(answer.status, 200, answer.body)

    def test_blanks_on_the_way(self):
        headers = self.sign(headers=[("X-One", "a  b")])
        for value in ("a b", "a\tb", "  a   b\t"):
            answer = self.send(self.changed(headers, "X-One",
                                            lambda old, new=value: new))
            self.assertEqual(answer.status, 200, value)


class Bad(SignatureCase):
    def test_changed_on_the_way(self):
        headers = self.sign(headers=[("X-One", "a")])
        wrong = ("InvalidSignatureException", DOES_NOT_MATCH)
        self.assertEqual(self.send(headers).status, 200)
        for name, change in (
                ("X-Amz-Target",
                 lambda old: signer.TARGET + "DeleteUserPool"),
                ("X-One", lambda old: "b"), ("X-One", lambda old: "aa"),
                ("Content-Type", lambda old: old + ";"),
                ("Host", lambda old: "localhost"),
                ("Authorization", lambda old: old[:-1] + "x")):
            with self.subTest(name=name):
                self.refused(*wrong, self.changed(headers, name, change))
        self.refused(*wrong, headers, body=BODY + b" ")
        self.refused(*wrong, headers, body=b"")
        self.refused(*wrong, headers, url="/?a")
        self.refused(*wrong, [*headers, ("X-One", "a")])

    def test_signed_for_something_else(self):
        for words, more in (
                ("Credential should be scoped to a valid region.",
                 {"region": "eu-central-1"}),
                ("Credential should be scoped to correct service: "
                 "'cognito-idp'.", {"service": "sns"}),
                (DOES_NOT_MATCH, {"method": "PUT"}),
                (DOES_NOT_MATCH, {"key": {**self.usher.key,
                                          "SecretAccessKey": "x" * 40}})):
            with self.subTest(words=words):
                self.refused("InvalidSignatureException", words,
                             self.sign(**more))
        invalid = ("UnrecognizedClientException",
                   "The security token included in the request is invalid.")
        self.refused(*invalid, self.sign(key={
            **self.usher.key, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}))
        self.refused(*invalid, self.sign(key={**self.usher.key,
                                              "Token": "SESSION"}))

    def test_left_out(self):
        headers = self.sign()
        for name, code, words in (
                ("Authorization", "MissingAuthenticationTokenException",
                 "Missing Authentication Token"),
                ("X-Amz-Date", "IncompleteSignatureException",
                 "Authorization header requires existence of either a "
                 "'X-Amz-Date' or a 'Date' header."),
                ("Content-Type", "InvalidSignatureException",
                 "'content-type' is named in SignedHeaders but was not in "
                 "the request.")):
            with self.subTest(name=name):
                self.refused(code, words, [pair for pair in headers
                                           if pair[0] != name])
        for name, words in (
                ("Credential", "Authorization header requires 'Credential' "
                 "parameter."),
                ("Signature", "Authorization header requires 'Signature' "
                 "parameter."),
                ("SignedHeaders", "Authorization header requires "
                 "'SignedHeaders' parameter.")):
            with self.subTest(name=name):
                self.refused(
                    "IncompleteSignatureException", words,
                    self.changed(headers, "Authorization",
                                 lambda old, name=name: old.replace(
                                     name + "=", "X=")))

    def test_unsigned_headers(self):
        headers = self.sign()
        for name, shown in (("host", "Host"), ("x-amz-date", "X-Amz-Date"),
                            ("x-amz-target", "X-Amz-Target")):
            words = (f"'{shown}' must be a 'SignedHeader' in the AWS "
                     "Authorization.")
            for end in (";", ","):
                without = self.changed(
                    headers, "Authorization", lambda old, name=name, end=end:
                    old.replace(";" + name + end, end))
                if without != headers:
                    self.refused("InvalidSignatureException", words, without)

    def test_other_clocks(self):
        """What JavaScript's SDK corrects by: the words and the Date."""
        for late, words in ((400, "Signature expired: {time} is now earlier "
                             "than {bound} ({now} - 5 min.)"),
                            (-400, "Signature not yet current: {time} is "
                             "still later than {bound} ({now} + 5 min.)")):
            caller = signer.Signer(self.usher.key, late=late)
            headers = caller.sign(f"127.0.0.1:{self.usher.port}",
                                  "ListUserPools", BODY)
            answer = self.send(headers.items())
            sent = email.utils.parsedate_to_datetime(answer.headers["Date"])
            shown = []
            # It was worked on a little before, and the Date is of a clock
            # that lags by some milliseconds.
            for off in (-1, 0, 1, 2):
                now = sent - datetime.timedelta(seconds=off)
                bound = now - datetime.timedelta(
                    seconds=300 if late > 0 else -300)
                shown.append(words.format(
                    time=headers["x-amz-date"],
                    bound=bound.strftime("%Y%m%dT%H%M%SZ"),
                    now=now.strftime("%Y%m%dT%H%M%SZ")))
            self.assertEqual(answer.body["__type"],
                             "InvalidSignatureException")
            self.assertIn(answer.body["message"], shown)
        for late in (250, -250):
            caller = signer.Signer(self.usher.key, late=late)
            headers = caller.sign(f"127.0.0.1:{self.usher.port}",
                                  "ListUserPools", BODY)
            self.assertEqual(self.send(headers.items()).status, 200)


if __name__ == "__main__":
    house.main()
