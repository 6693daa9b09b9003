#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Groups and their members by boto3."""
import aws
import house

ROLE = "arn:aws:iam::000000000000:role/r"
NO_GROUP = ("ResourceNotFoundException", "Group not found.")
NO_USER = ("UserNotFoundException", "User does not exist.")
MUST = "failed to satisfy constraint: Member must"


def one(place, rule):
    return f"1 validation error detected: {place} {MUST} {rule}"


class Groups(aws.Case):
    def setUp(self):
        self.pool = self.make_pool()

    def make(self, name="g", **settings):
        return self.aws.create_group(UserPoolId=self.pool, GroupName=name,
                                     **settings)["Group"]

    def make_user(self, name="alice", **settings):
        return self.aws.admin_create_user(
            UserPoolId=self.pool, Username=name, MessageAction="SUPPRESS",
            **settings)["User"]

    def add(self, group="g", user="alice"):
        return self.aws.admin_add_user_to_group(
            UserPoolId=self.pool, GroupName=group, Username=user)

    def all_pages(self, operation, key, size=None, **request):
        """The items of all pages, and how many pages there were."""
        pages = list(self.aws.get_paginator(operation).paginate(
            UserPoolId=self.pool, PaginationConfig={"PageSize": size},
            **request))
        return [item for page in pages for item in page[key]], len(pages)

    def names(self, **request):
        answer = self.aws.admin_list_groups_for_user(
            UserPoolId=self.pool, Username="alice", **request)
        return [group["GroupName"] for group in answer["Groups"]]

    def test_life(self):
        made = self.make("admins", Description="a b", RoleArn=ROLE,
                         Precedence=0)
        self.assertEqual(made, {
            "GroupName": "admins", "UserPoolId": self.pool,
            "Description": "a b", "RoleArn": ROLE, "Precedence": 0,
            "CreationDate": made["CreationDate"],
            "LastModifiedDate": made["CreationDate"]})
        got = self.aws.get_group(UserPoolId=self.pool, GroupName="admins")
        self.assertEqual(got["Group"], made)
        changed = self.aws.update_group(
            UserPoolId=self.pool, GroupName="admins", Precedence=2147483647)
        self.assertGreater(changed["Group"]["LastModifiedDate"],
                           made["LastModifiedDate"])
        self.assertEqual(changed["Group"], {
            **made, "Precedence": 2147483647,
            "LastModifiedDate": changed["Group"]["LastModifiedDate"]})
        gone = self.aws.delete_group(UserPoolId=self.pool,
                                     GroupName="admins")
        self.assertEqual(list(gone), ["ResponseMetadata"])
        self.fails(*NO_GROUP, self.aws.get_group, UserPoolId=self.pool,
                   GroupName="admins")

    def test_least(self):
        made = self.make()
        self.assertEqual(sorted(made), ["CreationDate", "GroupName",
                                        "LastModifiedDate", "UserPoolId"])

    def test_same_name(self):
        self.make()
        words = "A group with the name already exists"
        self.fails("GroupExistsException", words, self.make)
        with self.assertRaises(self.aws.exceptions.GroupExistsException):
            self.make()
        self.make("G")

    def test_members(self):
        self.make()
        user = self.make_user(UserAttributes=[
            {"Name": "email", "Value": "a@example.com"}])
        for name in ("alice", "alice", user["Attributes"][-1]["Value"]):
            self.assertEqual(list(self.add(user=name)), ["ResponseMetadata"])
        listed = self.aws.list_users_in_group(UserPoolId=self.pool,
                                              GroupName="g")
        self.assertEqual(listed["Users"], [user])
        self.assertNotIn("NextToken", listed)
        self.assertEqual(self.names(), ["g"])
        for _ in range(2):
            answer = self.aws.admin_remove_user_from_group(
                UserPoolId=self.pool, GroupName="g", Username="alice")
            self.assertEqual(list(answer), ["ResponseMetadata"])
        self.assertEqual(self.names(), [])

    def test_user_who_goes_and_returns(self):
        self.make()
        self.make_user()
        self.add()
        self.aws.admin_delete_user(UserPoolId=self.pool, Username="alice")
        self.make_user()
        self.assertEqual(self.names(), [])
        self.assertEqual(self.aws.list_users_in_group(
            UserPoolId=self.pool, GroupName="g")["Users"], [])

    def test_group_that_goes_and_returns(self):
        self.make()
        self.make_user()
        self.add()
        self.aws.delete_group(UserPoolId=self.pool, GroupName="g")
        self.make()
        self.assertEqual(self.names(), [])

    def test_goes_with_its_pool(self):
        self.make()
        self.make_user()
        self.add()
        self.aws.delete_user_pool(UserPoolId=self.pool)
        self.fails("ResourceNotFoundException",
                   f"User pool {self.pool} does not exist.",
                   self.aws.get_group, UserPoolId=self.pool, GroupName="g")
        self.assertEqual(self.usher.sql(
            "select count(*) from usher.user_group where pool_id = "
            f"'{self.pool}'"), "0")

    def test_unknown(self):
        self.make()
        self.make_user()
        here = {"UserPoolId": self.pool}
        for function, request in ((self.aws.get_group, {}),
                                  (self.aws.update_group, {}),
                                  (self.aws.delete_group, {}),
                                  (self.aws.list_users_in_group, {}),
                                  (self.aws.admin_add_user_to_group,
                                   {"Username": "alice"}),
                                  (self.aws.admin_remove_user_from_group,
                                   {"Username": "alice"})):
            self.fails(*NO_GROUP, function, GroupName="none", **here,
                       **request)
        for function, request in ((self.aws.admin_add_user_to_group,
                                   {"GroupName": "g"}),
                                  (self.aws.admin_remove_user_from_group,
                                   {"GroupName": "g"}),
                                  (self.aws.admin_list_groups_for_user, {})):
            self.fails(*NO_USER, function, Username="bob", **here, **request)

    def test_unknown_pool(self):
        words = "User pool us-east-1_x does not exist."
        group = {"GroupName": "g"}
        user = {"Username": "alice"}
        for function, request in (
                (self.aws.create_group, group), (self.aws.get_group, group),
                (self.aws.update_group, group),
                (self.aws.delete_group, group), (self.aws.list_groups, {}),
                (self.aws.admin_add_user_to_group, {**group, **user}),
                (self.aws.admin_remove_user_from_group, {**group, **user}),
                (self.aws.admin_list_groups_for_user, user),
                (self.aws.list_users_in_group, group)):
            self.fails("ResourceNotFoundException", words, function,
                       UserPoolId="us-east-1_x", **request)

    def test_constraints(self):
        pattern = "satisfy regular expression pattern: "
        visible = pattern + r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+"
        arn = (r"arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:"
               r"[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?")
        bad_arn = "x" * 20
        for settings, place, rule in (
                ({"name": "a b"}, "Value 'a b' at 'groupName'", visible),
                ({"name": "g" * 129}, f"Value '{'g' * 129}' at 'groupName'",
                 "have length less than or equal to 128"),
                ({"Precedence": 2147483648},
                 "Value '2147483648' at 'precedence'",
                 "have value less than or equal to 2147483647"),
                ({"RoleArn": bad_arn}, f"Value '{bad_arn}' at 'roleArn'",
                 pattern + arn)):
            with self.subTest(str(settings)[:60]):
                self.fails("InvalidParameterException", one(place, rule),
                           self.make, **settings)
        with self.assertRaises(
                self.aws.exceptions.InvalidParameterException):
            self.make(Description="d" * 2049)
        self.make("\u6f22" * 128, Description="\u6f22" * 2048)
        self.refuses("InvalidParameterException",
                     one("Value '-1' at 'precedence'",
                         "have value greater than or equal to 0"),
                     "CreateGroup", UserPoolId=self.pool, GroupName="g",
                     Precedence=-1)
        self.refuses("InvalidParameterException",
                     one("Value null at 'groupName'", "not be null"),
                     "CreateGroup", UserPoolId=self.pool)
        self.refuses("InvalidParameterException",
                     one("Value at 'username'", visible),
                     "AdminAddUserToGroup", UserPoolId=self.pool,
                     GroupName="g", Username="a b")
        self.assertEqual(len(self.aws.list_groups(
            UserPoolId=self.pool)["Groups"]), 1)

    def test_pages_of_groups(self):
        made = [self.make(f"n{number:03}") for number in range(130)]
        for size, pages in ((None, 3), (0, 3), (60, 3), (7, 19)):
            self.assertEqual(self.all_pages("list_groups", "Groups", size),
                             (made, pages))

    def test_pages_of_a_user(self):
        self.make_user()
        self.make("foreign")
        order = []
        for number in range(130):
            rank = {} if number % 3 == 0 else {"Precedence": number % 7}
            name = f"n{number * 37 % 130:03}"
            self.make(name, **rank)
            self.add(name)
            order.append((rank.get("Precedence", 2 ** 31), name))
        right = [name for _, name in sorted(order)]
        for size, pages in ((None, 3), (60, 3), (7, 19)):
            groups, count = self.all_pages(
                "admin_list_groups_for_user", "Groups", size,
                Username="alice")
            self.assertEqual([group["GroupName"] for group in groups], right)
            self.assertEqual(count, pages)

    def test_pages_of_users(self):
        self.make()
        self.make_user("foreign")
        made = set()
        for number in range(130):
            made.add(self.make_user(f"u{number}")["Username"])
            self.add("g", f"u{number}")
        for size, pages in ((None, 3), (60, 3), (7, 19)):
            users, count = self.all_pages("list_users_in_group", "Users",
                                          size, GroupName="g")
            self.assertEqual(len(users), 130)
            self.assertEqual({user["Username"] for user in users}, made)
            self.assertEqual(count, pages)

    def test_bad_tokens(self):
        self.make_user()
        self.make_user("bob")
        for name in ("g", "h"):
            self.make(name)
            self.add(name, "alice")
            self.add(name, "bob")
        tokens = {}
        lists = ((self.aws.list_groups, {}),
                 (self.aws.admin_list_groups_for_user,
                  {"Username": "alice"}),
                 (self.aws.list_users_in_group, {"GroupName": "g"}))
        for function, request in lists:
            tokens[function] = function(UserPoolId=self.pool, Limit=1,
                                        **request)["NextToken"]
        for function, request in lists:
            token = tokens.pop(function)
            for bad in ("x", "\\x", token[:-1] + "g", *tokens.values()):
                self.fails("InvalidParameterException",
                           "Invalid pagination token", function,
                           UserPoolId=self.pool, NextToken=bad, **request)
            tokens[function] = token
        self.fails("InvalidParameterException", "Invalid pagination token",
                   self.aws.admin_list_groups_for_user, Username="bob",
                   UserPoolId=self.pool, NextToken=tokens[lists[1][0]])
        self.fails("InvalidParameterException",
                   one("Value '61' at 'limit'",
                       "have value less than or equal to 60"),
                   self.aws.list_groups, UserPoolId=self.pool, Limit=61)


if __name__ == "__main__":
    house.main()
