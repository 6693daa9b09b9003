# SPDX-License-Identifier: MIT
"""A real Postfix in a folder of its own: submission with STARTTLS or implicit
TLS, and AUTH; everything delivered into one maildir."""
import email
import email.policy
import grp
import html
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess

from house import HOUSE, SLOW, children_of, is_root, wait_until

USER = "usher"
PASSWORD = "relay-Secret-4711"
DAEMONS = "/usr/lib/postfix/sbin"
NAME = "relay.test"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = {name}
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
alias_maps =
alias_database =
smtpd_banner = $myhostname ESMTP
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/relay.pem
smtpd_tls_key_file = {folder}/relay.key
smtpd_tls_session_cache_database =
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = {name}
cyrus_sasl_config_path = {folder}/sasl
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{
  {{refused@example.com = 550 5.1.1 no such user here}},
  {{grey@example.com = 450 4.7.1 greylisted, come back later}} }}, permit
transport_maps = inline:{{
  {{bounced@example.com = bouncing:}} }}
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:all/
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
"""

# qmgr is woken every 5 s: a mail that another process had locked waits for it.
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{plain_port} inet n - n - - smtpd
  -o smtpd_tls_security_level=none -o smtpd_tls_auth_only=no
127.0.0.1:{other_port} inet n - n - - smtpd
  -o smtpd_tls_cert_file={folder}/other.pem
  -o smtpd_tls_key_file={folder}/other.key
127.0.0.1:{smtps_port} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
127.0.0.1:{other_smtps_port} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_tls_cert_file={folder}/other.pem
  -o smtpd_tls_key_file={folder}/other.key
cleanup unix n - n - 0 cleanup
qmgr unix n - n 5 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
bouncing unix - n n - - pipe user=nobody argv=/bin/sh -c {{exit 67}}
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def missing():
    """Why there can be no Postfix here, or None."""
    if not os.path.exists(f"{DAEMONS}/master"):
        return "Postfix is not installed"
    if not shutil.which("saslpasswd2"):
        return "sasl2-bin is not installed"
    return None if is_root() else "Postfix can be started by root alone"


class Certificates:
    """A certification authority of one run and what it signs."""

    def __init__(self, folder):
        self.folder = folder
        self.ca_file = self.path("ca.pem")
        self._openssl("req", "-x509", *KEY, "-nodes",
                      "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
                      "-subj", "/CN=Test CA")

    def path(self, name):
        return os.path.join(self.folder, name)

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True,
                       capture_output=True)

    def sign(self, file, *names, days=2):
        """Makes FILE.pem and FILE.key for host NAMES."""
        with open(self.path("names"), "w", encoding="ascii") as out:
            out.write("subjectAltName=" +
                      ",".join(f"DNS:{name}" for name in names))
        self._openssl("req", *KEY, "-nodes", "-keyout",
                      f"{file}.key", "-out", f"{file}.csr", "-subj",
                      f"/CN={names[0]}")
        self._openssl("x509", "-req", "-in", f"{file}.csr", "-CA", "ca.pem",
                      "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days),
                      "-extfile", "names", "-out", f"{file}.pem")


class Relay:
    """MAIN and MASTER are put behind the files of that name."""

    def __init__(self, main="", master=""):
        self.folder = HOUSE.make_folder("postfix")
        self.port = HOUSE.port()
        self.plain_port = HOUSE.port()
        self.other_port = HOUSE.port()
        self.smtps_port = HOUSE.port()
        self.other_smtps_port = HOUSE.port()
        self.master = None
        certificates = Certificates(self.folder)
        certificates.sign("relay", NAME, "localhost")
        certificates.sign("other", "elsewhere.test")
        self.ca_file = certificates.ca_file
        self._make_folders()
        self._make_users()
        nobody = pwd.getpwnam("nobody")
        values = {"folder": self.folder, "daemons": DAEMONS, "name": NAME,
                  "port": self.port, "plain_port": self.plain_port,
                  "other_port": self.other_port, "uid": nobody.pw_uid,
                  "smtps_port": self.smtps_port, "gid": nobody.pw_gid,
                  "other_smtps_port": self.other_smtps_port}
        self._write("main.cf", MAIN.format(**values) + main)
        self._write("master.cf", MASTER.format(**values) + master)
        HOUSE.note_login(USER, PASSWORD)
        self.start()

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w",
                  encoding="ascii") as file:
            file.write(text)

    def _make_folders(self):
        postfix = pwd.getpwnam("postfix").pw_uid
        drop = grp.getgrnam("postdrop").gr_gid
        nobody = pwd.getpwnam("nobody")

        def make(name, mode, uid, gid):
            path = os.path.join(self.folder, name)
            os.mkdir(path)
            os.chown(path, uid, gid)
            os.chmod(path, mode)
        make("queue", 0o755, 0, 0)
        for name in ("active bounce corrupt defer deferred flush hold incoming "
                     "private saved trace").split():
            make(f"queue/{name}", 0o700, postfix, 0)
        make("queue/maildrop", 0o730, postfix, drop)
        make("queue/public", 0o710, postfix, drop)
        make("queue/pid", 0o755, 0, 0)
        make("data", 0o700, postfix, 0)
        make("mail", 0o755, nobody.pw_uid, nobody.pw_gid)
        make("sasl", 0o755, 0, 0)

    def _make_users(self):
        database = os.path.join(self.folder, "sasldb2")
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", database, "-u", NAME,
                        USER], input=PASSWORD.encode(), check=True,
                       capture_output=True)
        shutil.chown(database, "postfix")
        self._write("sasl/smtpd.conf",
                    "pwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
                    f"mech_list: PLAIN LOGIN\nsasldb_path: {database}\n")

    def start(self):
        """Now and then a master of many at once never begins a service."""
        for last in (False, False, True):
            self.master = HOUSE.spawn(
                [f"{DAEMONS}/master", "-c", self.folder, "-d"],
                os.path.join(self.folder, "master.out"),
                env={"PATH": os.environ["PATH"], "MAIL_CONFIG": self.folder})
            try:
                wait_until(self.answers, 15, "Postfix answers")
                return
            except AssertionError as error:
                if last:
                    raise AssertionError(f"{error}: {self.logged()}") from None
                self.kill()

    def answers(self):
        if self.master.poll() is not None:
            raise AssertionError("Postfix ended: " + self.logged())
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as peer:
                peer.settimeout(5 * SLOW)
                good = peer.recv(100).startswith(b"220")
                peer.sendall(b"QUIT\r\n")
                return good
        except OSError:
            return False

    def logged(self):
        text = ""
        for name in ("maillog", "master.out"):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text

    def stop(self):
        HOUSE.end(self.master)

    def kill(self):
        """All of it at once, as a power failure would."""
        victims = [self.master.pid, *children_of(self.master.pid)]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        HOUSE.end(self.master, signal.SIGKILL)

    def kill_master(self):
        """Alone; what it started ends by itself, sooner or later."""
        HOUSE.end(self.master, signal.SIGKILL)

    def owns(self, pid):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                return self.folder.encode() in file.read()
        except OSError:
            return False

    def queued(self):
        """How many mails it has taken and not delivered; of what it took in
        part, the file is not executable."""
        return sum(os.access(os.path.join(folder, name), os.X_OK)
                   for part in ("incoming", "active", "deferred")
                   for folder, _, names in os.walk(
                       os.path.join(self.folder, "queue", part))
                   for name in names)

    def arrived(self):
        """How many mails are in the maildir."""
        folder = os.path.join(self.folder, "mail", "all", "new")
        return len(os.listdir(folder)) if os.path.isdir(folder) else 0

    def mails(self, to=None):
        """The mails, parsed, the oldest first."""
        folder = os.path.join(self.folder, "mail", "all", "new")
        found = []
        names = os.listdir(folder) if os.path.isdir(folder) else []
        for path in sorted((os.path.join(folder, name) for name in names),
                           key=lambda path: os.stat(path).st_mtime_ns):
            with open(path, "rb") as file:
                mail = email.message_from_binary_file(
                    file, policy=email.policy.default)
            if to is None or mail["X-Original-To"] == to:
                found.append(mail)
        return found

    def wait_mails(self, to, count=1, seconds=20):
        def look():
            mails = self.mails(to)
            return mails if len(mails) >= count else None
        return wait_until(look, seconds, f"{count} mails to {to}")

    def clear(self):
        shutil.rmtree(os.path.join(self.folder, "mail", "all"),
                      ignore_errors=True)

    def settings(self, password_file):
        return {"mail_carrier": "smtp", "smtp_host": "127.0.0.1",
                "smtp_port": self.port, "smtp_tls": "required",
                "smtp_ca_file": self.ca_file, "smtp_tls_name": NAME,
                "smtp_user": USER, "smtp_password_file": password_file}


def part(mail, kind):
    """The decoded text of the part of that type."""
    return mail.get_body((kind,)).get_content()


def password_of(mail):
    """The password in the mail of the usual template, the same in both
    parts; noted, so that nothing may show it."""
    plain = part(mail, "plain")
    password = re.search(r"password is\s+(\S+)\s+Sign in", plain).group(1)
    shown = re.findall(r"<code>(.*?)</code>", part(mail, "html"))
    if html.unescape(shown[1]) != password:
        raise AssertionError("the parts show different passwords")
    HOUSE.note_secret(password, "a temporary password")
    return password
