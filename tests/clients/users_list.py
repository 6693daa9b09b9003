#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ListUsers by boto3: filters, pages, attributes to get, refused requests."""
import aws
import house

SEARCHED = ("username", "email", "phone_number", "name", "given_name",
            "family_name", "preferred_username", "cognito:user_status",
            "status", "sub")


class ListUsers(aws.Case):
    def create(self, pool, username, /, **attributes):
        return self.aws.admin_create_user(
            UserPoolId=pool, Username=username,
            UserAttributes=[{"Name": key, "Value": value}
                            for key, value in attributes.items()])["User"]

    def listed(self, pool, **more):
        """By boto3's own way from page to page."""
        pages = self.aws.get_paginator("list_users").paginate(
            UserPoolId=pool, **more)
        return [user["Username"] for page in pages for user in page["Users"]]

    def refused(self, words, **request):
        self.fails("InvalidParameterException", words, self.aws.list_users,
                   **request)

    def test_the_users_are_those_of_create_and_get(self):
        pool = self.make_pool()
        made = self.create(pool, "alice", email="a@example.com", name="A")
        answer = self.aws.list_users(UserPoolId=pool)
        self.assertEqual(answer["Users"], [made])
        self.assertNotIn("PaginationToken", answer)
        got = self.aws.admin_get_user(UserPoolId=pool, Username="alice")
        self.assertEqual(answer["Users"][0]["Attributes"],
                         got["UserAttributes"])
        self.assertEqual(self.aws.list_users(
            UserPoolId=self.make_pool())["Users"], [])

    def test_pages(self):
        pool = self.make_pool()
        names = [f"user{i:03}" for i in range(65)]
        for i, name in enumerate(names):
            self.create(pool, name, email=f"{i % 4}-{i:03}@example.com")
        for limit in ({}, {"Limit": 0}, {"Limit": 60}):
            answer = self.aws.list_users(UserPoolId=pool, **limit)
            self.assertEqual(len(answer["Users"]), 60)
            answer = self.aws.list_users(
                UserPoolId=pool, PaginationToken=answer["PaginationToken"],
                **limit)
            self.assertEqual(len(answer["Users"]), 5)
            self.assertNotIn("PaginationToken", answer)
        for size in (1, 7, 60):
            more = {"PaginationConfig": {"PageSize": size}}
            self.assertEqual(sorted(self.listed(pool, **more)), names)
            self.assertEqual(self.listed(
                pool, Filter='email ^= "2-"', **more), names[2::4])
            self.assertEqual(self.listed(
                pool, Filter='username ^= "user00"', **more), names[:10])

    def test_each_attribute(self):
        pool = self.make_pool()
        values = {"email": "a@example.com", "phone_number": "+15555550100",
                  "name": 'Al "the" A', "given_name": "Al",
                  "family_name": "A\u00e9", "preferred_username": "al\\"}
        sub = self.create(pool, "alice", **values)["Attributes"][-1]["Value"]
        self.create(pool, "bob")
        self.aws.admin_disable_user(UserPoolId=pool, Username="alice")
        self.aws.admin_set_user_password(
            UserPoolId=pool, Username="alice", Password="Abcdef1!",
            Permanent=True)
        values |= {"sub": sub, "username": "alice", "status": "Disabled",
                   "cognito:user_status": "CONFIRMED"}
        self.assertEqual(set(values), set(SEARCHED))
        for name, value in values.items():
            text = value.replace("\\", "\\\\").replace('"', '\\"')
            for words in (f'{name} = "{text}"', f'{name}="{text}"',
                          f' {name} ^= "{text}" ', f'{name}^="{text}"'):
                self.assertEqual(self.listed(pool, Filter=words), ["alice"],
                                 words)
            self.assertEqual(self.listed(pool, Filter=f'{name} = "Z{text}"'),
                             [], name)

    def test_cases(self):
        pool = self.make_pool(UsernameConfiguration={"CaseSensitive": False})
        self.create(pool, "Alice", email="A@example.com", name="Ann")
        for words, found in (('username = "Alice"', True),
                             ('username = "alice"', False),
                             ('username ^= "al"', False),
                             ('email = "A@example.com"', True),
                             ('email = "a@example.com"', False),
                             ('name ^= "an"', False),
                             ('status = "Enabled"', True),
                             ('status = "enabled"', False),
                             ('cognito:user_status = "force_change_password"',
                              True)):
            self.assertEqual(self.listed(pool, Filter=words),
                             ["Alice"] * found, words)

    def test_username_is_the_stored_one(self):
        pool = self.make_pool(UsernameAttributes=["email"])
        sub = self.create(pool, "a@example.com")["Username"]
        self.assertEqual(self.listed(
            pool, Filter='username = "a@example.com"'), [])
        self.assertEqual(self.listed(pool, Filter=f'username = "{sub}"'),
                         [sub])
        self.assertEqual(self.listed(
            pool, Filter='email = "a@example.com"'), [sub])

    def test_attributes_to_get(self):
        pool = self.make_pool()
        self.create(pool, "alice", email="a@example.com", name="A")
        answer = self.aws.list_users(UserPoolId=pool,
                                     AttributesToGet=["email"])
        self.assertEqual(answer["Users"][0]["Attributes"],
                         [{"Name": "email", "Value": "a@example.com"}])
        for names in (["thing"], ["email", "custom:x"], ["locale"]):
            self.refused("One or more requested attributes do not exist.",
                         UserPoolId=pool, AttributesToGet=names)

    def test_refused(self):
        pool = self.make_pool()
        for words in ("email", 'email = "a', 'email == "a"', '= "a"',
                      'email = "a" and name = "b"', " "):
            self.refused("Error while parsing filter", UserPoolId=pool,
                         Filter=words)
        for name in ("Email", "nickname", "custom:x"):
            self.refused(f"Invalid search attribute: {name}", UserPoolId=pool,
                         Filter=f'{name} = "a"')
        self.refuses("InvalidParameterException",
                     "1 validation error detected: Value '61' at 'limit' "
                     "failed to satisfy constraint: Member must have value "
                     "less than or equal to 60", "ListUsers",
                     UserPoolId=pool, Limit=61)
        self.assertEqual(self.listed(
            pool, Filter='name = "' + "a" * 247 + '"'), [])
        with self.assertRaisesRegex(
                self.aws.exceptions.InvalidParameterException,
                "at 'filter' failed to satisfy constraint: Member must have "
                "length less than or equal to 256$"):
            self.aws.list_users(UserPoolId=pool,
                                Filter='name = "' + "a" * 248 + '"')
        self.refuses("InvalidParameterException",
                     "1 validation error detected: Value null at "
                     "'userPoolId' failed to satisfy constraint: Member must "
                     "not be null", "ListUsers")
        self.fails("ResourceNotFoundException",
                   "User pool us-east-1_x does not exist.",
                   self.aws.list_users, UserPoolId="us-east-1_x")

    def test_tokens(self):
        pool = self.make_pool()
        for name in ("alice", "bob"):
            self.create(pool, name, email=f"{name}@example.com")
        first = self.aws.list_users(UserPoolId=pool, Limit=1)
        token = first["PaginationToken"]
        for request in ({"PaginationToken": "x"},
                        {"PaginationToken": token[:-1]},
                        {"PaginationToken": token + "00"},
                        {"PaginationToken": token, "Filter": 'sub ^= ""'},
                        {"PaginationToken": token,
                         "UserPoolId": self.make_pool()}):
            self.refused("Invalid pagination token",
                         **{"UserPoolId": pool, **request})
        for _ in range(2):
            again = self.aws.list_users(UserPoolId=pool, Limit=1,
                                        PaginationToken=token)
            self.assertEqual(again["Users"][0]["Username"], "bob")


if __name__ == "__main__":
    house.main()
