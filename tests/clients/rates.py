#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Rates of requests, by boto3."""
import unittest

import aws
import house


class Rates(aws.Case):
    settings = {"api_rates": "UserCreation=3"}

    def test_more_than_may(self):
        """Nothing is written of what is refused."""
        pool = self.make_pool()
        made, refused = 0, 0
        for number in range(20):
            try:
                self.aws.admin_create_user(UserPoolId=pool,
                                           Username=f"user{number}")
                made += 1
            except self.aws.exceptions.TooManyRequestsException as error:
                self.assertEqual(error.response["Error"]["Message"],
                                 "Rate exceeded")
                refused += 1
        self.assertGreaterEqual(made, 3)
        self.assertGreater(refused, 0)
        self.assertEqual(self.usher.sql(
            f"select count(*) from account where pool_id = '{pool}'"),
            str(made))

    def test_sdk_tries_again(self):
        """As it does in its standard mode."""
        patient = self.usher.client(retries={"mode": "standard",
                                             "total_max_attempts": 10})
        pool = self.make_pool()
        for number in range(6):
            patient.admin_create_user(UserPoolId=pool,
                                      Username=f"user{number}")


class Settings(unittest.TestCase):
    def test_wrong(self):
        usher = house.Usher(house.HOUSE, api_rates="UserRaed=5").init()
        daemon = usher.house.spawn(
            [house.BUILD + "/usherd", "--config", usher.config], usher.log)
        self.assertEqual(daemon.wait(15), 7)
        self.assertIn("api_rates: 'UserRaed' is not", usher.logged())


if __name__ == "__main__":
    house.main()
