#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""User pools by boto3, and by signed requests of what it does not know."""
import json
import os

import aws
import house

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
KEY = "arn:aws:kms:us-east-1:000000000000:key/k"
ROLE = "arn:aws:iam::000000000000:role/r"
SENDER = {"LambdaVersion": "V1_0", "LambdaArn": ARN}
CODE = "the code is {####}"
INSTEAD = ("Please use TemporaryPasswordValidityDays in PasswordPolicy "
           "instead of UnusedAccountValidityDays")

# A value for every member of CreateUserPool, however deep.
EVERY = {
    "PoolName": "every",
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 12, "RequireUppercase": False,
            "RequireLowercase": True, "RequireNumbers": False,
            "RequireSymbols": True, "PasswordHistorySize": 3,
            "TemporaryPasswordValidityDays": 2},
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD",
                                                     "WEB_AUTHN"]}},
    "DeletionProtection": "ACTIVE",
    "LambdaConfig": {
        **{name: ARN for name in (
            "PreSignUp", "CustomMessage", "PostConfirmation",
            "PreAuthentication", "PostAuthentication", "DefineAuthChallenge",
            "CreateAuthChallenge", "VerifyAuthChallengeResponse",
            "PreTokenGeneration", "UserMigration")},
        "PreTokenGenerationConfig": {"LambdaVersion": "V3_0",
                                     "LambdaArn": ARN},
        "CustomSMSSender": SENDER, "CustomEmailSender": SENDER,
        "KMSKeyID": KEY, "InboundFederation": SENDER},
    "AutoVerifiedAttributes": ["email"],
    "AliasAttributes": ["email", "preferred_username"],
    "UsernameAttributes": [],
    "SmsVerificationMessage": CODE,
    "EmailVerificationMessage": "<b>{####}</b>\n",
    "EmailVerificationSubject": "Ihr Code für „uns“",
    "VerificationMessageTemplate": {
        "SmsMessage": CODE, "EmailMessage": CODE, "EmailSubject": "s",
        "EmailMessageByLink": "{##here##}", "EmailSubjectByLink": "l",
        "DefaultEmailOption": "CONFIRM_WITH_LINK"},
    "SmsAuthenticationMessage": CODE,
    "MfaConfiguration": "OPTIONAL",
    "UserAttributeUpdateSettings": {
        "AttributesRequireVerificationBeforeUpdate": ["email"]},
    "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True,
                            "DeviceOnlyRememberedOnUserPrompt": False},
    "EmailConfiguration": {
        "SourceArn": ARN, "ReplyToEmailAddress": "r@example.com",
        "EmailSendingAccount": "DEVELOPER", "From": "Us <us@example.com>",
        "ConfigurationSet": "set-1"},
    "SmsConfiguration": {
        "SnsCallerArn": ROLE, "ExternalId": "x", "SnsRegion": "us-east-1",
        "EumsSms": {"CallerArn": ROLE, "ExternalId": "x",
                    "OriginationIdentity": "o", "ConfigurationSetName": "c",
                    "InEntityId": "e", "InTemplateId": "t",
                    "Region": "us-east-1"}},
    "UserPoolTags": {"team": "a", "empty": ""},
    "AdminCreateUserConfig": {
        "AllowAdminCreateUserOnly": True, "UnusedAccountValidityDays": 0,
        "InviteMessageTemplate": {
            "SMSMessage": "{username} {####}", "EmailSubject": "Welcome",
            "EmailMessage": "<p>{username}: {####}</p>"}},
    "Schema": [{"Name": "x", "AttributeDataType": "String",
                "DeveloperOnlyAttribute": False, "Mutable": True,
                "Required": False,
                "StringAttributeConstraints": {"MinLength": "1",
                                               "MaxLength": "9"}},
               {"Name": "updated_at", "AttributeDataType": "Number",
                "Mutable": True,
                "NumberAttributeConstraints": {"MinValue": "0",
                                               "MaxValue": "9"}}],
    "UserPoolAddOns": {
        "AdvancedSecurityMode": "AUDIT",
        "AdvancedSecurityAdditionalFlows": {"CustomAuthMode": "ENFORCED"}},
    "UsernameConfiguration": {"CaseSensitive": False},
    "AccountRecoverySetting": {"RecoveryMechanisms": [
        {"Priority": 2, "Name": "verified_email"},
        {"Priority": 1, "Name": "verified_phone_number"}]},
    "UserPoolTier": "PLUS",
    "KeyConfiguration": {"KeyType": "CUSTOMER_MANAGED_KEY",
                         "KmsKeyArn": KEY},
    "IssuerConfiguration": {"Type": "UPDATED"},
}

