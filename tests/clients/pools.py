#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""User pools by boto3."""
import aws
import house


class Pools(aws.Case):
    def test_life(self):
        pool = self.make_pool(PoolName="first")
        got = self.aws.describe_user_pool(UserPoolId=pool)["UserPool"]
        self.assertEqual((got["Id"], got["Name"]), (pool, "first"))
        self.aws.update_user_pool(UserPoolId=pool, MfaConfiguration="OFF")
        self.aws.delete_user_pool(UserPoolId=pool)
        self.fails("ResourceNotFoundException",
                   f"User pool {pool} does not exist.",
                   self.aws.describe_user_pool, UserPoolId=pool)

    def test_list_by_pages(self):
        made = {self.make_pool() for _ in range(5)}
        pages = self.aws.get_paginator("list_user_pools").paginate(
            PaginationConfig={"PageSize": 2})
        listed = [item["Id"] for page in pages for item in page["UserPools"]]
        self.assertLessEqual(made, set(listed))
        self.assertEqual(len(listed), len(set(listed)))


if __name__ == "__main__":
    house.main()
