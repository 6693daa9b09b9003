# SPDX-License-Identifier: MIT
"""A proxy that cuts a connection before the client hears what became of its
request: when it is done, or while it is being done; and what must become of
invitations then, whichever client tries again."""
import socket
import threading

import busy
from aws import MAIL, mail_of
from house import wait_until


class Cut:
    """On a port of its own, before 127.0.0.1:PORT. Of the first COUNT
    answers no byte reaches the client; requests are never changed. EARLY:
    the client is cut off as soon as its request was passed on."""

    def __init__(self, port, count, early=False):
        self.upstream = port
        self.left = count
        self.early = early
        self.cut = 0          # how many answers
        self.connections = 0  # of clients
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(("127.0.0.1", self.upstream))
            for pump in (self._ask, self._answer):
                threading.Thread(target=pump, args=(client, server),
                                 daemon=True).start()

    @staticmethod
    def _end(*sockets):
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _ask(self, client, server):
        try:
            while data := client.recv(65536):
                server.sendall(data)
                if data.endswith(b"}") and self._is_cut(True):
                    self._end(client)
                    return
        except OSError:
            pass
        self._end(client, server)

    def _is_cut(self, early):
        """usherd answers behind its commit: an answer's first byte is late
        enough."""
        if early != self.early:
            return False
        with self.lock:
            if not self.left:
                return False
            self.left -= 1
            self.cut += 1
            return True

    def _answer(self, client, server):
        try:
            while data := server.recv(65536):
                if self._is_cut(False):
                    break
                client.sendall(data)
        except OSError:
            pass
        self._end(client, server)
        client.close()
        server.close()


class Cases:
    """Beside a case of aws.py, with a client that tries again by itself."""
    ways = ()  # in which it does

    def invite(self, way, url, **request):
        """The User of AdminCreateUser, which took two attempts."""
        raise NotImplementedError

    def invite_by(self, way, url, pool, address, **more):
        return self.invite(way, url, UserPoolId=pool, Username="alice",
                           UserAttributes=mail_of(address), **MAIL, **more)

    def suppress(self, pool, address):
        return self.aws.admin_create_user(
            UserPoolId=pool, Username="alice", MessageAction="SUPPRESS",
            UserAttributes=mail_of(address))["User"]

    def check_mailed_once(self, cut, pool, address):
        self.assertEqual((cut.cut, cut.connections), (1, 2))
        self.usher.mails(address, 1)
        self.assertEqual(self.usher.messages(pool), 1)

    def check_made(self, pool, made):
        got = self.aws.admin_get_user(UserPoolId=pool, Username="alice")
        self.assertEqual(made["Attributes"], got["UserAttributes"])
        self.assertEqual(made["UserCreateDate"], got["UserCreateDate"])

    def through_cut(self, way, pool, address, **more):
        """The answer to a call whose first answer is cut."""
        cut = Cut(self.usher.port, 1)
        made = self.invite_by(way, cut.url, pool, address, **more)
        cut.stop()
        self.check_mailed_once(cut, pool, address)
        return made

    def while_it_is_done(self, way, pool, address, **more):
        """The same, cut off while the first request waits for a lock, so that
        the second comes to it there."""
        answers = []
        cut = Cut(self.usher.port, 1, early=True)
        call = threading.Thread(target=lambda: answers.append(
            self.invite_by(way, cut.url, pool, address, **more)))
        with busy.no_writes(self.usher):
            call.start()
            wait_until(lambda: busy.waiting(self.usher) == 2,
                       what="both requests wait")
        call.join(60)
        cut.stop()
        self.assertEqual(len(answers), 1)
        self.check_mailed_once(cut, pool, address)
        return answers[0]

    def test_creation(self):
        for way in self.ways:
            with self.subTest(way):
                pool = self.make_pool()
                self.check_made(pool, self.through_cut(
                    way, pool, f"{way}@example.com"))

    def test_creation_that_goes_singly(self):
        pool = self.make_pool()
        self.through_cut(self.ways[0], pool, "singly@example.com",
                         TemporaryPassword="Abcd123!")
        mail, = self.usher.mails("singly@example.com", 1)
        self.assertEqual(mail["password"], "Abcd123!")

    def test_resend(self):
        pool = self.make_pool()
        made = self.suppress(pool, "resent@example.com")
        again = self.through_cut(self.ways[-1], pool, "resent@example.com",
                                 MessageAction="RESEND")
        self.assertEqual(again["Attributes"], made["Attributes"])

    def test_creation_that_is_being_done(self):
        for way in self.ways:
            with self.subTest(way):
                pool = self.make_pool()
                self.check_made(pool, self.while_it_is_done(
                    way, pool, f"early-{way}@example.com"))

    def test_resend_that_is_being_done(self):
        pool = self.make_pool()
        made = self.suppress(pool, "early@example.com")
        again = self.while_it_is_done(self.ways[-1], pool, "early@example.com",
                                      MessageAction="RESEND")
        self.assertEqual(again["Attributes"], made["Attributes"])

    def test_another_call_is_no_repetition(self):
        pool = self.make_pool()
        self.through_cut(self.ways[0], pool, "other@example.com")
        with self.assertRaises(self.aws.exceptions.UsernameExistsException):
            self.aws.admin_create_user(
                UserPoolId=pool, Username="alice", **MAIL,
                UserAttributes=mail_of("other@example.com"))
