#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The API's requests and answers, byte by byte.

covers: api/endpoint.c
covers: api/operation.c
"""
import email.utils
import json
import re
import socket
import time
import uuid

import aws
import house
import signer
from house import SLOW, wait_until

TYPE = signer.TYPE
LIST = signer.TARGET + "ListUserPools"
UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                  "[0-9a-f]{12}")
BODY_MOST = 1024 * 1024
EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.version, status, _ = lines[0].split(" ", 2)
        self.status = int(status)
        self.names = [line.partition(": ")[0] for line in lines[1:]]
        self.headers = {name.lower(): value for name, _, value in
                        (line.partition(": ") for line in lines[1:])}

    def json(self):
        return json.loads(self.body)


class WireCase(aws.Case):
    def setUp(self):
        self.sock = self.connect()

    def tearDown(self):
        self.sock.close()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.usher.port),
                                        20 * SLOW)

    @property
    def host(self):
        return f"127.0.0.1:{self.usher.port}"

    def sign(self, operation, body, key=None, **more):
        return signer.Signer(key or self.usher.key).sign(
            self.host, operation, body, **more)

    def read(self, sock=None, head=False, look=True):
        """One answer."""
        sock = sock or self.sock
        got = b""
        while b"\r\n\r\n" not in got:
            piece = sock.recv(1)
            self.assertTrue(piece, got)
            got += piece
        answer = Answer(got)
        left = 0 if head else int(answer.headers["content-length"])
        while left:
            piece = sock.recv(left)
            self.assertTrue(piece, got)
            left -= len(piece)
            answer.body += piece
        if look:
            self.look_at(answer)
        return answer

    def look_at(self, answer):
        """What every answer at / has."""
        self.assertRegex(answer.headers["x-amzn-requestid"], UUID)
        self.assertEqual(
            answer.headers["access-control-allow-origin"], "*")
        self.assertEqual(answer.headers["access-control-expose-headers"],
                         EXPOSED)
        self.assertEqual(answer.headers["content-type"], TYPE)
        self.assertEqual(answer.headers["cache-control"], "no-store")
        sent = email.utils.parsedate_to_datetime(answer.headers["date"])
        self.assertLess(abs(sent.timestamp() - time.time()), 60)
        self.assertTrue(answer.headers["date"].endswith(" GMT"))
        self.assertEqual(len(answer.names), len(set(answer.names)))

    @staticmethod
    def request(headers, body=b"", method="POST", path="/"):
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    def send(self, headers, body=b"", sock=None, **more):
        headers = {**headers, "Content-Length": len(body)}
        (sock or self.sock).sendall(self.request(headers, body, **more))
        return self.read(sock)

    def call(self, operation, body, **more):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.send(self.sign(operation, body, **more), body)

    def refused(self, answer, code, words, status=400):
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.json(), {"__type": code, "message": words})
        return answer

    def refuses(self, code, words, operation, body, **more):
        answer = self.refused(self.call(operation, body, **more), code, words)
        self.assertEqual(answer.headers["x-amzn-errortype"], code + ":")
        return answer


class Answers(WireCase):
    def test_good(self):
        answer = self.call("ListUserPools", {"MaxResults": 1})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.version, "HTTP/1.1")
        self.assertNotIn("x-amzn-errortype", answer.headers)
        self.assertNotIn("x-amzn-errormessage", answer.headers)
        self.assertIn("UserPools", answer.json())

    def test_ids(self):
        ids = {self.call("ListUserPools", {"MaxResults": 1})
               .headers["x-amzn-requestid"] for _ in range(200)}
        self.assertEqual(len(ids), 200)
        self.assertEqual({uuid.UUID(word).version for word in ids}, {4})

    def test_error(self):
        words = "User pool us-east-1_none does not exist."
        answer = self.refuses("ResourceNotFoundException", words,
                              "DescribeUserPool",
                              {"UserPoolId": "us-east-1_none"})
        self.assertEqual(answer.headers["x-amzn-errormessage"], words)

    def test_words_are_of_this_answer(self):
        """In header and body, also when many are answered at a time."""
        socks = [self.connect() for _ in range(32)]
        for turn in range(20):
            for i, sock in enumerate(socks):
                operation = ("DescribeUserPool", "AdminCreateUser")[i % 2]
                body = json.dumps({"UserPoolId": f"us-east-1_{turn}x{i}",
                                   "Username": "a"}).encode()
                sock.sendall(self.request(
                    {**self.sign(operation, body),
                     "Content-Length": len(body)}, body))
            for i, sock in enumerate(socks):
                words = f"User pool us-east-1_{turn}x{i} does not exist."
                answer = self.read(sock)
                self.refused(answer, "ResourceNotFoundException", words)
                self.assertEqual(answer.headers.get("x-amzn-errormessage"),
                                 words)
        for sock in socks:
            sock.close()

    def test_text_that_fits_no_header(self):
        for pool in ("a\nX-Evil: b", "ä", "a\r\n\r\nb", "\x7f", "\u2028"):
            with self.subTest(pool=pool):
                answer = self.refuses(
                    "InvalidParameterException",
                    f"1 validation error detected: Value '{pool}' at "
                    "'userPoolId' failed to satisfy constraint: Member must "
                    "satisfy regular expression pattern: "
                    r"[\w-]+_[0-9a-zA-Z]+", "DescribeUserPool",
                    {"UserPoolId": pool})
                self.assertNotIn("x-amzn-errormessage", answer.headers)
                self.assertNotIn("x-evil", answer.headers)

    def test_long_text_is_whole(self):
        """Ten violations, each with the value and the rule."""
        bad = "x" * 250
        answer = self.call("AdminCreateUser", {
            "UserPoolId": "us-east-1_none", "Username": "a",
            "UserAttributes": [{"Name": bad, "Value": ""}] * 10})
        words = answer.json()["message"]
        self.assertEqual(answer.status, 400)
        self.assertTrue(words.startswith("10 validation errors detected: "),
                        words)
        self.assertEqual(words.count(f"Value '{bad}' at 'userAttributes."),
                         10)
        self.assertTrue(words.endswith("than or equal to 32"), words)
        self.assertEqual(answer.headers["x-amzn-errormessage"], words)

    def test_times(self):
        pool = self.make_pool()
        made = self.call("AdminCreateUser",
                         {"UserPoolId": pool, "Username": "timed"})
        text = made.body.decode()
        times = re.findall(r'"User\w+Date":([^,}]+)', text)
        self.assertEqual(len(times), 2, text)
        for number in times:
            self.assertRegex(number, r"^[0-9]{10}\.[0-9]{3}$")
            self.assertLess(abs(float(number) - time.time()), 60)

    def test_nothing_to_say(self):
        pool = self.make_pool()
        answer = self.call("DeleteUserPool", {"UserPoolId": pool})
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.headers["content-length"], "0")

    def test_names_are_case_sensitive_types_are_not_guessed(self):
        answer = self.call("AdminGetUser", {"userPoolId": "a_b",
                                            "Username": "x"})
        self.assertIn("at 'userPoolId' failed to satisfy constraint: Member "
                      "must not be null", answer.json()["message"])


class Requests(WireCase):
    def test_operations_that_are_none(self):
        for target in ("", "ListUserPools", "AWSCognitoIdentityProvider"
                       "Service", signer.TARGET, signer.TARGET + "x",
                       signer.TARGET + "listUserPools",
                       signer.TARGET + "ListUserPools ,x",
                       "AWSCognitoIdentityService.ListUserPools",
                       signer.TARGET.lower() + "ListUserPools",
                       "." + LIST, "\xff\xfe", "x" * 5000):
            with self.subTest(target=target[:60]):
                answer = self.send({"Host": self.host, "X-Amz-Target": target,
                                    "Content-Type": TYPE}, b"{}")
                self.assertEqual(answer.status, 400)
                self.assertEqual(answer.json()["__type"],
                                 "UnknownOperationException")
        answer = self.send({"Host": self.host}, b"{}")
        self.refused(answer, "UnknownOperationException",
                     "what X-Amz-Target names is not an operation of this "
                     "server")

    def test_not_json(self):
        for body in (b"{", b"{}x", b"[1,2", b"nul", b"'a'", b"{a:1}",
                     b'{"a":1,}', b'{"a":"\\x"}', b'{"a":"\x80"}',
                     b'{"a":"\\ud800"}', b'{"a":1}{"b":2}', b"\xef\xbb\xbf{",
                     b'{"a":"\\u0000"}', b'{"MaxResults":1,"MaxResults":1}',
                     b'{"x":{"a":1,"a":2},"MaxResults":1}',
                     b"[" * BODY_MOST, b'{"a":' * 20000, b" " * 1000,
                     b'{"MaxResults":' + b"9" * 400 + b"x}",
                     b'{"a":"' + b"x" * 100000, b"\xff" * 1000):
            with self.subTest(body=body[:40]):
                answer = self.call("ListUserPools", body)
                self.assertEqual(answer.status, 400, answer.body)
                self.assertEqual(answer.json()["__type"],
                                 "SerializationException")
        self.assertEqual(self.call("ListUserPools", {"MaxResults": 1}).status,
                         200)

    def test_not_an_object(self):
        for body in (b"[]", b"1", b'"a"', b"true", b"null"):
            self.refuses("SerializationException",
                         "the request is not a JSON object", "ListUserPools",
                         body)

    def test_wrong_types(self):
        for request, words in (
                ({"MaxResults": "1"}, "'maxResults' is not a whole number"),
                ({"MaxResults": 1.5}, "'maxResults' is not a whole number"),
                ({"MaxResults": True}, "'maxResults' is not a whole number"),
                ({"MaxResults": {}}, "'maxResults' is not a whole number"),
                ({"MaxResults": 1, "NextToken": 1}, "'nextToken' is not a "
                 "text"),
                ({"MaxResults": 1, "NextToken": ["a"]}, "'nextToken' is not "
                 "a text")):
            self.refuses("SerializationException", f"the value at {words}",
                         "ListUserPools", request)
        for request, words in (
                ({"ForceAliasCreation": "yes"},
                 "'forceAliasCreation' is not true or false"),
                ({"UserAttributes": {}}, "'userAttributes' is not a list"),
                ({"UserAttributes": ["email"]},
                 "'userAttributes.1.member' is not an object"),
                ({"UserAttributes": [{"Name": "email", "Value": 1}]},
                 "'userAttributes.1.member.value' is not a text"),
                ({"DesiredDeliveryMediums": "EMAIL"},
                 "'desiredDeliveryMediums' is not a list")):
            self.refuses("SerializationException", f"the value at {words}",
                         "AdminCreateUser",
                         {"UserPoolId": "a_b", "Username": "x", **request})

    def test_null_and_unknown_members(self):
        answer = self.call("ListUserPools", {
            "MaxResults": 1, "NextToken": None, "Unknown": {"a": [1, None]},
            "maxResults": "x"})
        self.assertEqual(answer.status, 200)
        self.refuses("InvalidParameterException",
                     "1 validation error detected: Value null at 'maxResults' "
                     "failed to satisfy constraint: Member must not be null",
                     "ListUserPools", {"MaxResults": None})

    def test_no_body(self):
        self.refuses("InvalidParameterException",
                     "1 validation error detected: Value null at 'maxResults' "
                     "failed to satisfy constraint: Member must not be null",
                     "ListUserPools", b"")

    def test_other_content_types(self):
        """The target says what it is; some clients set another type."""
        body = b'{"MaxResults":1}'
        for kind in ("application/json", "text/plain",
                     TYPE + "; charset=UTF-8"):
            caller = signer.Signer(self.usher.key)
            signer.TYPE, kept = kind, signer.TYPE
            try:
                headers = caller.sign(self.host, "ListUserPools", body)
            finally:
                signer.TYPE = kept
            self.assertEqual(self.send(headers, body).status, 200, kind)

    def test_unsigned(self):
        answer = self.send({"Host": self.host, "X-Amz-Target": LIST}, b"{}")
        self.refused(answer, "MissingAuthenticationTokenException",
                     "Missing Authentication Token")

    def test_what_is_told_is_utf8(self):
        body = b"{}"
        headers = self.sign("ListUserPools", body)
        headers["authorization"] = headers["authorization"].replace(
            "SignedHeaders=", "SignedHeaders=\xe4\xff;")
        answer = self.send(headers, body)
        self.refused(answer, "InvalidSignatureException",
                     "'??' is named in SignedHeaders but was not in the "
                     "request.")

    def test_as_large_as_may_be(self):
        body = b'{"MaxResults":1,"x":"' + b"y" * BODY_MOST
        body = body[:BODY_MOST - 2] + b'"}'
        self.assertEqual(self.call("ListUserPools", body).status, 200)
        answer = self.call("ListUserPools", body + b" ")
        self.refused(answer, "RequestEntityTooLargeException",
                     "the body is too large", 413)
        self.assertEqual(answer.headers["connection"], "close")

    def test_many_different_names(self):
        """They are compared with each other; 1 MiB of them, quickly."""
        names = ",".join(f'"{i:x}":1' for i in range(90000))
        body = ('{"MaxResults":1,' + names + "}").encode()
        self.assertLess(len(body), BODY_MOST)
        self.assertEqual(self.call("ListUserPools", body).status, 200)

    def test_too_many_headers(self):
        answer = self.send({"Host": self.host,
                            **{f"X-{i}": i for i in range(70)}}, b"{}")
        self.refused(answer, "SerializationException",
                     "there are too many header fields", 431)

    def test_nul(self):
        answer = self.call("ListUserPools", b'{"MaxResults":1}\0')
        self.refused(answer, "SerializationException", "the body has a NUL")

    def test_two_lengths(self):
        self.sock.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2"
                          b"\r\nContent-Length: 2\r\n\r\n{}")
        answer = self.read()
        self.refused(answer, "SerializationException",
                     "the body's length is ambiguous")


class Methods(WireCase):
    def test_other_methods(self):
        for method in ("GET", "PUT", "DELETE", "PATCH", "POS", "OPTION"):
            with self.subTest(method=method):
                answer = self.send({"Host": self.host}, method=method)
                self.assertEqual(answer.status, 405)
                self.assertEqual(answer.json(), {
                    "message": "the method is not allowed here"})
                self.assertEqual(answer.headers["allow"], "POST")

    def test_head(self):
        self.sock.sendall(self.request({"Host": self.host}, method="HEAD"))
        answer = self.read(head=True)
        self.assertEqual((answer.status, answer.body), (405, b""))
        self.assertEqual(self.call("ListUserPools", {"MaxResults": 1}).status,
                         200)

    def test_preflight(self):
        self.sock.sendall(self.request(
            {"Host": self.host, "Origin": "https://example.com",
             "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization,x-amz-target"},
            method="OPTIONS"))
        answer = self.read(look=False)
        self.assertEqual(answer.headers["access-control-allow-origin"], "*")
        self.assertEqual((answer.status, answer.body), (200, b""))
        allowed = answer.headers["access-control-allow-headers"].split(",")
        for name in ("authorization", "content-type", "x-amz-target",
                     "x-amz-date", "x-amz-user-agent",
                     "amz-sdk-invocation-id", "amz-sdk-request",
                     "cache-control", "x-amz-security-token",
                     "x-amz-content-sha256"):
            self.assertIn(name, allowed)
        self.assertIn("POST", answer.headers["access-control-allow-methods"])

    def test_query(self):
        """It is signed too, so one that nobody signed is refused."""
        body = b'{"MaxResults":1}'
        headers = self.sign("ListUserPools", body)
        self.assertEqual(self.send(headers, body, path="/?").status, 200)
        answer = self.send(headers, body, path="/?a=b")
        self.assertEqual(answer.json()["__type"], "InvalidSignatureException")


class Transport(WireCase):
    BODY = b'{"MaxResults":1}'

    def test_chunked(self):
        headers = {**self.sign("ListUserPools", self.BODY),
                   "Transfer-Encoding": "chunked"}
        self.sock.sendall(self.request(headers))
        for byte in self.BODY:
            self.sock.sendall(b"1\r\n%c\r\n" % byte)
        self.sock.sendall(b"0\r\n\r\n")
        self.assertEqual(self.read().status, 200)

    def test_chunked_beyond_the_bound(self):
        headers = {"Host": self.host, "Transfer-Encoding": "chunked",
                   "X-Amz-Target": LIST}
        self.sock.sendall(self.request(headers))
        for _ in range(17):
            self.sock.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        self.sock.sendall(b"0\r\n\r\n")
        self.refused(self.read(), "RequestEntityTooLargeException",
                     "the body is too large", 413)

    def test_expect(self):
        headers = {**self.sign("ListUserPools", self.BODY),
                   "Expect": "100-continue",
                   "Content-Length": len(self.BODY)}
        self.sock.sendall(self.request(headers))
        got = b""
        while not got.endswith(b"\r\n\r\n"):
            got += self.sock.recv(1)
        self.assertTrue(got.startswith(b"HTTP/1.1 100 "), got)
        self.sock.sendall(self.BODY)
        self.assertEqual(self.read().status, 200)

    def test_pipelined(self):
        """In their order, though several threads answer."""
        bodies = [json.dumps({"MaxResults": 1, "NextToken": "x" * n})
                  .encode() for n in range(1, 21)]
        pools = [json.dumps({"UserPoolId": f"us-east-1_{n}"}).encode()
                 for n in range(20)]
        sent = b""
        for body, pool in zip(bodies, pools):
            for operation, text in (("ListUserPools", body),
                                    ("DescribeUserPool", pool)):
                sent += self.request(
                    {**self.sign(operation, text),
                     "Content-Length": len(text)}, text)
        self.sock.sendall(sent)
        for n in range(20):
            self.assertNotIn("us-east", self.read().body.decode())
            self.assertEqual(self.read().json()["message"],
                             f"User pool us-east-1_{n} does not exist.")

    def test_keep_alive(self):
        for _ in range(50):
            answer = self.call("ListUserPools", {"MaxResults": 1})
            self.assertEqual(answer.status, 200)
            self.assertNotIn("close", answer.headers.get("connection", ""))

    def test_asked_to_close(self):
        headers = {**self.sign("ListUserPools", self.BODY),
                   "Connection": "close"}
        self.assertEqual(self.send(headers, self.BODY).status, 200)
        self.assertEqual(self.sock.recv(1), b"")

    def test_old_http(self):
        headers = {**self.sign("ListUserPools", self.BODY),
                   "Content-Length": len(self.BODY)}
        self.sock.sendall(self.request(headers, self.BODY).replace(
            b"HTTP/1.1", b"HTTP/1.0", 1))
        self.assertEqual(self.read().status, 200)
        self.assertEqual(self.sock.recv(1), b"")

    def test_folded_header(self):
        """Two lines: refused, or read as one; never half of it signed."""
        headers = self.sign("ListUserPools", self.BODY)
        headers["x-amz-target"] = headers["x-amz-target"].replace(
            "Service.", "Service.\r\n ")
        headers["Content-Length"] = len(self.BODY)
        self.sock.sendall(self.request(headers, self.BODY))
        head = self.sock.recv(65536)
        self.assertTrue(head.startswith(b"HTTP/1.1 400 "), head)

    def test_doubled_headers(self):
        headers = self.sign("ListUserPools", self.BODY)
        for name, code in (("X-Amz-Target", "InvalidSignatureException"),
                           ("X-Amz-Date", "InvalidSignatureException"),
                           ("Content-Type", "InvalidSignatureException")):
            doubled = {name: headers[name.lower()], **headers}
            answer = self.send(doubled, self.BODY)
            self.assertEqual(answer.json()["__type"], code)
            self.sock.close()
            self.sock = self.connect()


class NoDatabase(WireCase):
    def test_words_of_the_library_stay_inside(self):
        settings = dict(self.usher.settings)
        self.assertEqual(self.call("ListUserPools", {"MaxResults": 1}).status,
                         200)
        name = settings["database"].split("dbname=")[1].split()[0].strip("'")
        admin = settings["database"].replace(f"dbname={name}",
                                             "dbname=postgres")
        house.run_sql(admin, f"alter database {name} allow_connections off")
        try:
            house.run_sql(admin, "select pg_terminate_backend(pid) from "
                          f"pg_stat_activity where datname = '{name}'")
            wait_until(lambda: self.call("ListUserPools", {"MaxResults": 1})
                       .status == 500, 15, "the database is missed")
            time.sleep(1.1)  # keys are known so long
            for operation, body in (("ListUserPools", {"MaxResults": 1}),
                                    ("AdminCreateUser", {
                                        "UserPoolId": "a_b",
                                        "Username": "x"})):
                answer = self.call(operation, body)
                number = answer.headers["x-amzn-requestid"]
                self.refused(answer, "InternalErrorException",
                             f"Internal server error; request {number}", 500)
                self.usher.wait_logged(number)
        finally:
            house.run_sql(admin,
                          f"alter database {name} allow_connections on")
        wait_until(lambda: self.call("ListUserPools", {"MaxResults": 1})
                   .status == 200, 15, "it is back")


if __name__ == "__main__":
    house.main()
