# SPDX-License-Identifier: MIT
"""Signed requests by hand: what boto3 refuses to send, what it is too slow
for, and signatures that are wrong on purpose."""
import datetime
import hashlib
import hmac
import http.client
import json

TARGET = "AWSCognitoIdentityProviderService."
TYPE = "application/x-amz-json-1.1"


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _sha256(text):
    return hashlib.sha256(text).hexdigest()


class Signer:
    """An access key as {"AccessKeyId", "SecretAccessKey"}. LATE: by how many
    seconds the clock is behind."""

    def __init__(self, key, region="us-east-1", service="cognito-idp",
                 late=0):
        self.key = key
        self.region = region
        self.service = service
        self.late = late

    def sign(self, host, operation, body, **more):
        """The headers of a POST of BODY, in bytes, to /; MORE are sent
        unsigned, as boto3 does with amz-sdk-invocation-id."""
        now = datetime.datetime.now(datetime.timezone.utc)
        now -= datetime.timedelta(seconds=self.late)
        time = now.strftime("%Y%m%dT%H%M%SZ")
        signed = {"content-type": TYPE, "host": host, "x-amz-date": time,
                  "x-amz-target": TARGET + operation}
        names = ";".join(signed)
        canonical = "\n".join(
            ["POST", "/", "", *(f"{name}:{signed[name]}" for name in signed),
             "", names, _sha256(body)])
        scope = f"{time[:8]}/{self.region}/{self.service}/aws4_request"
        key = ("AWS4" + self.key["SecretAccessKey"]).encode()
        for part in scope.split("/"):
            key = _hmac(key, part)
        signature = _hmac(key, "\n".join(
            ["AWS4-HMAC-SHA256", time, scope,
             _sha256(canonical.encode())])).hex()
        return {**signed, "authorization":
                f"AWS4-HMAC-SHA256 Credential={self.key['AccessKeyId']}/"
                f"{scope}, SignedHeaders={names}, Signature={signature}",
                **more}


class Answer:
    """What came back; the body as read from JSON, {} when empty."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        text = response.read()
        self.body = json.loads(text) if text else {}

    def error(self):
        """(code, words), or None."""
        if self.status == 200:
            return None
        return self.body.get("__type"), self.body.get("message")


class Caller:
    """One connection to 127.0.0.1:PORT, or to another HOST, from the address
    SOURCE, by which calls are made in turn."""

    def __init__(self, port, signer, host="127.0.0.1", source=None):
        self.host = f"{host}:{port}"
        self.signer = signer
        self.http = http.client.HTTPConnection(
            self.host, timeout=60,
            source_address=(source, 0) if source else None)

    def close(self):
        self.http.close()

    def post(self, body, headers):
        self.http.request("POST", "/", body, headers)
        return Answer(self.http.getresponse())

    def call(self, operation, **request):
        body = json.dumps(request).encode()
        return self.post(body, self.signer.sign(self.host, operation, body))

    def must(self, operation, **request):
        """The body of an answer that is no error."""
        answer = self.call(operation, **request)
        if answer.status != 200:
            raise AssertionError(f"{operation}: {answer.body}")
        return answer.body
