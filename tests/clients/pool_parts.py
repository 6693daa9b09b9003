#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Attributes and tags of user pools, by boto3."""
import json

import aws
import house
from pools import Case, one


class Schema(Case):
    X = {"Name": "x", "AttributeDataType": "String"}

    def test_added(self):
        pool = self.make_pool(Schema=[
            self.X, {"Name": "email", "Required": True, "Mutable": True}])
        self.make_custom(pool, {"Name": "n", "AttributeDataType": "Number",
                                "Mutable": True}, dict(
            self.X, DeveloperOnlyAttribute=True, StringAttributeConstraints={
                "MinLength": "2"}))
        self.make_custom(pool, {"Name": "email", "Mutable": True,
                                "AttributeDataType": "Boolean"})
        got = self.describe(pool)["SchemaAttributes"]
        self.assertEqual(got[20:], [
            {"Name": "custom:x", "AttributeDataType": "String",
             "DeveloperOnlyAttribute": False, "Mutable": False,
             "Required": False, "StringAttributeConstraints": {}},
            {"Name": "custom:n", "AttributeDataType": "Number",
             "DeveloperOnlyAttribute": False, "Mutable": True,
             "Required": False, "NumberAttributeConstraints": {}},
            {"Name": "dev:custom:x", "AttributeDataType": "String",
             "DeveloperOnlyAttribute": True, "Mutable": False,
             "Required": False,
             "StringAttributeConstraints": {"MinLength": "2"}},
            {"Name": "custom:email", "AttributeDataType": "Boolean",
             "DeveloperOnlyAttribute": False, "Mutable": True,
             "Required": False}])
        self.assertEqual(
            [(each["Required"], each["StringAttributeConstraints"])
             for each in got if each["Name"] == "email"],
            [(True, {"MinLength": "0", "MaxLength": "2048"})])

    def test_users_have_them(self):
        pool = self.make_pool()
        self.make_custom(pool, {"Name": "email", "Mutable": True,
                                "AttributeDataType": "Boolean"},
                         dict(self.X, StringAttributeConstraints={
                             "MaxLength": "2"}))
        user = self.aws.admin_create_user(
            UserPoolId=pool, Username="u", MessageAction="SUPPRESS",
            UserAttributes=[{"Name": "custom:email", "Value": "True"},
                            {"Name": "custom:x", "Value": "ab"}])["User"]
        self.assertEqual(user["Attributes"][:2], [
            {"Name": "custom:email", "Value": "true"},
            {"Name": "custom:x", "Value": "ab"}])
        self.fails("InvalidParameterException",
                   "Attributes did not conform to the schema: custom:x: "
                   "String must be no longer than 2 characters\n",
                   self.aws.admin_create_user, UserPoolId=pool, Username="v",
                   UserAttributes=[{"Name": "custom:x", "Value": "abc"}])

    def test_bounds_of_standard_ones(self):
        pool = self.make_pool(Schema=[
            {"Name": "email", "Mutable": True,
             "StringAttributeConstraints": {"MaxLength": "10"}},
            {"Name": "updated_at", "Mutable": True,
             "NumberAttributeConstraints": {"MinValue": "1"}}])
        who = {"UserPoolId": pool, "Username": "u"}
        create = self.aws.admin_create_user
        update = self.aws.admin_update_user_attributes
        for name, fits, breaks, words in (
                ("email", "a@b.exampl", "a@b.example",
                 "String must be no longer than 10 characters\n"),
                ("updated_at", "1", "0",
                 "Number must be no less than 1\n")):
            wrong = [{"Name": name, "Value": breaks}]
            self.fails("InvalidParameterException",
                       "Attributes did not conform to the schema: "
                       f"{name}: {words}", create, UserAttributes=wrong,
                       **who)
            create(UserAttributes=[{"Name": name, "Value": fits}], **who)
            self.fails("InvalidParameterException", f"user.{name}: {words}",
                       update, UserAttributes=wrong, **who)
            self.aws.admin_delete_user(**who)

    def test_known_at_once(self):
        """Who changes a pool and invites then is not told of before."""
        pool = self.make_pool()
        for number in range(5):
            self.aws.admin_create_user(UserPoolId=pool, Username=f"u{number}")
            name = f"x{number}"
            self.make_custom(pool, dict(self.X, Name=name))
            self.aws.admin_create_user(
                UserPoolId=pool, Username=f"v{number}",
                UserAttributes=[{"Name": f"custom:{name}", "Value": "1"}])

    def test_refused(self):
        pool = self.make_pool(Schema=[self.X])
        number = {"Name": "n", "AttributeDataType": "Number"}
        for attribute, words in (
                (self.X,
                 "custom:x: Existing attribute already has name custom:x."),
                ({"Name": "y"},
                 "Invalid AttributeDataType input, consider using the "
                 "provided AttributeDataType enum."),
                (dict(number, Required=True),
                 "Required custom attributes are not supported currently."),
                (dict(self.X, Name="y", StringAttributeConstraints={
                    "MaxLength": "x"}),
                 "Invalid StringAttributeConstraints for schema attribute "
                 "custom:y"),
                (dict(self.X, Name="y", StringAttributeConstraints={
                    "MaxLength": "2049"}),
                 "user.custom:y: String attributes cannot have a length of "
                 "more than 2048"),
                (dict(self.X, Name="y", StringAttributeConstraints={
                    "MinLength": "2", "MaxLength": "1"}),
                 "user.custom:y: Max length cannot be less than min length."),
                (dict(number, NumberAttributeConstraints={
                    "MinValue": "2", "MaxValue": "1"}),
                 "user.custom:n: Max value cannot be less than min value."),
                (dict(self.X, Name="a" * 21),
                 one(f"Value '{'a' * 21}' at 'customAttributes.1.member.name'",
                     "have length less than or equal to 20"))):
            with self.subTest(words):
                self.fails("InvalidParameterException", words,
                           self.aws.add_custom_attributes, UserPoolId=pool,
                           CustomAttributes=[attribute])
        self.fails("InvalidParameterException",
                   "custom:n: Existing attribute already has name custom:n.",
                   self.aws.add_custom_attributes, UserPoolId=pool,
                   CustomAttributes=[number, number])
        self.assertEqual(len(self.describe(pool)["SchemaAttributes"]), 21)
        for attribute, words in (
                ({"Name": "email", "AttributeDataType": "Number"},
                 "You can not change AttributeDataType or set "
                 "developerOnlyAttribute for standard schema attribute email"),
                ({"Name": "email", "StringAttributeConstraints": {
                    "MinLength": "2049"}},
                 "user.email: String attributes cannot have a length of more "
                 "than 2048")):
            with self.subTest(words):
                self.fails("InvalidParameterException", words,
                           self.aws.create_user_pool, PoolName="p",
                           Schema=[attribute])

    def test_as_many_as_may_be(self):
        pool = self.make_pool()

        def some(first, count):
            return [dict(self.X, Name=f"x{i}")
                    for i in range(first, first + count)]

        self.fails("InvalidParameterException",
                   one("Value '[...]' at 'customAttributes'",
                       "have length less than or equal to 25"),
                   self.aws.add_custom_attributes, UserPoolId=pool,
                   CustomAttributes=some(0, 26))
        self.make_custom(pool, *some(0, 25))
        self.make_custom(pool, *some(25, 24))
        self.fails("InvalidParameterException",
                   "A user pool can have 50 custom attributes at most.",
                   self.aws.add_custom_attributes, UserPoolId=pool,
                   CustomAttributes=some(49, 2))
        self.make_custom(pool, *some(49, 1))
        self.assertEqual(len(self.describe(pool)["SchemaAttributes"]), 70)
        self.update(pool)
        self.assertEqual(len(self.describe(pool)["SchemaAttributes"]), 70)


