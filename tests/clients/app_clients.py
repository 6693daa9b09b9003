#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""App clients by boto3, and by signed requests where it is too old."""
import aws
import house

ARN = "arn:aws:mobiletargeting:us-east-1:000000000000:apps/a"
ROLE = "arn:aws:iam::000000000000:role/a"
# Every member of the model but the ids, the name and the secret's two.
ALL = {
    "RefreshTokenValidity": 10, "AccessTokenValidity": 30,
    "IdTokenValidity": 3600,
    "TokenValidityUnits": {"AccessToken": "minutes", "IdToken": "seconds",
                           "RefreshToken": "hours"},
    "ReadAttributes": ["email", "custom:role"], "WriteAttributes": ["email"],
    "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
    "SupportedIdentityProviders": ["COGNITO", "My Provider"],
    "CallbackURLs": ["https://a.example/", "myapp://example"],
    "LogoutURLs": ["https://a.example/out"],
    "DefaultRedirectURI": "https://a.example/",
    "AllowedOAuthFlows": ["code", "implicit"],
    "AllowedOAuthScopes": ["openid", "a/b.c"],
    "AllowedOAuthFlowsUserPoolClient": True,
    "AnalyticsConfiguration": {"ApplicationArn": ARN, "RoleArn": ROLE,
                               "ApplicationId": "ab12", "ExternalId": "x",
                               "UserDataShared": True},
    "PreventUserExistenceErrors": "ENABLED", "EnableTokenRevocation": False,
    "EnablePropagateAdditionalUserContextData": True,
    "AuthSessionValidity": 15,
}
ROTATION = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}
DEFAULTS = {
    "RefreshTokenValidity": 30, "AuthSessionValidity": 3,
    "EnableTokenRevocation": True, "AllowedOAuthFlowsUserPoolClient": False,
    "EnablePropagateAdditionalUserContextData": False,
    "PreventUserExistenceErrors": "LEGACY",
}
MUST = "failed to satisfy constraint: Member must"


def one(place, rule):
    return f"1 validation error detected: {place} {MUST} {rule}"


