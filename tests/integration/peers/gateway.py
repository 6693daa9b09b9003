# SPDX-License-Identifier: MIT
"""A real Kannel: bearerbox, smsbox and the fake SMSC that prints what it
gets. Needs no rights and no database."""
import json
import os
import re
import shutil
import signal
import socket
import urllib.parse

from house import HOUSE, SOURCE, wait_until

FAKESMSC = "/usr/lib/kannel/test/fakesmsc"
PASSWORD = "kannel-Secret-2342"

CONFIG = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = none
smsbox-port = {box}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
dlr-storage = internal
store-type = file
store-location = {folder}/store
log-file = {folder}/bearerbox.log
access-log = {folder}/access.log

group = smsc
smsc = fake
smsc-id = FAKE
host = 127.0.0.1
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {box}
sendsms-port = {send}
sendsms-interface = 127.0.0.1
global-sender = usher
log-file = {folder}/smsbox.log

group = sendsms-user
username = usher
password = {password}
concatenation = true
max-messages = 4

group = sms-service
keyword = default
max-messages = 0
catch-all = true
text = none
"""


SENT = re.compile(r" Sent SMS .* \[msg:\d+:(Sign in as \S+ with the temporary "
                  r"password)\.(.*)\.(It works until [^]]*)\] \[udh:")


def missing():
    """Why there can be no Kannel here, or None."""
    if not shutil.which("bearerbox") or not os.path.exists(FAKESMSC):
        return "kannel and kannel-extras are not installed"
    return None


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
        return True
    except OSError:
        return False


class Message:
    """What the fake SMSC got: text, and how it was put into parts."""

    def __init__(self, line):
        _, self.to, kind, payload = line.split(" ", 3)
        self.header = None
        self.encoding = "gsm7"
        self.text = payload
        if kind == "udh":
            self.header, _, payload = payload.split(" ", 2)
        octets = urllib.parse.unquote_to_bytes(payload.replace("+", " "))
        if kind == "ucs-2" or (self.header and b"\0" in octets):
            self.encoding = "ucs2"
            self.text = octets.decode("utf-16-be")
        elif self.header:
            self.text = octets.decode("latin-1")

    def parts(self):
        """Number of this part and of all, from the header."""
        octets = urllib.parse.unquote_to_bytes(self.header)
        return octets[5], octets[4]


class Kannel:
    def __init__(self):
        self.folder = HOUSE.make_folder("kannel")
        self.send_port = HOUSE.port()
        self.smsc_port = HOUSE.port()
        self.config = os.path.join(self.folder, "kannel.conf")
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(
                folder=self.folder, admin=HOUSE.port(), box=HOUSE.port(),
                smsc=self.smsc_port, send=self.send_port, password=PASSWORD))
        self.smsbox_log = os.path.join(self.folder, "smsbox.log")
        HOUSE.note_login("usher", PASSWORD)
        self.access_log = os.path.join(self.folder, "access.log")
        self.printed = os.path.join(self.folder, "fakesmsc.out")
        self.start()

    def start(self):
        self.start_bearerbox()
        self.start_fakesmsc()
        self.start_smsbox()

    def start_bearerbox(self):
        self.bearerbox = HOUSE.spawn(["bearerbox", self.config],
                                     os.path.join(self.folder, "kannel.out"))
        wait_until(lambda: listens(self.smsc_port), 20, "bearerbox listens")

    def start_fakesmsc(self):
        self.fakesmsc = HOUSE.spawn(
            [FAKESMSC, "-H", "127.0.0.1", "-r", str(self.smsc_port), "-m",
             "0", "123 13013 text nop"], self.printed)

    def end_restarted(self):
        """The smsbox that one which lost its bearerbox left in its place."""
        for pid, words, *_ in HOUSE.ours():
            if words.startswith("smsbox ") and self.config in words and (
                    pid != self.smsbox.pid):
                os.kill(pid, signal.SIGKILL)

    def start_smsbox(self):
        self.smsbox = HOUSE.spawn(["smsbox", self.config],
                                  os.path.join(self.folder, "kannel.out"))
        wait_until(lambda: listens(self.send_port), 20, "smsbox listens")

    def runs(self):
        return all(process.poll() is None for process in (
            self.smsbox, self.fakesmsc, self.bearerbox))

    def revive(self):
        """Starts whatever is not running; the fake SMSC ends with the
        bearerbox."""
        if self.bearerbox.poll() is not None:
            self.start_bearerbox()
        if self.fakesmsc.poll() is not None:
            self.start_fakesmsc()
        if self.smsbox.poll() is not None:
            self.end_restarted()
            self.start_smsbox()

    def stop_smsbox(self):
        HOUSE.end(self.smsbox, signal.SIGINT, 30)

    def stop(self):
        """Nothing of it is kept; its own way out takes seconds."""
        for process in (self.smsbox, self.fakesmsc, self.bearerbox):
            HOUSE.end(process, signal.SIGKILL)
        self.end_restarted()

    def messages(self, to=None):
        with open(self.printed, encoding="utf-8", errors="replace",
                  newline="\n") as file:
            text = file.read()
        found = []
        for line in re.findall(r"Got message \d+: <(.*)>\n", text):
            if line.startswith("usher +"):
                found.append(Message(line))
            else:  # It prints each further line of a text on its own.
                found[-1].text += "\n" + line
        return [message for message in found if to in (None, message.to)]

    def sent(self):
        """Texts of invitations by the usual template that it says it gave to
        the SMSC; it shows the ends of lines as full stops."""
        with open(self.access_log, encoding="utf-8",
                  errors="replace") as file:
            return ["\n".join(parts) for parts in SENT.findall(file.read())]

    def wait_messages(self, to, count=1, seconds=20):
        def look():
            messages = self.messages(to)
            return messages if len(messages) >= count else None
        return wait_until(look, seconds, f"{count} SMS to {to}")

    def wait_text(self, to):
        """The whole text of the usual template, which has three lines."""
        def look():
            return [message.text for message in self.messages(to)
                    if "It works until" in message.text]
        return wait_until(look, 20, f"an invitation to {to}")[0]

    def settings(self, usher):
        """The profile of contrib with this Kannel's port."""
        path = os.path.join(SOURCE, "contrib/gateways/kannel.json")
        with open(path, encoding="utf-8") as file:
            profile = json.load(file)
        profile["url"] = profile["url"].replace("13013", str(self.send_port))
        return {"text_carrier": "http",
                "gateway_file": usher.file("gateway.json",
                                           json.dumps(profile)),
                "gateway_password_file": usher.file("gateway-password",
                                                    PASSWORD + "\n")}
