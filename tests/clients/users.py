#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Users by boto3: create, get, delete.

covers: account/batch.c
covers: api/endpoint.c
covers: api/operation.c
covers: api/workers.c
"""
import aws
import house


class Users(aws.Case):
    def test_one(self):
        pool = self.make_pool()
        made = self.aws.admin_create_user(
            UserPoolId=pool, Username="alice",
            UserAttributes=[{"Name": "email", "Value": "a@example.com"}],
            DesiredDeliveryMediums=["EMAIL"])["User"]
        self.assertEqual(made["UserStatus"], "FORCE_CHANGE_PASSWORD")
        self.assertEqual(made["UserCreateDate"], made["UserLastModifiedDate"])
        self.assertIs(made["Enabled"], True)
        self.assertEqual([pair["Name"] for pair in made["Attributes"]],
                         ["email", "sub"])
        got = self.aws.admin_get_user(UserPoolId=pool, Username="alice")
        self.assertEqual(got["UserAttributes"], made["Attributes"])
        self.assertEqual(got["UserCreateDate"], made["UserCreateDate"])
        self.aws.admin_delete_user(UserPoolId=pool, Username="alice")
        self.fails("UserNotFoundException", "User does not exist.",
                   self.aws.admin_get_user, UserPoolId=pool,
                   Username="alice")

    def test_twice(self):
        pool = self.make_pool()
        self.aws.admin_create_user(UserPoolId=pool, Username="alice")
        with self.assertRaises(self.aws.exceptions.UsernameExistsException):
            self.aws.admin_create_user(UserPoolId=pool, Username="alice")

    def test_unknown_pool(self):
        self.fails("ResourceNotFoundException",
                   "User pool us-east-1_x does not exist.",
                   self.aws.admin_create_user, UserPoolId="us-east-1_x",
                   Username="alice")


if __name__ == "__main__":
    house.main()