class AppClients(aws.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pool = cls.aws.create_user_pool(PoolName="all")["UserPool"]["Id"]

    def create(self, **settings):
        settings = {"UserPoolId": self.pool, "ClientName": "c", **settings}
        return self.aws.create_user_pool_client(**settings)["UserPoolClient"]

    def describe(self, client):
        return self.aws.describe_user_pool_client(
            UserPoolId=client["UserPoolId"],
            ClientId=client["ClientId"])["UserPoolClient"]

    def fixed(self, client):
        return {name: client[name] for name in
                ("UserPoolId", "ClientId", "CreationDate")}

    def test_least(self):
        made = self.create()
        self.assertRegex(made["ClientId"], r"\A[a-z0-9]{26}\Z")
        self.assertEqual(made["CreationDate"], made["LastModifiedDate"])
        self.assertEqual(made, {
            **DEFAULTS, **self.fixed(made), "ClientName": "c",
            "LastModifiedDate": made["CreationDate"],
            "UserPoolId": self.pool})
        self.assertEqual(self.describe(made), made)

    def test_every_member_is_given_back(self):
        made = self.create(ClientName="a b+c=d,e.f@g-h", **ALL)
        self.assertEqual(made, {**made, **ALL})
        self.assertEqual(self.describe(made), made)
        answer = self.usher.send(
            "CreateUserPoolClient", UserPoolId=self.pool, ClientName="c",
            RefreshTokenRotation=ROTATION, NoSuchMember=1, **ALL)
        self.assertEqual(answer["UserPoolClient"]["RefreshTokenRotation"],
                         ROTATION)
        self.assertNotIn("NoSuchMember", answer["UserPoolClient"])

    def test_secret(self):
        made = self.create(GenerateSecret=True)
        house.HOUSE.note_secret(made["ClientSecret"], "secret of a client")
        self.assertRegex(made["ClientSecret"], r"\A[a-z0-9]{51}\Z")
        self.assertEqual(self.describe(made), made)
        self.assertNotIn("GenerateSecret", made)
        self.assertNotIn("ClientSecret", self.create(GenerateSecret=False))

    def test_secret_of_ones_own(self):
        secret = "Own_Secret+Own_Secret+Own_Secret"
        house.HOUSE.note_secret(secret, "one's own secret of a client")
        made = self.usher.send("CreateUserPoolClient", UserPoolId=self.pool,
                               ClientName="c", ClientSecret=secret)
        self.assertEqual(
            self.describe(made["UserPoolClient"])["ClientSecret"], secret)
        self.refuses("InvalidParameterException",
                     one("Value at 'clientSecret'",
                         "have length greater than or equal to 24"),
                     "CreateUserPoolClient", UserPoolId=self.pool,
                     ClientName="c", ClientSecret=secret[:23])

    def test_update_replaces(self):
        made = self.create(GenerateSecret=True, **ALL)
        house.HOUSE.note_secret(made["ClientSecret"], "secret of a client")
        changed = self.aws.update_user_pool_client(
            UserPoolId=self.pool, ClientId=made["ClientId"],
            ClientName="new", AuthSessionValidity=5)["UserPoolClient"]
        self.assertEqual(changed, {
            **DEFAULTS, **self.fixed(made), "ClientName": "new",
            "ClientSecret": made["ClientSecret"], "AuthSessionValidity": 5,
            "LastModifiedDate": changed["LastModifiedDate"]})
        self.assertGreater(changed["LastModifiedDate"],
                           made["LastModifiedDate"])
        self.assertEqual(self.describe(made), changed)
        kept = self.aws.update_user_pool_client(
            UserPoolId=self.pool, ClientId=made["ClientId"])
        self.assertEqual(kept["UserPoolClient"]["ClientName"], "new")

    def test_delete(self):
        made = self.create()
        answer = self.aws.delete_user_pool_client(
            UserPoolId=self.pool, ClientId=made["ClientId"])
        self.assertEqual(list(answer), ["ResponseMetadata"])
        words = f"User pool client {made['ClientId']} does not exist."
        for function in (self.aws.describe_user_pool_client,
                         self.aws.update_user_pool_client,
                         self.aws.delete_user_pool_client):
            self.fails("ResourceNotFoundException", words, function,
                       UserPoolId=self.pool, ClientId=made["ClientId"])

    def test_unknown_pool(self):
        words = "User pool us-east-1_x does not exist."
        made = self.create()["ClientId"]
        for function, request in (
                (self.aws.create_user_pool_client, {"ClientName": "c"}),
                (self.aws.describe_user_pool_client, {"ClientId": made}),
                (self.aws.update_user_pool_client, {"ClientId": made}),
                (self.aws.delete_user_pool_client, {"ClientId": made}),
                (self.aws.list_user_pool_clients, {})):
            self.fails("ResourceNotFoundException", words, function,
                       UserPoolId="us-east-1_x", **request)

    def test_client_of_another_pool(self):
        made = self.create(UserPoolId=self.make_pool())
        self.fails("ResourceNotFoundException",
                   f"User pool client {made['ClientId']} does not exist.",
                   self.aws.describe_user_pool_client, UserPoolId=self.pool,
                   ClientId=made["ClientId"])

    def test_goes_with_its_pool(self):
        pool = self.make_pool()
        made = self.create(UserPoolId=pool)
        self.aws.delete_user_pool(UserPoolId=pool)
        self.fails("ResourceNotFoundException",
                   f"User pool {pool} does not exist.",
                   self.aws.describe_user_pool_client, UserPoolId=pool,
                   ClientId=made["ClientId"])

    def test_constraints(self):
        flows = ("ADMIN_NO_SRP_AUTH, CUSTOM_AUTH_FLOW_ONLY, "
                 "USER_PASSWORD_AUTH, ALLOW_ADMIN_USER_PASSWORD_AUTH, "
                 "ALLOW_CUSTOM_AUTH, ALLOW_USER_PASSWORD_AUTH, "
                 "ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH, "
                 "ALLOW_USER_AUTH")
        pattern = "satisfy regular expression pattern: "
        visible = pattern + r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+"
        long = "have length less than or equal to "

        def each(least, most, rule=""):
            """The rule of each text of a list."""
            return (f"satisfy constraint: [Member must {long}{most}, Member "
                    f"must have length greater than or equal to {least}"
                    f"{rule}]")

        def shown(texts):
            whole = f"[{', '.join(texts)}]"
            return whole if len(whole) <= 256 else whole[:256] + "..."

        for settings, place, rule in (
                ({"ClientName": "a;b"}, "Value 'a;b' at 'clientName'",
                 pattern + r"[\w\s+=,.@-]+"),
                ({"ClientName": "a" * 129},
                 f"Value '{'a' * 129}' at 'clientName'", long + "128"),
                ({"ExplicitAuthFlows": ["NOPE"]},
                 "Value '[NOPE]' at 'explicitAuthFlows'",
                 "satisfy constraint: [Member must satisfy enum value set: "
                 f"[{flows}]]"),
                ({"PreventUserExistenceErrors": "NO"},
                 "Value 'NO' at 'preventUserExistenceErrors'",
                 "satisfy enum value set: [LEGACY, ENABLED]"),
                ({"AllowedOAuthFlows": ["code"] * 4},
                 "Value '[code, code, code, code]' at 'allowedOAuthFlows'",
                 long + "3"),
                ({"AllowedOAuthScopes": ["a b"]},
                 "Value '[a b]' at 'allowedOAuthScopes'",
                 each(1, 256, ", Member must " + pattern +
                      r"[\x21\x23-\x5B\x5D-\x7E]+")),
                ({"AllowedOAuthScopes": ["a"] * 51},
                 f"Value '{shown(['a'] * 51)}' at 'allowedOAuthScopes'",
                 long + "50"),
                ({"CallbackURLs": ["https://a/", "b c"]},
                 "Value '[https://a/, b c]' at 'callbackURLs'",
                 each(1, 1024, ", Member must " + visible)),
                ({"CallbackURLs": ["a"] * 101},
                 f"Value '{shown(['a'] * 101)}' at 'callbackURLs'",
                 long + "100"),
                ({"LogoutURLs": ["a"] * 101},
                 f"Value '{shown(['a'] * 101)}' at 'logoutURLs'",
                 long + "100"),
                ({"DefaultRedirectURI": "b c"},
                 "Value 'b c' at 'defaultRedirectURI'", visible),
                ({"SupportedIdentityProviders": ["a" * 33]},
                 f"Value '[{'a' * 33}]' at 'supportedIdentityProviders'",
                 each(1, 32, ", Member must " + pattern +
                      r"[\p{L}\p{M}\p{S}\p{N}\p{P}\p{Z}]+")),
                ({"AuthSessionValidity": 16},
                 "Value '16' at 'authSessionValidity'",
                 "have value less than or equal to 15"),
                ({"AccessTokenValidity": 86401},
                 "Value '86401' at 'accessTokenValidity'",
                 "have value less than or equal to 86400"),
                ({"TokenValidityUnits": {"IdToken": "weeks"}},
                 "Value 'weeks' at 'tokenValidityUnits.idToken'",
                 "satisfy enum value set: [seconds, minutes, hours, days]"),
                ({"AnalyticsConfiguration": {"ApplicationId": "xyz"}},
                 "Value 'xyz' at 'analyticsConfiguration.applicationId'",
                 pattern + "^[0-9a-fA-F]+$")):
            with self.subTest(str(settings)[:60]):
                self.fails("InvalidParameterException", one(place, rule),
                           self.create, **settings)
        self.refuses(
            "InvalidParameterException",
            one("Value null at 'refreshTokenRotation.feature'",
                "not be null"),
            "CreateUserPoolClient", UserPoolId=self.pool, ClientName="c",
            RefreshTokenRotation={})
        self.refuses(
            "InvalidParameterException",
            one("Value at 'clientId'", pattern + r"[\w+]+"),
            "DescribeUserPoolClient", UserPoolId=self.pool, ClientId="a-b")
        self.refuses("SerializationException",
                     "the value at 'callbackURLs.1.member' is not a text",
                     "CreateUserPoolClient", UserPoolId=self.pool,
                     ClientName="c", CallbackURLs=[1])

    def test_rules_between_members(self):
        made = self.create()["ClientId"]
        validity = "Invalid range for token validity."
        flows = ("ExplicitAuthFlows with the prefix ALLOW_ cannot be used "
                 "along with those without it.")
        for settings, words in (
                ({"AccessTokenValidity": 4, "TokenValidityUnits":
                  {"AccessToken": "minutes"}}, validity),
                ({"IdTokenValidity": 2, "TokenValidityUnits":
                  {"IdToken": "days"}}, validity),
                ({"RefreshTokenValidity": 3651}, validity),
                ({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH",
                                        "ADMIN_NO_SRP_AUTH"]}, flows)):
            with self.subTest(settings):
                self.fails("InvalidParameterException", words, self.create,
                           **settings)
                self.fails("InvalidParameterException", words,
                           self.aws.update_user_pool_client,
                           UserPoolId=self.pool, ClientId=made, **settings)

    def test_pages(self):
        pool = self.make_pool()
        made = {self.create(UserPoolId=pool, ClientName=f"n{number}")
                ["ClientId"]: f"n{number}" for number in range(130)}
        for size, most in ((None, 60), (60, 60), (7, 7)):
            pages = list(self.aws.get_paginator("list_user_pool_clients")
                         .paginate(UserPoolId=pool, PaginationConfig={
                             "PageSize": size}))
            listed = [item for page in pages
                      for item in page["UserPoolClients"]]
            self.assertEqual(len(pages), -(-130 // most))
            self.assertEqual(len(listed), 130)
            self.assertEqual(
                {item["ClientId"]: item["ClientName"] for item in listed},
                made)
            self.assertEqual({item["UserPoolId"] for item in listed}, {pool})

    def test_last_page_is_full(self):
        pool = self.make_pool()
        for _ in range(2):
            self.create(UserPoolId=pool)
        page = self.aws.list_user_pool_clients(UserPoolId=pool, MaxResults=2)
        self.assertEqual(len(page["UserPoolClients"]), 2)
        self.assertNotIn("NextToken", page)
        page = self.aws.list_user_pool_clients(UserPoolId=self.make_pool())
        self.assertEqual(page["UserPoolClients"], [])

    def test_bad_tokens(self):
        pool = self.make_pool()
        for _ in range(2):
            self.create(UserPoolId=pool)
        token = self.aws.list_user_pool_clients(
            UserPoolId=pool, MaxResults=1)["NextToken"]
        for bad, where in (("x", pool), (token[:-2], pool),
                           (token + "00", pool), ("0" * 131072, pool),
                           (token, self.pool)):
            self.fails("InvalidParameterException",
                       "Invalid pagination token",
                       self.aws.list_user_pool_clients, UserPoolId=where,
                       MaxResults=1, NextToken=bad)
        for most in (0, 61):
            self.assertEqual(self.usher.send(
                "ListUserPoolClients", UserPoolId=pool, MaxResults=most)
                ["__type"], "InvalidParameterException")


if __name__ == "__main__":
    house.main()
