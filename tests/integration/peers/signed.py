# SPDX-License-Identifier: MIT
"""Requests of the API by the standard library alone, signed as AWS Signature
Version 4 says."""
import datetime
import hashlib
import hmac
import json
import urllib.error
import urllib.parse
import urllib.request

REGION = "us-east-1"
SERVICE = "cognito-idp"
TARGET = "AWSCognitoIdentityProviderService."


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _authorization(key, secret, headers, body, region):
    """What the header of that name says of a POST to /."""
    names = ";".join(headers)
    canonical = "\n".join(
        ["POST", "/", "", *(f"{name}:{headers[name]}" for name in headers),
         "", names, hashlib.sha256(body).hexdigest()])
    time = headers["x-amz-date"]
    scope = f"{time[:8]}/{region}/{SERVICE}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", time, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    derived = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        derived = _hmac(derived, part)
    return (f"AWS4-HMAC-SHA256 Credential={key}/{scope}, "
            f"SignedHeaders={names}, Signature={_hmac(derived, text).hex()}")


def call(url, key, secret, operation, region=REGION, **members):
    """The HTTP status and the JSON of the answer."""
    body = json.dumps(members).encode()
    now = datetime.datetime.now(datetime.timezone.utc)
    headers = {  # in the order of their names
        "content-type": "application/x-amz-json-1.1",
        "host": urllib.parse.urlsplit(url).netloc,
        "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
        "x-amz-target": TARGET + operation,
    }
    headers["authorization"] = _authorization(key, secret, headers, body,
                                              region)
    request = urllib.request.Request(url, body, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())
