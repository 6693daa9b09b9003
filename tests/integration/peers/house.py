# SPDX-License-Identifier: MIT
"""What the tests with real peers share: a folder, free ports, a private
PostgreSQL, the programs under test, waiting, and the last line.

Every process is ended by its own id, or dies with this one. All outputs and
logs of the programs under test are kept in the folder; at the end they are
searched for every secret that became known, and for sanitizers' reports.
"""
import atexit
import base64
import ctypes
import glob
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = os.environ.get("BUILDDIR") or os.getcwd()
SOURCE = os.environ.get("SRCDIR") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", "..", ".."))
SLOW = float(os.environ.get("USHER_TEST_SLOW", "1"))  # waits grow by this
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until(probe, seconds=15, what="it"):
    """The first true answer of PROBE; an AssertionError after SECONDS."""
    end = time.monotonic() + seconds * SLOW
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds * SLOW:g} s")
        time.sleep(0.03)


def is_root():
    return os.geteuid() == 0


class House:
    """The folder of one run, its secrets and its processes."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="usher-peers-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.secrets = {}
        self.processes = []
        self.cluster = None
        self.counter = 0
        self.ports = []
        self.blocks = []
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            given = os.environ.get(name, "")
            os.environ[name] = ":".join(
                [given] * bool(given) + [f"log_path={self.folder}/sanitizer"])
        # The mail lane cannot be traced, which the leak check needs.
        os.environ["LSAN_OPTIONS"] = "detect_leaks=0"
        os.environ.pop("USHER_CONFIG", None)
        atexit.register(self.leave)
        signal.signal(signal.SIGTERM, signal.default_int_handler)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def make_folder(self, name, mode=0o755):
        self.counter += 1
        path = self.path(f"{name}-{self.counter}")
        os.mkdir(path)
        os.chmod(path, mode)
        return path

    def port(self):
        """A port that is free; no two calls answer the same, whichever runs
        they are of."""
        while True:
            if not self.ports:
                self.ports = self._reserve()
            port = self.ports.pop()
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    pass

    def _reserve(self):
        """Ports of this run alone, which holds the first of them. They lie
        below those that the kernel gives to outgoing connections."""
        block = 100
        starts = list(range(12000, 32000, block))
        random.shuffle(starts)
        for start in starts:
            holder = socket.socket()
            try:
                holder.bind(("127.0.0.1", start))
            except OSError:
                holder.close()
                continue
            self.blocks.append(holder)
            return list(range(start + 1, start + block))
        raise RuntimeError("no ports are free")

    def note_secret(self, secret, what):
        self.secrets[secret] = what

    def note_login(self, user, password):
        """A password, and the forms in which AUTH would show it."""
        plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self.note_secret(password, f"password of {user}")
        self.note_secret(plain, f"AUTH PLAIN of {user}")
        self.note_secret(base64.b64encode(password.encode()).decode(),
                         f"AUTH LOGIN of {user}")

    def spawn(self, words, log, **more):
        """Starts a program whose output goes to the file LOG."""
        with open(log, "ab") as out:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                preexec_fn=_die_with_parent, **more)
        self.processes.append(process)
        return process

    def converse(self, words, log, **more):
        """Starts a program that answers by lines what it is asked by lines."""
        with open(log, "ab") as out:
            process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=out, text=True, bufsize=1,
                preexec_fn=_die_with_parent, **more)
        self.processes.append(process)
        return process

    def end(self, process, how=signal.SIGTERM, seconds=15):
        """Ends it and answers its exit status."""
        if process in self.processes:
            self.processes.remove(process)
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(
                f"{process.args[0]} does not end at signal {how}") from None

    def database(self):
        """The connection string of a new, empty database."""
        if not self.cluster:
            self.cluster = Cluster(self)
        return self.cluster.new_database()

    def ours(self):
        """Running processes that name the folder: id, words, and of /proc
        the state and the parent."""
        found = []
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            pid = int(path.split("/")[2])
            try:
                with open(path, "rb") as file:
                    words = file.read()
                with open(f"/proc/{pid}/stat", encoding="utf-8",
                          errors="replace") as file:
                    state = file.read().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if self.folder.encode() in words and pid != os.getpid():
                found.append((pid, words.replace(b"\0", b" ").decode(),
                              *state))
        return found

    def leave(self):
        for process in reversed(list(self.processes)):
            try:
                self.end(process)
            except AssertionError as error:
                print(error, file=sys.stderr)
        if self.cluster:
            self.cluster.stop()
        if os.environ.get("USHER_TEST_KEEP"):
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def shown(self):
        """Files with what the programs under test printed and logged."""
        return [os.path.join(folder, name)
                for folder, _, names in os.walk(self.folder)
                for name in names
                if name in ("usher.out", "usherd.log", "postgres.log")]

    def leaks(self):
        """Secrets that something showed, never the secrets themselves."""
        found = []
        for path in self.shown():
            with open(path, "rb") as file:
                text = file.read()
            found += [f"{what} in {path}"
                      for secret, what in self.secrets.items()
                      if secret.encode() in text]
        return found

    def sanitizer_reports(self):
        reports = []
        for path in glob.glob(self.path("sanitizer.*")):
            with open(path, encoding="utf-8", errors="replace") as file:
                reports.append(file.read())
        return reports


class Cluster:
    def __init__(self, house):
        self.house = house
        self.count = 0
        folder = house.make_folder("cluster")
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "tests", "cluster"), folder, "--stdin"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=_die_with_parent)
        self.admin = self.process.stdout.readline().strip()
        if not self.admin:
            raise RuntimeError("the private PostgreSQL does not start")
        run_sql(self.admin, "alter system set fsync = off")
        run_sql(self.admin, "select pg_reload_conf()")

    def new_database(self):
        self.count += 1
        name = f"test{self.count}"
        run_sql(self.admin, f"create database {name}")
        return self.admin.replace("dbname=postgres", f"dbname={name}")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def run_sql(database, statement):
    """The rows of a statement, columns by '|', as lines."""
    done = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
         database, "-c", statement], capture_output=True, text=True,
        check=False)
    if done.returncode:
        raise AssertionError(f"psql: {done.stderr}")
    return done.stdout.strip()


class Result:
    """What a run of usher came to."""

    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"status {self.status}\n{self.out}\n{self.err}"


class Usher:
    """An installation: settings, key file, database; usher and usherd."""

    def __init__(self, house, **settings):
        self.house = house
        self.folder = house.make_folder("usher")
        self.config = os.path.join(self.folder, "usher.conf")
        self.log = os.path.join(self.folder, "usherd.log")
        self.settings = {
            "database": None,
            "key_file": os.path.join(self.folder, "keys"),
            "mail_from": "Usher <no-reply@usher.test>",
            "poll_ms": 20,
            "text_carrier": "none",
            "mail_carrier": "none",
        }
        self.settings.update(settings)
        if self.settings["database"] is None:
            self.settings["database"] = house.database()
        self.write()
        self.daemons = []
        self.key = None  # the first access key
        self.mark = 0  # where the log of the newest usherd begins

    def write(self, **settings):
        self.settings.update(settings)
        with open(self.config, "w", encoding="utf-8") as file:
            for name, value in self.settings.items():
                file.write(f'{name} = "{value}"\n')

    def file(self, name, text, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def run(self, *words, stdin=b"", secret=False, config=True):
        """Runs usher; what it shows is kept unless a secret is asked for."""
        command = [os.path.join(BUILD, "usher"), *words]
        if config and "--config" not in words:
            command += ["--config", self.config]
        done = subprocess.run(command, input=stdin, capture_output=True,
                              preexec_fn=_die_with_parent, check=False,
                              timeout=60 * SLOW)
        if not secret:
            path = os.path.join(self.folder, "usher.out")
            with open(path, "ab") as file:
                file.write(done.stdout + done.stderr)
        return Result(done)

    def good(self, *words, **more):
        result = self.run(*words, **more)
        if result.status:
            raise AssertionError(f"usher {' '.join(words)}: {result}")
        return result

    def json(self, *words, **more):
        return self.good(*words, "--json", **more).json()

    def init(self):
        self.key = self.json("init", secret=True)["AccessKey"]
        self.house.note_secret(self.key["SecretAccessKey"],
                               "secret of the first key")
        return self

    def pool(self, name="test", **settings):
        """Makes a user pool with the API's settings; answers its id."""
        path = self.file("pool.json", json.dumps(
            {"PoolName": name, **settings}))
        return self.good("pool", "create", "--file", path).out.strip()

    def invite(self, pool, username, *words, **attributes):
        """Answers the ids of the messages that were queued."""
        for attribute, value in attributes.items():
            words += ("--attribute", f"{attribute}={value}")
        answer = self.json("invite", "--pool", pool, "--username", username,
                           *words)
        return [message["id"] for message in answer["Messages"]]

    def invite_mail(self, pool, username):
        return self.invite(pool, username,
                           email=f"{username}@example.com")[0]

    def message(self, number):
        return self.json("queue", "show", str(number))

    def reaches(self, number, state, seconds=20):
        def look():
            message = self.message(number)
            return message if message["state"] == state else None
        try:
            return wait_until(look, seconds, f"message {number} {state}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.message(number)}") from None

    def states(self, **more):
        counts = {}
        for line in self.sql("select state, count(*) from message_state "
                             "group by 1", **more).splitlines():
            state, count = line.split("|")
            counts[state] = int(count)
        return counts

    def sql(self, statement):
        return run_sql(self.settings["database"], statement)

    def start(self, *words):
        """Starts usherd and waits until it says that it is ready."""
        if os.path.exists(self.log):
            self.mark = os.path.getsize(self.log)
        daemon = self.house.spawn(
            [os.path.join(BUILD, "usherd"), "--config", self.config, *words],
            self.log)
        self.daemons.append(daemon)

        def ready():
            if "msg=ready" in self.logged():
                return True
            if daemon.poll() is not None:
                raise AssertionError(f"usherd ended: {self.logged()}")
            return False
        wait_until(ready, 15, "usherd is ready")
        return daemon

    def stop(self, daemon=None, how=signal.SIGTERM):
        daemon = daemon or self.daemons[-1]
        self.daemons.remove(daemon)
        return self.house.end(daemon, how)

    def stop_all(self):
        for daemon in list(self.daemons):
            self.stop(daemon)

    def logged(self):
        """What was logged since usherd was last started."""
        with open(self.log, "rb") as file:
            file.seek(self.mark)
            return file.read().decode("utf-8", "replace")

    def wait_logged(self, words, seconds=15):
        wait_until(lambda: words in self.logged(), seconds,
                   f"'{words}' in usherd's log")


