#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ways to gateways: who asks (tokens, signatures), TLS, HTTP/2, and the
profiles of contrib that ask in one of them.

covers: delivery/gateway_login.c
"""
import base64
import hashlib
import hmac
import json
import re
import shutil
import ssl
import subprocess
import sys
import unittest
import urllib.parse

sys.dont_write_bytecode = True

import gateway  # noqa: E402
from house import HOUSE, main, wait_until  # noqa: E402
from http_peer import Peer, hang_up, nth  # noqa: E402
from sms_case import GOOD, SECRET, Lane, contrib  # noqa: E402

NGINX = """\
daemon off;
pid {folder}/pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder};
    proxy_temp_path {folder};
    fastcgi_temp_path {folder};
    uwsgi_temp_path {folder};
    scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        location / {{ return 200 '{{"id": "$server_protocol"}}'; }}
    }}
}}
"""


class Ways(Lane):
    def certificate(self):
        """The folder of one that localhost has signed itself."""
        folder = HOUSE.make_folder("tls")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem",
             "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost"], cwd=folder,
            check=True, capture_output=True)
        return folder

    def test_own_authority(self):
        folder = self.certificate()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
        self.peer.tls = context
        url = f"https://localhost:{self.peer.port}/send"
        number, = self.begin(url=url)
        self.lane_fault(number, "certificate")
        self.usher.stop_all()
        self.assertEqual(self.peer.requests, [])
        number, = self.begin(url=url, ca_file=f"{folder}/cert.pem")
        self.usher.reaches(number, "sent")

    @unittest.skipUnless(shutil.which("nginx"), "nginx is not installed")
    def test_http_version(self):
        """nginx answers with the version that it was spoken to in."""
        folder = self.certificate()
        port = HOUSE.port()
        with open(f"{folder}/nginx.conf", "w", encoding="ascii") as file:
            file.write(NGINX.format(folder=folder, port=port))
        nginx = HOUSE.spawn(["nginx", "-e", f"{folder}/log", "-c",
                             f"{folder}/nginx.conf"], f"{folder}/out")
        self.addCleanup(HOUSE.end, nginx)
        wait_until(lambda: gateway.listens(port), 15, "nginx listens")
        for version, spoken in (("1.1", "HTTP/1.1"), ("2", "HTTP/2.0")):
            ids = self.begin(3, url=f"https://localhost:{port}/send",
                             ca_file=f"{folder}/cert.pem",
                             http_version=version)
            for number in ids:
                self.assertEqual(
                    self.usher.reaches(number, "sent")["remote_id"], spoken)
            self.usher.stop_all()

    def test_usual_headers(self):
        """The profile's own take their place; of Accept there is none."""
        own = {"user-agent": "ours/1", "accept": "application/json"}
        for headers, words, accept in (({}, "usher", None),
                                       (own, "ours/1", "application/json")):
            with self.subTest(words=words):
                for number in self.begin(2, headers=headers):
                    self.usher.reaches(number, "sent")
                for request in self.peer.requests:
                    self.assertEqual(request.headers["user-agent"], words)
                    self.assertEqual(request.names.count("user-agent"), 1)
                    self.assertEqual(request.headers.get("accept"), accept)
                    self.assertNotIn("expect", request.names)
                self.fresh()

    def oauth2(self, answer):
        """A place that gives tokens, and the profile's member for it."""
        place = Peer(answer)
        self.addCleanup(place.stop)
        return place, {"oauth2": {
            "token_url": f"http://127.0.0.1:{place.port}/token",
            "client_id": "me:and", "scope": "sms send"}}

    def test_oauth2(self):
        HOUSE.note_secret("token-Secret-1", "an access token")
        HOUSE.note_secret("token-Secret-2", "an access token")
        place, auth = self.oauth2(lambda count, _: (200, json.dumps(
            {"access_token": f"token-Secret-{count}", "token_type": "bearer",
             "expires_in": 3600})))

        def check(_, request):
            """The first token goes bad after its first use."""
            shown = request.headers["authorization"]
            bad = len(self.peer.requests) == 2
            return (401, f"not {shown}") if bad else GOOD
        ids = self.begin(3, answer=check, headers={}, auth=auth)
        for number in ids:
            self.usher.reaches(number, "sent")
        self.assertEqual(
            [request.headers["authorization"]
             for request in self.peer.requests],
            ["Bearer token-Secret-1"] * 2 + ["Bearer token-Secret-2"] * 2)
        self.assertEqual(len(place.requests), 2)
        asked = place.requests[0]
        self.assertEqual(dict(urllib.parse.parse_qsl(asked.body)),
                         {"grant_type": "client_credentials",
                          "scope": "sms send"})
        login = base64.b64encode(f"me%3Aand:{SECRET}".encode()).decode()
        self.assertEqual(asked.headers["authorization"], f"Basic {login}")
        self.assertIn("not Bearer ****", self.usher.logged())

    def test_oauth2_refused(self):
        for answer, words in (
                ((400, '{"error": "invalid_client"}'),
                 "no access token: HTTP 400, invalid_client"),
                ((200, '{"access_token": "a\\r\\nX: y"}'), "HTTP 200"),
                ((200, "<html>"), "not what OAuth 2 prescribes"),
                (hang_up, "no access token: ")):
            with self.subTest(words=words):
                _, auth = self.oauth2(answer)
                number, = self.begin(headers={}, auth=auth)
                self.lane_fault(number, words)
                doctor = self.usher.run("doctor")
                self.assertEqual(doctor.status, 8)
                self.assertIn(words, doctor.out)
                self.assertEqual(self.peer.requests, [])
                self.fresh()

    def test_id_in_a_header(self):
        number, = self.begin(answer=(200, "", {"X-Message-Id": "h-1"}),
                             success={}, message_id={"header":
                                                     "x-message-id"})
        self.assertEqual(self.usher.reaches(number, "sent")["remote_id"],
                         "h-1")

    def test_plivo(self):
        self.peer.reply = nth(1, (202, '{"message_uuid": ["p1"]}'),
                              (400, '{"error": "dst is wrong"}'))
        self.set_profile(contrib("plivo", self.peer.port))
        ids = [self.queue(), self.queue()]
        self.usher.start("--role", "text")
        self.assertEqual(self.usher.reaches(ids[0], "sent")["remote_id"],
                         "p1")
        self.assertIn("dst is wrong",
                      self.usher.reaches(ids[1], "refused")["reason"])
        self.assertNotIn("url", json.loads(self.peer.requests[0].body))

    def test_messagebird(self):
        self.peer.reply = nth(1, (201, '{"id": "mb1"}'), (422, json.dumps(
            {"errors": [{"code": 25, "description": "no balance"}]})))
        self.set_profile(contrib("messagebird", self.peer.port))
        ids = [self.queue(), self.queue()]
        self.usher.start("--role", "text")
        self.assertEqual(self.usher.reaches(ids[0], "sent")["remote_id"],
                         "mb1")
        self.lane_fault(ids[1], "no balance")
        first = self.peer.requests[0]
        self.assertEqual(first.headers["authorization"],
                         f"AccessKey {SECRET}")
        self.assertIn("datacoding=plain&reference=", first.body)

    def test_aws_sns(self):
        self.peer.reply = nth(1, (200, "<r><MessageId>s-1</MessageId></r>"), (
            400, "<Error><Code>OptedOut</Code><Message>gone</Message></Error>"
        ))
        self.set_profile(contrib("aws-sns", self.peer.port))
        ids = [self.queue(name="Зоя"), self.queue()]
        self.usher.start("--role", "text")
        self.assertEqual(self.usher.reaches(ids[0], "sent")["remote_id"],
                         "s-1")
        self.assertIn("gone", self.usher.reaches(ids[1], "refused")["reason"])
        for request in self.peer.requests:
            self.assertEqual(*signatures(request))


def signatures(request):
    """The one that it carries and the one that it should (the service's own
    description of Signature Version 4)."""
    words = dict(re.findall(r"(\w+)=([^, ]+)",
                            request.headers["authorization"]))
    names = words["SignedHeaders"].split(";")
    canonical = "\n".join([
        request.method, request.target, "",
        *(f"{name}:{request.headers[name]}" for name in names), "",
        words["SignedHeaders"],
        hashlib.sha256(request.body.encode()).hexdigest()])
    key, *scope = words["Credential"].split("/")
    assert key == "AKIA0000000000000000", key
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"],
                      "/".join(scope),
                      hashlib.sha256(canonical.encode()).hexdigest()])
    derived = ("AWS4" + SECRET).encode()
    for word in (*scope, text):
        derived = hmac.new(derived, word.encode(), hashlib.sha256).digest()
    return words["Signature"], derived.hex()


if __name__ == "__main__":
    main()