DEFAULTS = {
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 8, "RequireUppercase": True,
            "RequireLowercase": True, "RequireNumbers": True,
            "RequireSymbols": True, "TemporaryPasswordValidityDays": 7},
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}},
    "DeletionProtection": "INACTIVE", "LambdaConfig": {},
    "MfaConfiguration": "OFF", "EstimatedNumberOfUsers": 0,
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False,
                              "UnusedAccountValidityDays": 7},
    "VerificationMessageTemplate": {
        "DefaultEmailOption": "CONFIRM_WITH_CODE"},
    "UserPoolTags": {}, "UserPoolTier": "ESSENTIALS",
}

OWN = {"Id", "Name", "Arn", "CreationDate", "LastModifiedDate",
       "SchemaAttributes"}


def read_shapes():
    with open(os.path.join(house.SOURCE, "tests", "data",
                           "cognito-idp.subset.json"), encoding="ascii") as f:
        return json.load(f)["shapes"]


def one(place, rule):
    return (f"1 validation error detected: {place} failed to satisfy "
            f"constraint: Member must {rule}")


class Case(aws.Case):
    def make_custom(self, pool, *attributes):
        self.aws.add_custom_attributes(
            UserPoolId=pool, CustomAttributes=list(attributes))

    def describe(self, pool):
        """As it comes: boto3 leaves out what it does not know."""
        return self.usher.send("DescribeUserPool", UserPoolId=pool)["UserPool"]

    def update(self, pool, **settings):
        self.assertEqual(self.usher.send("UpdateUserPool", UserPoolId=pool,
                                         **settings), {})

    def attribute(self, pool, name):
        found = [each for each in self.describe(pool)["SchemaAttributes"]
                 if each["Name"] == name]
        self.assertEqual(len(found), 1, name)
        return found[0]