def children_of(pid):
    """Ids of the processes whose parent is PID, deepest last."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            child = int(text.split()[0])
            found += [child, *children_of(child)]
    return found


def program_of(pid):
    """"" when it has ended. Not by its exe, which root alone may read."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8",
                  errors="replace") as file:
            head, _, rest = file.read().rpartition(")")
    except OSError:
        return ""
    return "" if rest.split()[0] == "Z" else head.partition("(")[2]


def lines_of(text):
    return [line for line in text.splitlines() if line.strip()]


HOUSE = House()


class Case(unittest.TestCase):
    """One installation a class; usherd ends with each test."""

    settings = {}
    usher = None

    @classmethod
    def setUpClass(cls):
        cls.usher = Usher(HOUSE, **cls.settings).init()

    @classmethod
    def tearDownClass(cls):
        cls.usher.stop_all()

    def tearDown(self):
        self.usher.stop_all()


class Behind(unittest.TestCase):
    """Comes last: what all the others must not have left behind."""

    def test_no_secret_shown(self):
        self.assertEqual(HOUSE.leaks(), [])

    def test_no_sanitizer_report(self):
        self.assertEqual(HOUSE.sanitizer_reports(), [])

    def test_no_process_left(self):
        for process in list(HOUSE.processes):
            HOUSE.end(process)
        if HOUSE.cluster:
            HOUSE.cluster.stop()
            HOUSE.cluster = None
        try:
            wait_until(lambda: not HOUSE.ours(), 5)
        except AssertionError:
            self.fail(f"left behind: {HOUSE.ours()}")


