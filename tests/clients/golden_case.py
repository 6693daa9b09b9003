# SPDX-License-Identifier: MIT
"""What the golden cases of AdminCreateUser share."""
import aws

ALIAS = {"AliasAttributes": ["email", "phone_number"]}
BY_MAIL = {"DesiredDeliveryMediums": ["EMAIL"]}
GOOD = "Abcd123!"
FAILED = "failed to satisfy constraint: Member must"
POLICY = "Password did not conform with password policy: "
INVALID = "InvalidParameterException"
EXISTS = "UsernameExistsException"


def attributes(**values):
    return [{"Name": name.replace("__", ":"), "Value": value}
            for name, value in values.items()]


def verified(address):
    return attributes(email=address, email_verified="true")


def one_error(text):
    return f"1 validation error detected: {text}"


class Case(aws.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usher.good("sandbox", "exit")

    def create(self, pool, username, **more):
        answer = self.aws.admin_create_user(UserPoolId=pool,
                                            Username=username, **more)
        return answer["User"]

    def get(self, pool, username):
        """AdminGetUser's answer, its attributes by name."""
        user = self.aws.admin_get_user(UserPoolId=pool, Username=username)
        user["by_name"] = {pair["Name"]: pair["Value"]
                           for pair in user["UserAttributes"]}
        return user

    def refused(self, code, words, pool, username="alice", **more):
        failed = self.fails(code, words, self.aws.admin_create_user,
                            UserPoolId=pool, Username=username, **more)
        self.assertIsInstance(failed, getattr(self.aws.exceptions, code))
        headers = failed.response["ResponseMetadata"]["HTTPHeaders"]
        self.assertEqual((headers["x-amzn-errortype"],
                          headers["x-amzn-errormessage"]),
                         (code + ":", words))

    def pool_of_codes(self, **settings):
        """Whose users may sign in by a code that is mailed to them."""
        answer = self.usher.send(
            "CreateUserPool", PoolName="codes", Policies={"SignInPolicy": {
                "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}},
            **settings)
        return answer["UserPool"]["Id"]

    def nothing_sent(self, pool):
        self.assertEqual(self.usher.messages(pool), 0)
        self.assertEqual([mail for mail in self.usher.inbox()
                          if mail["pool"] == pool], [])

    def account(self, pool, columns):
        """Of the pool's one user, as the database has them."""
        return self.usher.sql(f"select {columns} from account "
                              f"where pool_id = '{pool}'")
