# SPDX-License-Identifier: MIT
"""peers - what takes the messages: smtp-sink, a Postfix that queues, nginx.
Each is private, in a folder that goes with it."""
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import common

PATH = os.environ["PATH"] + ":/usr/sbin"
POSTFIX = "/usr/lib/postfix/sbin"

POSTFIX_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.bench.example
mydestination =
mynetworks = 127.0.0.1
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
alias_maps =
alias_database =
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_client_access static:HOLD
"""

POSTFIX_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""

NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200; }}
  }}
}}
"""


def find(name):
    path = shutil.which(name, path=PATH)
    if not path:
        common.fail("%s is not installed" % name)
    return path


class Peer:
    """A program that listens on port; start() says how it is run."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="usher-bench-peer-")
        os.chmod(self.folder, 0o755)
        self.port = common.free_port()
        log = open(self.folder + "/out", "w")
        self.process = subprocess.Popen(self.words(), stdout=log, stderr=log,
                                        env={"PATH": PATH, **self.more})
        self.pid = self.process.pid
        for _ in range(200):
            if self.process.poll() is None and self.answers():
                return self
            time.sleep(0.05)
        common.fail("%s does not answer: %s" % (
            type(self).__name__, open(self.folder + "/out").read()))

    more = {}

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5):
                return True
        except OSError:
            return False

    def __exit__(self, *error):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder + "/" + name
        with open(path, "w") as out:
            out.write(text)
        return path


class Sink(Peer):
    """Takes all mail and keeps none."""

    def words(self):
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        return [find("smtp-sink"), *user, "127.0.0.1:%d" % self.port, "512"]


class Postfix(Peer):
    """A real queue on disk. What it takes is held there, so that nothing but
    taking it is measured."""

    def words(self):
        values = {"folder": self.folder, "daemons": POSTFIX,
                  "port": self.port}
        self.more = {"MAIL_CONFIG": self.folder}
        self.write("main.cf", POSTFIX_MAIN.format(**values))
        self.write("master.cf", POSTFIX_MASTER.format(**values))
        postfix = pwd.getpwnam("postfix").pw_uid
        drop = grp.getgrnam("postdrop").gr_gid
        for name, mode, user, group in (
                ("queue", 0o755, 0, 0), ("data", 0o700, postfix, 0),
                *(("queue/" + name, 0o700, postfix, 0) for name in (
                    "active bounce corrupt defer deferred flush hold incoming"
                    " private saved trace").split()),
                ("queue/maildrop", 0o730, postfix, drop),
                ("queue/public", 0o710, postfix, drop),
                ("queue/pid", 0o755, 0, 0)):
            path = "%s/%s" % (self.folder, name)
            os.mkdir(path)
            os.chown(path, user, group)
            os.chmod(path, mode)
        return [POSTFIX + "/master", "-c", self.folder, "-d"]

    def empty(self):
        """Throws the queue away; how many mails it had."""
        count = 0
        for file in os.scandir(self.folder + "/queue/hold"):
            os.unlink(file.path)
            count += 1
        return count


class Nginx(Peer):
    """Answers 200 to everything."""

    def words(self):
        nobody = pwd.getpwnam("nobody")
        user = "user nobody %s;\n" % grp.getgrgid(nobody.pw_gid).gr_name
        path = self.write("nginx.conf", (
            user if os.geteuid() == 0 else "") + NGINX.format(
                folder=self.folder, port=self.port))
        return [find("nginx"), "-p", self.folder, "-c", path]