BEHIND = 3  # tests of Behind


class Timed(unittest.TextTestResult):
    def startTest(self, test):
        self.begun = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        self.stream.write(f"{time.monotonic() - self.begun:.1f} s ")
        super().addSuccess(test)


def main():
    """Runs the tests of the calling script; 77 when all were skipped."""
    loader = unittest.TestLoader()
    suite = unittest.TestSuite()
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    loader.testNamePatterns = [f"*{pattern}*"] if pattern else None
    suite.addTests(loader.loadTestsFromModule(sys.modules["__main__"]))
    loader.testNamePatterns = None
    suite.addTests(loader.loadTestsFromTestCase(Behind))
    result = unittest.TextTestRunner(
        stream=sys.stdout, verbosity=2, resultclass=Timed).run(suite)
    failed = sum(map(len, (result.failures, result.errors,
                           result.unexpectedSuccesses)))
    skipped = len(result.skipped)
    # What failed before its first test counts as failed, and was no run.
    passed = max(0, result.testsRun - failed - skipped)
    HOUSE.leave()
    atexit.unregister(HOUSE.leave)
    print(f"{passed} passed, {failed} failed" +
          (f", {skipped} skipped" if skipped else ""), flush=True)
    if failed:
        sys.exit(1)
    sys.exit(77 if passed <= BEHIND and skipped else 0)
