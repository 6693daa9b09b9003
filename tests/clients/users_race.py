#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sixteen clients at once want the same names, half of them in the opposite
order: each call is answered, none with a deadlock, and all answers hold."""
import threading

import aws
import house
from house import wait_until

CLIENTS = 16
ROUNDS = 10
TAKEN = "UsernameExistsException"


def verified(number):
    return [{"Name": "email", "Value": f"a{number}@example.com"},
            {"Name": "email_verified", "Value": "true"},
            {"Name": "phone_number", "Value": f"+1555555{number:04}"},
            {"Name": "phone_number_verified", "Value": "true"}]


class Race(aws.Case):
    settings = {"db_connections": CLIENTS}

    def everybody(self, work):
        """WORK(client, its number, round) by all; the answers, or the codes
        and texts of errors."""
        answers = []
        ready = threading.Barrier(CLIENTS)

        def run(number):
            client = self.usher.client()
            ready.wait(60)
            for turn in range(ROUNDS):
                # Half of them go the other way.
                at = turn if number % 2 else ROUNDS - 1 - turn
                try:
                    answers.append((number, at, work(client, number, at)))
                except client.exceptions.ClientError as error:
                    words = error.response["Error"]
                    answers.append((number, at, (words["Code"],
                                                 words["Message"])))

        threads = [threading.Thread(target=run, args=(number,))
                   for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), CLIENTS * ROUNDS)
        return answers

    def owners(self, pool):
        """Of each alias, the users who say that it is theirs."""
        owners = {}
        pages = self.aws.get_paginator("list_users").paginate(UserPoolId=pool)
        users = [user for page in pages for user in page["Users"]]
        for user in users:
            has = {pair["Name"]: pair["Value"] for pair in user["Attributes"]}
            for kind in ("email", "phone_number"):
                if has.get(f"{kind}_verified") == "true":
                    owners.setdefault(has[kind], []).append(user["Username"])
        return users, owners

    def check(self, pool, answers):
        """Who was told so exists, and of each alias the only owner is the
        one it leads to."""
        made = {answer["User"]["Username"] for _, _, answer in answers
                if isinstance(answer, dict)}
        users, owners = self.owners(pool)
        self.assertEqual({user["Username"] for user in users}, made)
        self.check_owners(pool, owners)
        return owners

    def check_owners(self, pool, owners):
        for alias, names in owners.items():
            self.assertEqual(len(names), 1, alias)
            self.assertEqual(self.aws.admin_get_user(
                UserPoolId=pool, Username=alias)["Username"], names[0])

    def test_reads_that_go_together(self):
        """Each has its own answer, whoever is asked for beside it."""
        pools = self.make_pool(), self.make_pool()
        for number in range(CLIENTS):
            self.aws.admin_create_user(UserPoolId=pools[number % 2],
                                       Username=f"user{number}")
        answers = self.everybody(lambda client, number, at:
                                 client.admin_get_user(
                                     UserPoolId=(*pools, "us-east-1_x")[at % 3],
                                     Username=f"user{number}"))
        for number, at, answer in answers:
            if at % 3 == 2:
                self.assertEqual(answer, (
                    "ResourceNotFoundException",
                    "User pool us-east-1_x does not exist."))
            elif at % 3 == number % 2:
                self.assertEqual(answer["Username"], f"user{number}")
            else:
                self.assertEqual(answer, ("UserNotFoundException",
                                          "User does not exist."))

    def test_forced_aliases(self):
        pool = self.make_pool(AliasAttributes=["email", "phone_number"])
        answers = self.everybody(lambda client, number, at:
                                 client.admin_create_user(
                                     UserPoolId=pool,
                                     Username=f"user{number}-{at}",
                                     UserAttributes=verified(at),
                                     ForceAliasCreation=True))
        self.assertEqual([answer for _, _, answer in answers
                          if not isinstance(answer, dict)], [])
        self.assertEqual(len(self.check(pool, answers)), 2 * ROUNDS)

    def test_aliases(self):
        """Without force the first wins. The phone numbers are the others' in
        the opposite order, so that half an alias may be taken."""
        pool = self.make_pool(AliasAttributes=["email", "phone_number"])

        def create(client, number, at):
            mine = verified(at)
            if number % 2:
                mine[2:] = verified(ROUNDS - 1 - at)[2:]
            return client.admin_create_user(
                UserPoolId=pool, Username=f"user{number}-{at}",
                UserAttributes=mine)

        answers = self.everybody(create)
        for _, _, answer in answers:
            if not isinstance(answer, dict):
                self.assertIn(answer, [
                    (TAKEN, f"An account with the {kind} already exists.")
                    for kind in ("email", "phone_number")])
        self.assertGreaterEqual(len(self.check(pool, answers)), ROUNDS)

    def test_flags_that_steal(self):
        pool = self.make_pool(AliasAttributes=["email", "phone_number"])
        for number in range(CLIENTS):
            self.aws.admin_create_user(UserPoolId=pool,
                                       Username=f"user{number}")
        answers = self.everybody(lambda client, number, at:
                                 client.admin_update_user_attributes(
                                     UserPoolId=pool,
                                     Username=f"user{number}",
                                     UserAttributes=verified(at % 3)))
        self.assertEqual([answer for _, _, answer in answers
                          if not isinstance(answer, dict)], [])
        _, owners = self.owners(pool)
        self.check_owners(pool, owners)

    def test_all_at_once(self):
        """Forced and not, flags that come, go and steal, users that go."""
        pool = self.make_pool(AliasAttributes=["email", "phone_number"])

        def work(client, number, at):
            who = {"UserPoolId": pool, "Username": f"user{number}-{at}"}
            mine = verified(at % 3)
            mine[2:] = verified((at + number) % 3)[2:]
            client.admin_create_user(UserAttributes=mine,
                                     ForceAliasCreation=number % 4 > 0, **who)
            mine = verified((at + 1) % 3)[2:] + verified(at % 3)[:2]
            client.admin_update_user_attributes(UserAttributes=mine, **who)
            if at % 2:
                client.admin_delete_user(**who)
            else:
                client.admin_update_user_attributes(
                    UserAttributes=verified((at + 2) % 3), **who)

        for _, _, answer in self.everybody(work):
            self.assertIn(answer, [None] + [
                (TAKEN, f"An account with the {kind} already exists.")
                for kind in ("email", "phone_number")])
        _, owners = self.owners(pool)
        self.assertTrue(owners)
        self.check_owners(pool, owners)
        self.assertEqual(self.usher.sql(
            "select count(*) from name full join account using (pool_id, "
            "sub) where value is null or username is null").strip(), "0")

    def test_addresses_as_usernames(self):
        pool = self.make_pool(UsernameAttributes=["email", "phone_number"])

        def create(client, number, at):
            pairs = verified(at)
            mail = number % 2
            return client.admin_create_user(
                UserPoolId=pool, Username=pairs[0 if mail else 2]["Value"],
                UserAttributes=[pairs[2 if mail else 0]])

        answers = self.everybody(create)
        made = [at for _, at, answer in answers if isinstance(answer, dict)]
        self.assertEqual(sorted(made), list(range(ROUNDS)))
        for _, _, answer in answers:
            if not isinstance(answer, dict):
                self.assertEqual(answer[0], TAKEN)
        users, _ = self.owners(pool)
        self.assertEqual(len(users), ROUNDS)


class Hashes(aws.Case):
    settings = {"db_connections": 1}

    def test_nobody_waits_for_hashes(self):
        pool = self.make_pool()
        clients = [self.usher.client() for _ in range(CLIENTS)]
        hashed = []

        def create(number):
            for turn in range(ROUNDS):
                hashed.append(clients[number].admin_create_user(
                    UserPoolId=pool, Username=f"user{number}-{turn}",
                    TemporaryPassword="Abcdef1!", MessageAction="SUPPRESS"))

        threads = [threading.Thread(target=create, args=(number,))
                   for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        wait_until(lambda: hashed, what="a password is hashed")
        before = len(hashed)
        self.aws.list_groups(UserPoolId=pool)
        self.aws.admin_create_user(UserPoolId=pool, Username="plain")
        self.assertLess(len(hashed) - before, CLIENTS / 2)
        for thread in threads:
            thread.join()
        self.assertEqual(len(hashed), CLIENTS * ROUNDS)


if __name__ == "__main__":
    house.main()
