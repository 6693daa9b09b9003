# SPDX-License-Identifier: MIT
"""A proxy that cuts a connection before the client hears what became of its
request: when it is done, or while it is being done."""
import socket
import threading


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
