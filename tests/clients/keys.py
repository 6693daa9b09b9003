#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Access keys and their policies, by boto3 and by usher access-key.

covers: account/access_key.c
covers: account/policy.c
covers: api/sigv4.c
"""
import aws
import house


class Keys(aws.Case):
    def test_wrong_secret(self):
        wrong = dict(self.usher.key, SecretAccessKey="x" * 40)
        with self.assertRaises(self.aws.exceptions.ClientError) as caught:
            self.usher.client(wrong).list_user_pools(MaxResults=1)
        self.assertEqual(caught.exception.response["Error"]["Code"],
                         "InvalidSignatureException")


if __name__ == "__main__":
    house.main()
