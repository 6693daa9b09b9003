# SPDX-License-Identifier: MIT
"""PostgreSQL servers that a test may stop, kill, copy and promote."""
import glob
import os
import pwd
import shutil
import signal
import subprocess

from house import HOUSE, is_root, run_sql, wait_until


def _owner():
    """PostgreSQL refuses to run as root."""
    if not is_root():
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _program(name):
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    return os.path.join(folders[-1], name) if folders else name


class Server:
    """DATA: the folder of the data, else a new one; the socket's folder is
    the server's own."""

    def __init__(self, data=None):
        self.owner = _owner()
        self.folder = self.own(HOUSE.make_folder("server"))
        self.data = data or os.path.join(self.folder, "data")
        self.log = os.path.join(self.folder, "postgres.log")
        self.process = None

    def own(self, path):
        if self.owner:
            os.chown(path, self.owner["user"], self.owner["group"])
        return path

    def tool(self, *words):
        subprocess.run([_program(words[0]), *words[1:]], cwd="/", check=True,
                       capture_output=True, **self.owner)

    def make(self, *words):
        self.tool("initdb", "-D", self.data, "-U", "usher", "-A", "trust",
                  "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                  "--no-instructions", *words)
        return self

    def start(self):
        """Answers when it takes connections; behind a kill() it may have to
        be tried again, until the orphans are gone."""
        def up():
            if not self.process or self.process.poll() is not None:
                self._spawn()
            return self.answers()
        wait_until(up, 30, "PostgreSQL answers")
        return self

    def _spawn(self):
        self.process = HOUSE.spawn(
            [_program("postgres"), "-D", self.data, "-k", self.folder,
             "-c", "listen_addresses=", "-c", "fsync=off",
             "-c", "shared_buffers=16MB", "-c", "max_connections=40"],
            self.log, cwd="/", **self.owner)

    def answers(self):
        return subprocess.run(
            [_program("pg_isready"), "-q", "-h", self.folder],
            check=False).returncode == 0

    def stop(self, how=signal.SIGINT):
        """SIGINT breaks connections; SIGQUIT ends it as a crash would."""
        if self.process:
            HOUSE.end(self.process, how, 30)
            self.process = None

    def crash(self):
        self.stop(signal.SIGQUIT)

    def kill(self):
        """The postmaster alone; its children notice and end."""
        self.stop(signal.SIGKILL)

    def restart(self):
        self.crash()
        self.start()

    def database(self, name="postgres"):
        return f"host={self.folder} user=usher dbname={name}"

    def sql(self, statement, name="postgres"):
        return run_sql(self.database(name), statement)

    def standby(self):
        """A copy that follows this server, started."""
        copy = Server()
        copy.tool("pg_basebackup", "-h", self.folder, "-U", "usher", "-D",
                  copy.data, "-R", "-X", "stream", "--checkpoint=fast",
                  "--no-sync")
        return copy.start()

    def promote(self):
        self.sql("select pg_promote()")

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