class Pools(Case):
    def test_life(self):
        pool = self.make_pool(PoolName="first")
        got = self.aws.describe_user_pool(UserPoolId=pool)["UserPool"]
        self.assertEqual((got["Id"], got["Name"]), (pool, "first"))
        self.assertRegex(pool, r"\Aus-east-1_[0-9A-Za-z]{9}\Z")
        self.assertEqual(got["Arn"], "arn:aws:cognito-idp:us-east-1:"
                         f"000000000000:userpool/{pool}")
        self.assertEqual(got["CreationDate"], got["LastModifiedDate"])
        self.update(pool, PoolName="second")
        got = self.aws.describe_user_pool(UserPoolId=pool)["UserPool"]
        self.assertEqual(got["Name"], "second")
        self.assertLess(got["CreationDate"], got["LastModifiedDate"])
        self.aws.delete_user_pool(UserPoolId=pool)
        self.fails("ResourceNotFoundException",
                   f"User pool {pool} does not exist.",
                   self.aws.describe_user_pool, UserPoolId=pool)

    def test_one_that_went_is_known_no_more(self):
        """Whichever thread is asked, and however lately it read the pool."""
        pool = self.make_pool()
        self.aws.admin_create_user(UserPoolId=pool, Username="alice",
                                   MessageAction="SUPPRESS")
        for _ in range(20):
            self.aws.admin_get_user(UserPoolId=pool, Username="alice")
        self.aws.delete_user_pool(UserPoolId=pool)
        for _ in range(20):
            self.fails("ResourceNotFoundException",
                       f"User pool {pool} does not exist.",
                       self.aws.admin_get_user, UserPoolId=pool,
                       Username="alice")

    def test_list_by_pages(self):
        made = {self.make_pool() for _ in range(5)}
        pages = self.aws.get_paginator("list_user_pools").paginate(
            PaginationConfig={"PageSize": 2})
        listed = [item["Id"] for page in pages for item in page["UserPools"]]
        self.assertLessEqual(made, set(listed))
        self.assertEqual(len(listed), len(set(listed)))

    def test_listed(self):
        pool = self.make_pool(PoolName="listed",
                              LambdaConfig={"PreSignUp": ARN})
        item = next(item for item in self.usher.send(
            "ListUserPools", MaxResults=60)["UserPools"]
            if item["Id"] == pool)
        self.assertEqual(set(item), {"Id", "Name", "LambdaConfig",
                                     "LastModifiedDate", "CreationDate"})
        self.assertEqual((item["Name"], item["LambdaConfig"]),
                         ("listed", {"PreSignUp": ARN}))
        self.refuses("InvalidParameterException",
                     one("Value null at 'maxResults'", "not be null"),
                     "ListUserPools")
        self.fails("InvalidParameterException",
                   one("Value '61' at 'maxResults'",
                       "have value less than or equal to 60"),
                   self.aws.list_user_pools, MaxResults=61)

    def test_bad_tokens(self):
        pools = [self.make_pool() for _ in range(2)]
        first = self.aws.list_user_pools(MaxResults=1)
        token = first["NextToken"]
        self.assertNotIn(first["UserPools"][0]["Id"], token)
        for bad in ("x", pools[0], token[:-1], token + "00"):
            self.fails("InvalidParameterException",
                       "Invalid pagination token", self.aws.list_user_pools,
                       MaxResults=1, NextToken=bad)

    def test_defaults(self):
        pool = self.describe(self.make_pool())
        self.assertEqual({name: pool[name] for name in set(pool) - OWN},
                         DEFAULTS)
        self.assertEqual(len(pool["SchemaAttributes"]), 20)

    def test_unknown_pool(self):
        words = "User pool us-east-1_none does not exist."
        for operation, more in (
                ("DescribeUserPool", {}), ("UpdateUserPool", {}),
                ("DeleteUserPool", {}), ("GetUserPoolMfaConfig", {}),
                ("AddCustomAttributes", {"CustomAttributes": [
                    {"Name": "x", "AttributeDataType": "String"}]})):
            with self.subTest(operation):
                self.refuses("ResourceNotFoundException", words, operation,
                             UserPoolId="us-east-1_none", **more)
        self.refuses("InvalidParameterException",
                     one("Value 'bad id' at 'userPoolId'",
                         "satisfy regular expression pattern: "
                         r"[\w-]+_[0-9a-zA-Z]+"),
                     "DescribeUserPool", UserPoolId="bad id")

    def test_deletion_protection(self):
        pool = self.make_pool(DeletionProtection="ACTIVE")
        self.fails("InvalidParameterException",
                   "The user pool cannot be deleted because deletion "
                   "protection is activated. Deletion protection must be "
                   "inactivated first.", self.aws.delete_user_pool,
                   UserPoolId=pool)
        self.aws.update_user_pool(UserPoolId=pool,
                                  DeletionProtection="INACTIVE")
        self.aws.delete_user_pool(UserPoolId=pool)

    def test_users_are_counted(self):
        pool = self.make_pool()
        for name in "abc":
            self.aws.admin_create_user(UserPoolId=pool, Username=name,
                                       MessageAction="SUPPRESS")
        self.assertEqual(self.describe(pool)["EstimatedNumberOfUsers"], 3)

    def test_mfa(self):
        pool = self.make_pool()
        self.assertEqual(
            self.usher.send("GetUserPoolMfaConfig", UserPoolId=pool),
            {"MfaConfiguration": "OFF"})
        self.fails("InvalidParameterException",
                   "SMS configuration and Auto verification for phone_number "
                   "are required when MFA is required/optional",
                   self.aws.update_user_pool, UserPoolId=pool,
                   MfaConfiguration="ON")