class Tags(Case):
    PREFIX = f"arn:aws:cognito-idp:{aws.REGION}:{aws.ACCOUNT}:userpool/"

    def tags(self, arn):
        return self.aws.list_tags_for_resource(ResourceArn=arn)["Tags"]

    def test_tags(self):
        pool = self.make_pool(UserPoolTags={"a": "1", "b": "2"})
        arn = self.PREFIX + pool
        self.aws.tag_resource(ResourceArn=arn, Tags={"b": "3", "c": ""})
        self.assertEqual(self.tags(arn), {"a": "1", "b": "3", "c": ""})
        self.aws.untag_resource(ResourceArn=arn, TagKeys=["a", "none"])
        self.assertEqual(self.tags(arn), {"b": "3", "c": ""})
        self.assertEqual(self.describe(pool)["UserPoolTags"],
                         {"b": "3", "c": ""})
        self.update(pool)
        self.assertEqual(self.tags(arn), {})
        self.aws.untag_resource(ResourceArn=arn, TagKeys=["b"])
        self.aws.tag_resource(ResourceArn=arn, Tags={"b": "4"})
        self.assertEqual(self.tags(arn), {"b": "4"})

    def test_unknown(self):
        arn = self.PREFIX + "us-east-1_none"
        other = arn.replace("us-east-1:", "eu-west-1:")
        for operation, more in (("TagResource", {"Tags": {"a": "b"}}),
                                ("UntagResource", {"TagKeys": ["a"]}),
                                ("ListTagsForResource", {})):
            with self.subTest(operation):
                self.refuses("ResourceNotFoundException",
                             "User pool us-east-1_none does not exist.",
                             operation, ResourceArn=arn, **more)
                self.refuses("ResourceNotFoundException",
                             f"{other} does not exist.",
                             operation, ResourceArn=other, **more)

    def test_constraints(self):
        arn = self.PREFIX + self.make_pool()
        length = ("[Member must have length less than or equal to 128, Member "
                  "must have length greater than or equal to 1]")
        self.fails("InvalidParameterException",
                   f"1 validation error detected: Value '{{{'a' * 129}=b}}' "
                   "at 'tags' failed to satisfy constraint: Map keys must "
                   f"satisfy constraint: {length}",
                   self.aws.tag_resource, ResourceArn=arn,
                   Tags={"a" * 129: "b"})
        self.refuses("InvalidParameterException",
                     one("Value '[]' at 'tagKeys'",
                         f"satisfy constraint: {length}"),
                     "UntagResource", ResourceArn=arn, TagKeys=[""])
        self.refuses("InvalidParameterException",
                     one("Value null at 'tags'", "not be null"),
                     "TagResource", ResourceArn=arn)
        self.fails("InvalidParameterException",
                   one("Value 'no-arn-but-long-enough' at 'resourceArn'",
                       "satisfy regular expression pattern: arn:[\\w+=/,.@-]+:"
                       "[\\w+=/,.@-]+:([\\w+=/,.@-]*)?:[0-9]+:[\\w+=/,.@-]+"
                       "(:[\\w+=/,.@-]+)?(:[\\w+=/,.@-]+)?"),
                   self.aws.list_tags_for_resource,
                   ResourceArn="no-arn-but-long-enough")

    def test_only_who_may(self):
        pool = self.make_pool()
        policy = self.usher.file("none.json", json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Resource": "*",
                "Action": "cognito-idp:ListUserPools"}]}))
        key = self.usher.make_key("nobody", "--policy", policy)
        self.fails("AccessDeniedException",
                   "User: arn:aws:iam::000000000000:user/nobody is not "
                   "authorized to perform: cognito-idp:ListTagsForResource on "
                   f"resource: {self.PREFIX}{pool} because no identity-based "
                   "policy allows the cognito-idp:ListTagsForResource action",
                   self.usher.client(key).list_tags_for_resource,
                   ResourceArn=self.PREFIX + pool)


if __name__ == "__main__":
    house.main()
