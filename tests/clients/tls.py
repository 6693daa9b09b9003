#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The API by TLS: certificates, versions, renewal, and files that are wrong.

covers: base/certificate.c
"""
import os
import shutil
import socket
import ssl
import subprocess

import aws
import house
from house import SLOW, wait_until


def make_certificate(folder, name, *more):
    """Paths of a certificate for 127.0.0.1 that signs itself, and its key."""
    paths = [os.path.join(folder, name + end) for end in (".crt", ".key")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
         "-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1], *more],
        check=True, capture_output=True)
    return paths


def make_expired(folder):
    """The same of a month that is over."""
    cert, key, request, config, index = [
        os.path.join(folder, "old" + end) for end in
        (".crt", ".key", ".csr", ".cnf", ".txt")]
    with open(config, "w", encoding="ascii") as file:
        file.write(f"[ca]\ndefault_ca=a\n[a]\ndatabase={index}\n"
                   f"new_certs_dir={folder}\npolicy=p\ndefault_md=sha256\n"
                   "rand_serial=yes\n[p]\ncommonName=supplied\n")
    with open(index, "w", encoding="ascii"):
        pass
    for words in (
            ["req", "-new", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=old",
             "-keyout", key, "-out", request],
            ["ca", "-batch", "-config", config, "-selfsign", "-keyfile", key,
             "-in", request, "-out", cert, "-notext",
             "-startdate", "20200101000000Z",
             "-enddate", "20200201000000Z"]):
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    return cert, key


class TlsCase(house.Case):
    @classmethod
    def setUpClass(cls):
        cls.usher = aws.Server()
        cls.cert, cls.key = make_certificate(cls.usher.folder, "first")
        cls.usher.write(listen_cert_file=cls.cert, listen_key_file=cls.key)
        cls.usher.url = cls.usher.url.replace("http:", "https:")

    def context(self, cert=None):
        return ssl.create_default_context(cafile=cert or self.cert)

    def shake(self, context):
        with socket.create_connection(("127.0.0.1", self.usher.port),
                                      20 * SLOW) as sock:
            with context.wrap_socket(
                    sock, server_hostname="127.0.0.1") as tls:
                return tls.version(), dict(
                    pair for part in tls.getpeercert()["subject"]
                    for pair in part)["commonName"]


class Tls(TlsCase):
    def setUp(self):
        self.usher.start("--role", "http")
        wait_until(self.listens, 15, "it listens")

    def listens(self):
        try:
            return self.shake(self.context())
        except ConnectionError:
            return None

    def test_boto3(self):
        client = aws.boto3.client(
            "cognito-idp", endpoint_url=self.usher.url,
            region_name=aws.REGION, verify=self.cert,
            aws_access_key_id=self.usher.key["AccessKeyId"],
            aws_secret_access_key=self.usher.key["SecretAccessKey"])
        self.assertIn("UserPools", client.list_user_pools(MaxResults=1))

    def test_versions(self):
        for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
                              (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
            context = self.context()
            context.minimum_version = context.maximum_version = version
            self.assertEqual(self.shake(context), (name, "first"))

    def test_old_versions(self):
        for words in ("-tls1", "-tls1_1"):
            done = subprocess.run(
                ["openssl", "s_client", "-connect",
                 f"127.0.0.1:{self.usher.port}", words, "-cipher",
                 "ALL:@SECLEVEL=0"], stdin=subprocess.DEVNULL,
                capture_output=True, text=True, check=False,
                timeout=30 * SLOW)
            self.assertNotEqual(done.returncode, 0)
            # The server's doing, not the client's own settings.
            self.assertRegex(done.stderr, "alert protocol version|"
                             "unexpected eof while reading")
        self.assertEqual(self.shake(self.context())[1], "first")

    def test_plain_http(self):
        with socket.create_connection(("127.0.0.1", self.usher.port),
                                      20 * SLOW) as sock:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            sock.settimeout(20 * SLOW)
            try:
                self.assertNotIn(b"200 OK", sock.recv(1000))
            except ConnectionResetError:
                pass
        self.assertEqual(self.shake(self.context())[1], "first")

    def test_renewal(self):
        """SIGHUP reads new files; wrong ones leave what was."""
        daemon = self.usher.daemons[-1]
        kept = [self.usher.file("kept" + end, "") for end in (".c", ".k")]
        for path, copy in zip((self.cert, self.key), kept):
            shutil.copy(path, copy)
        self.addCleanup(lambda: [shutil.copy(copy, path) for path, copy in
                                 zip((self.cert, self.key), kept)])
        second = make_certificate(self.usher.folder, "second")
        shutil.copy(second[0], self.cert)
        daemon.send_signal(house.signal.SIGHUP)
        self.usher.wait_logged("is not the key of the first certificate")
        self.assertEqual(self.shake(self.context(kept[0]))[1], "first")
        shutil.copy(second[1], self.key)
        daemon.send_signal(house.signal.SIGHUP)

        def renewed():
            try:
                return self.shake(self.context(second[0]))[1] == "second"
            except (ssl.SSLError, ConnectionError):
                return False
        wait_until(renewed, 20, "the new certificate is shown")


class Wrong(TlsCase):
    def usherd(self, **settings):
        self.usher.write(**{"listen_cert_file": self.cert,
                            "listen_key_file": self.key, **settings})
        return subprocess.run(
            [os.path.join(house.BUILD, "usherd"), "--config",
             self.usher.config], capture_output=True, text=True, check=False,
            timeout=30 * SLOW)

    def test_files(self):
        folder = self.usher.folder
        other = make_certificate(folder, "other")
        text = self.usher.file("text", "no certificate\n")
        locked = os.path.join(folder, "locked.key")
        subprocess.run(["openssl", "ec", "-in", self.key, "-aes128",
                        "-passout", "pass:secret", "-out", locked],
                       check=True, capture_output=True)
        missing = os.path.join(folder, "missing")
        for words, settings in (
                ("listen_cert_file and listen_key_file: one is set, both are "
                 "needed", {"listen_key_file": ""}),
                ("listen_cert_file and listen_key_file: one is set, both are "
                 "needed", {"listen_cert_file": ""}),
                (f"listen_cert_file: cannot read '{missing}': No such file "
                 "or directory", {"listen_cert_file": missing}),
                (f"listen_key_file: cannot read '{missing}': No such file or "
                 "directory", {"listen_key_file": missing}),
                (f"listen_cert_file: '{text}' holds no PEM certificate",
                 {"listen_cert_file": text}),
                (f"listen_cert_file: '{self.key}' holds no PEM certificate",
                 {"listen_cert_file": self.key}),
                (f"listen_key_file: '{text}' holds no PEM key without a "
                 "passphrase", {"listen_key_file": text}),
                (f"listen_key_file: '{locked}' holds no PEM key without a "
                 "passphrase", {"listen_key_file": locked}),
                (f"listen_key_file: '{other[1]}' is not the key of the first "
                 f"certificate in '{self.cert}'",
                 {"listen_key_file": other[1]})):
            with self.subTest(words=words):
                done = self.usherd(**settings)
                self.assertEqual(done.returncode, 7, done.stderr)
                self.assertIn(f'msg="{words}"', done.stderr)
                self.assertEqual(done.stderr.count("level=error"), 1)

    def doctor(self, status, words, **settings):
        self.usher.write(**{"listen_cert_file": self.cert,
                            "listen_key_file": self.key, **settings})
        result = self.usher.run("doctor")
        self.assertEqual(result.status, status, result)
        self.assertRegex(result.out, f"(?m)^listener +{words}$")

    def test_doctor(self):
        listen = self.usher.settings["listen"]
        none = {"listen_cert_file": "", "listen_key_file": ""}
        self.doctor(0, f"good +{listen}, TLS until 20..-..-.. ..:.. UTC")
        self.doctor(0, f"good +{listen}, without TLS", **none)
        self.doctor(0, "good +not used: no listen", listen="", **none)
        self.doctor(7, "BAD +public_url: without 'listen' no receipt can "
                    "come", listen="", public_url="https://u.example")
        self.doctor(7, "BAD +public_url: 'u.example' is not an address as "
                    "https://usher.example.org, without a slash at its end",
                    listen=listen, public_url="u.example")
        self.doctor(7, "BAD +listen_key_file: '.*' is not the key of .*",
                    public_url="", listen_key_file=make_certificate(
                        self.usher.folder, "another")[1])

    def test_expired(self):
        """Told by the doctor; usherd serves it, as a client may not look."""
        cert, key = make_expired(self.usher.folder)
        self.doctor(7, "BAD +listen_cert_file: the certificate has expired, "
                    "2020-02-01 00:00 UTC", listen_cert_file=cert,
                    listen_key_file=key)


if __name__ == "__main__":
    house.main()