class Settings(Case):
    def make_every(self):
        settings = dict(EVERY, UserPoolTier="PLUS")
        return self.usher.send("CreateUserPool", **settings)["UserPool"]

    def test_there_is_every_member(self):
        shapes = read_shapes()
        missing = []

        def look(shape, value, path):
            shape = shapes[shape]
            for name, member in shape.get("members", {}).items():
                if name not in value:
                    missing.append(f"{path}{name}")
                else:
                    look(member["shape"], value[name], f"{path}{name}.")
            if shape["type"] == "list":
                merged = {}
                for item in value:
                    if isinstance(item, dict):
                        merged.update(item)
                look(shape["member"]["shape"], merged, path)

        look("CreateUserPoolRequest", EVERY, "")
        self.assertEqual(missing, [])

    def test_every_member_is_given_back(self):
        made = self.make_every()
        got = self.describe(made["Id"])
        self.assertEqual(made, got)
        for name in set(EVERY) - {"PoolName", "Schema"}:
            with self.subTest(name):
                self.assertEqual(got[name], EVERY[name])
        self.assertEqual(got["Name"], "every")
        self.assertEqual(set(got) - set(EVERY), OWN |
                         {"EstimatedNumberOfUsers"})
        self.assertEqual(self.attribute(made["Id"], "custom:x"),
                         dict(EVERY["Schema"][0], Name="custom:x"))
        self.assertEqual(
            self.attribute(made["Id"], "updated_at")
            ["NumberAttributeConstraints"], {"MinValue": "0", "MaxValue": "9"})

    def round_trip(self, before):
        """What a tool does that read it, then changes a thing."""
        known = set(read_shapes()["UpdateUserPoolRequest"]["members"])
        pool = before["Id"]
        changed = {name: before[name] for name in known & set(before)}
        admin = dict(changed["AdminCreateUserConfig"])
        if admin["UnusedAccountValidityDays"]:
            self.refuses("InvalidParameterException", INSTEAD,
                         "UpdateUserPool", UserPoolId=pool, **changed)
            # terraform sends it again so.
            self.update(pool, **dict(changed, AdminCreateUserConfig=dict(
                admin, UnusedAccountValidityDays=0)))
            del admin["UnusedAccountValidityDays"]
        self.update(pool, **dict(changed, AdminCreateUserConfig=admin))
        after = self.describe(pool)
        self.assertLess(before.pop("LastModifiedDate"),
                        after.pop("LastModifiedDate"))
        self.assertEqual(before, after)

    def test_round_trip_of_every_member(self):
        self.round_trip(self.make_every())

    def test_round_trip_of_the_defaults(self):
        self.round_trip(self.describe(self.make_pool()))

    def test_an_update_replaces_all(self):
        made = self.make_every()
        pool = made["Id"]
        self.update(pool, UserPoolTier="LITE")
        got = self.describe(pool)
        self.assertEqual({name: got[name] for name in DEFAULTS},
                         dict(DEFAULTS, UserPoolTier="LITE"))
        kept = ("Name", "AliasAttributes", "UsernameAttributes",
                "UsernameConfiguration", "SchemaAttributes", "Id", "Arn",
                "CreationDate")
        self.assertEqual([got[name] for name in kept],
                         [made[name] for name in kept])
        self.assertEqual(set(got), set(DEFAULTS) | set(kept) |
                         {"LastModifiedDate"})

    def test_what_cannot_change_is_ignored(self):
        made = self.make_every()
        self.update(made["Id"], AliasAttributes=["phone_number"],
                    UsernameAttributes=7, Schema=[],
                    UsernameConfiguration={"CaseSensitive": True})
        got = self.describe(made["Id"])
        for name in ("AliasAttributes", "UsernameAttributes",
                     "UsernameConfiguration", "SchemaAttributes"):
            self.assertEqual(got[name], made[name])

    def test_what_is_unknown_is_not_kept(self):
        pool = self.usher.send(
            "CreateUserPool", PoolName="p", Unknown={"a": 1},
            DeviceConfiguration={"Other": 1},
            Schema=[{"Name": "email", "Custom": True, "Other": 1}],
            LambdaConfig=None)["UserPool"]
        self.assertNotIn("Unknown", pool)
        self.assertEqual(pool["DeviceConfiguration"], {})
        self.assertEqual(self.attribute(pool["Id"], "email")["Mutable"],
                         False)
        self.assertEqual(len(pool["SchemaAttributes"]), 20)
        stored = self.usher.sql("select settings::text from user_pool where "
                                f"id = '{pool['Id']}'")
        self.assertEqual(json.loads(stored), {
            "PoolName": "p", "DeviceConfiguration": {},
            "Schema": [{"Name": "email"}]})

    def test_constraints(self):
        pattern = "satisfy regular expression pattern: "
        mail = r"[\p{L}\p{M}\p{S}\p{N}\p{P}\s*]*"
        for settings, place, rule in (
                ({"PoolName": "a;b"}, "Value 'a;b' at 'poolName'",
                 pattern + r"[\w\s+=,.@-]+"),
                ({"PoolName": "a" * 129}, f"Value '{'a' * 129}' at 'poolName'",
                 "have length less than or equal to 128"),
                ({"Policies": {"PasswordPolicy": {"MinimumLength": 5}}},
                 "Value '5' at 'policies.passwordPolicy.minimumLength'",
                 "have value greater than or equal to 6"),
                ({"AdminCreateUserConfig": {"UnusedAccountValidityDays": 366}},
                 "Value '366' at 'adminCreateUserConfig."
                 "unusedAccountValidityDays'",
                 "have value less than or equal to 365"),
                ({"AdminCreateUserConfig": {"InviteMessageTemplate": {
                    "EmailMessage": "a\u00a0{####}"}}},
                 "Value 'a\u00a0{####}' at 'adminCreateUserConfig."
                 "inviteMessageTemplate.emailMessage'", pattern + mail),
                ({"AdminCreateUserConfig": {"InviteMessageTemplate": {
                    "SMSMessage": "x" * 141}}},
                 f"Value '{'x' * 141}' at 'adminCreateUserConfig."
                 "inviteMessageTemplate.sMSMessage'",
                 "have length less than or equal to 140"),
                ({"MfaConfiguration": "MAYBE"},
                 "Value 'MAYBE' at 'mfaConfiguration'",
                 "satisfy enum value set: [OFF, ON, OPTIONAL]"),
                ({"UsernameAttributes": ["preferred_username"]},
                 "Value '[preferred_username]' at 'usernameAttributes'",
                 "satisfy constraint: [Member must satisfy enum value set: "
                 "[phone_number, email]]"),
                ({"SmsVerificationMessage": "no code"},
                 "Value 'no code' at 'smsVerificationMessage'",
                 pattern + r".*\{####\}.*"),
                ({"EmailVerificationMessage": "no code"},
                 "Value 'no code' at 'emailVerificationMessage'",
                 pattern + mail + r"\{####\}" + mail),
                ({"EmailConfiguration": {"ConfigurationSet": "a b"}},
                 "Value 'a b' at 'emailConfiguration.configurationSet'",
                 pattern + "^[a-zA-Z0-9_-]+$")):
            with self.subTest(str(settings)[:60]):
                self.refuses("InvalidParameterException",
                             one(place, rule), "CreateUserPool",
                             **{"PoolName": "p", **settings})
        self.fails("InvalidParameterException",
                   "1 validation error detected: Value '{a="
                   f"{'x' * 253}...' at 'userPoolTags' failed to satisfy "
                   "constraint: Map value must satisfy constraint: [Member "
                   "must have length less than or equal to 256, Member must "
                   "have length greater than or equal to 0]",
                   self.aws.create_user_pool, PoolName="p",
                   UserPoolTags={"a": "x" * 257})
        self.refuses("SerializationException",
                     "the value at 'deviceConfiguration' is not an object",
                     "CreateUserPool", PoolName="p", DeviceConfiguration=[])
        self.refuses("InvalidParameterException",
                     one("Value 'a;b' at 'poolName'",
                         pattern + r"[\w\s+=,.@-]+"),
                     "UpdateUserPool", UserPoolId=self.make_pool(),
                     PoolName="a;b")

    def test_what_no_mail_may_have_is_logged(self):
        with self.assertRaises(self.aws.exceptions.InvalidParameterException):
            self.aws.create_user_pool(
                PoolName="p", AdminCreateUserConfig={"InviteMessageTemplate": {
                    "EmailMessage": "Hier:\u200b{####}"}})
        self.usher.wait_logged(
            "member=adminCreateUserConfig.inviteMessageTemplate.emailMessage "
            "character=U+200B offset=5")

    def test_by_command(self):
        """usher pool names the first that is unknown, and no other."""
        def made(**settings):
            done = self.usher.run("pool", "create", "--json", "--file",
                                  self.usher.file("p.json",
                                                  json.dumps(settings)))
            self.assertEqual(done.status, 0, done)
            return json.loads(done.out)["UserPool"], done.err

        pool, words = made(**EVERY)
        self.assertEqual(words, "")
        self.assertEqual(pool, self.describe(pool["Id"]))
        pool, words = made(PoolName="p", EmailConfiguration={"Form": "a@b"},
                           Other=1)
        self.assertEqual(
            words, "usher: warning: 'EmailConfiguration.Form' is no member of "
            "CreateUserPool and is left out\n")
        self.assertEqual(pool["EmailConfiguration"],
                         DEFAULTS["EmailConfiguration"])

    def test_both_kinds_of_names(self):
        self.fails("InvalidParameterException",
                   "Only one of the aliasAttributes or usernameAttributes "
                   "can be set in a user pool.", self.aws.create_user_pool,
                   PoolName="p", UsernameAttributes=["email"],
                   AliasAttributes=["email"])

    def test_days(self):
        both = {"Policies": {"PasswordPolicy": {
                    "MinimumLength": 8,
                    "TemporaryPasswordValidityDays": 3}},
                "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True,
                                          "UnusedAccountValidityDays": 3}}
        old = {"AdminCreateUserConfig": both["AdminCreateUserConfig"]}
        self.fails("InvalidParameterException", INSTEAD,
                   self.aws.create_user_pool, PoolName="p", **both)
        pool = self.make_pool(**old)
        self.aws.update_user_pool(UserPoolId=pool, **old)
        self.fails("InvalidParameterException", INSTEAD,
                   self.aws.update_user_pool, UserPoolId=pool, **both)
        self.aws.update_user_pool(UserPoolId=pool, Policies=both["Policies"])
        self.fails("InvalidParameterException", INSTEAD,
                   self.aws.update_user_pool, UserPoolId=pool, **old)
        self.aws.update_user_pool(
            UserPoolId=pool, Policies=both["Policies"],
            AdminCreateUserConfig={"AllowAdminCreateUserOnly": True,
                                   "UnusedAccountValidityDays": 0})

    def test_a_change_is_logged_and_audited(self):
        pool = self.make_pool(MfaConfiguration="OFF")
        self.aws.update_user_pool(UserPoolId=pool, UserPoolTags={"a": "b"})
        self.usher.wait_logged(f'msg="pool update" pool={pool} '
                               'changed="MfaConfiguration UserPoolTags"')
        self.assertEqual(json.loads(self.usher.sql(
            "select detail::text from audit where action = 'pool update' and "
            f"object = '{pool}' and who like 'api/admin %'")),
            {"MfaConfiguration": {"before": "OFF"},
             "UserPoolTags": {"after": {"a": "b"}}})


if __name__ == "__main__":
    house.main()
