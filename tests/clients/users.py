#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Users by boto3: create, get, delete, change; their passwords.

covers: account/batch.c
covers: api/endpoint.c
covers: api/operation.c
covers: api/workers.c
"""
import aws
import house


ALIASES = {"AliasAttributes": ["email", "phone_number"]}
KINDS = ({}, ALIASES, {"UsernameAttributes": ["email"]})
MAIL = "a@example.com"
PASSWORD = "Abcdef1!"
CHANGES = ("admin_confirm_sign_up", "admin_disable_user", "admin_enable_user",
           "admin_get_user", "admin_reset_user_password")


def pairs(**attributes):
    return [{"Name": name.replace("custom_", "custom:"), "Value": value}
            for name, value in attributes.items()]


def plain(attributes):
    """Without the sub."""
    return {pair["Name"]: pair["Value"] for pair in attributes
            if pair["Name"] != "sub"}


class People(aws.Case):
    """What the tests do with users, in the pool that each makes first."""

    def create(self, pool, name, attributes=None, **more):
        return self.aws.admin_create_user(
            UserPoolId=pool, Username=name,
            UserAttributes=pairs(**attributes or {}), **more)["User"]

    def get(self, pool, name):
        return self.aws.admin_get_user(UserPoolId=pool, Username=name)

    def attributes(self, pool, name):
        return plain(self.get(pool, name)["UserAttributes"])

    def update(self, pool, username, /, **attributes):
        return self.aws.admin_update_user_attributes(
            UserPoolId=pool, Username=username,
            UserAttributes=pairs(**attributes))

    def refuses_update(self, pool, username, words, /, **attributes):
        self.fails("InvalidParameterException", words,
                   self.aws.admin_update_user_attributes, UserPoolId=pool,
                   Username=username, UserAttributes=pairs(**attributes))

    def set_password(self, pool, name, permanent=True, password=PASSWORD):
        return self.aws.admin_set_user_password(
            UserPoolId=pool, Username=name, Password=password,
            Permanent=permanent)


class Users(People):
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


class Changes(People):
    def test_nobody(self):
        pool = self.make_pool()
        changes = {getattr(self.aws, name): {} for name in CHANGES}
        changes[self.aws.admin_set_user_password] = {"Password": PASSWORD}
        changes[self.aws.admin_update_user_attributes] = {"UserAttributes": []}
        changes[self.aws.admin_delete_user_attributes] = {
            "UserAttributeNames": ["name"]}
        for change, more in changes.items():
            self.fails("UserNotFoundException", "User does not exist.",
                       change, UserPoolId=pool, Username="alice", **more)
            self.fails("ResourceNotFoundException",
                       "User pool us-east-1_x does not exist.", change,
                       UserPoolId="us-east-1_x", Username="alice", **more)
            self.fails("InvalidParameterException",
                       "2 validation errors detected: Value 'x' at "
                       "'userPoolId' failed to satisfy constraint: Member "
                       "must satisfy regular expression pattern: "
                       "[\\w-]+_[0-9a-zA-Z]+; Value at 'username' failed to "
                       "satisfy constraint: Member must satisfy regular "
                       "expression pattern: "
                       "[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+",
                       change, UserPoolId="x", Username="a b", **more)

    def test_answers_are_empty(self):
        pool = self.make_pool()
        self.create(pool, "alice", {"email": MAIL})
        for answer in (
                self.update(pool, "alice", email_verified="true"),
                self.set_password(pool, "alice"),
                self.aws.admin_disable_user(UserPoolId=pool, Username="alice"),
                self.aws.admin_enable_user(UserPoolId=pool, Username="alice"),
                self.aws.admin_reset_user_password(UserPoolId=pool,
                                                   Username="alice"),
                self.aws.admin_delete_user_attributes(
                    UserPoolId=pool, Username="alice",
                    UserAttributeNames=["email"])):
            self.assertEqual(list(answer), ["ResponseMetadata"])

    def test_each_moves_the_date(self):
        pool = self.make_pool()
        made = self.create(pool, "alice", {"email": MAIL, "name": "A"})
        last = made["UserLastModifiedDate"]
        who = {"UserPoolId": pool, "Username": "alice"}
        for change in (
                lambda: self.update(pool, "alice", email_verified="true"),
                lambda: self.update(pool, "alice", email_verified="true"),
                lambda: self.aws.admin_delete_user_attributes(
                    UserAttributeNames=["name"], **who),
                lambda: self.aws.admin_disable_user(**who),
                lambda: self.aws.admin_enable_user(**who),
                lambda: self.set_password(pool, "alice", False),
                lambda: self.set_password(pool, "alice"),
                lambda: self.aws.admin_reset_user_password(**who)):
            change()
            got = self.get(pool, "alice")
            self.assertGreater(got["UserLastModifiedDate"], last)
            self.assertEqual(got["UserCreateDate"], made["UserCreateDate"])
            last = got["UserLastModifiedDate"]

    def test_attributes(self):
        pool = self.make_pool()
        self.create(pool, "alice", {"email": MAIL, "email_verified": "true",
                                    "name": "A"})
        self.update(pool, "alice", name="", locale="de")
        self.assertEqual(self.attributes(pool, "alice"), {
            "email": MAIL, "email_verified": "true", "locale": "de"})
        self.update(pool, "alice", email="b@example.com")
        self.assertEqual(self.attributes(pool, "alice"), {
            "email": "b@example.com", "email_verified": "false",
            "locale": "de"})
        self.aws.admin_delete_user_attributes(
            UserPoolId=pool, Username="alice",
            UserAttributeNames=["email", "gender"])
        self.assertEqual(self.attributes(pool, "alice"), {"locale": "de"})

    def test_refused_attributes(self):
        pool = self.make_pool(Schema=[
            {"Name": "fixed", "AttributeDataType": "String",
             "Mutable": False},
            {"Name": "short", "AttributeDataType": "String", "Mutable": True,
             "StringAttributeConstraints": {"MinLength": "2",
                                            "MaxLength": "3"}}])
        self.create(pool, "alice")
        refuses = self.refuses_update
        refuses(pool, "alice",
                "user.thing: Attribute does not exist in the schema.\n",
                thing="1")
        refuses(pool, "alice", "user.custom:fixed: Attribute cannot be "
                "updated.\n", custom_fixed="1")
        refuses(pool, "alice", "user.custom:short: String must be no shorter "
                "than 2 characters\n", custom_short="1")
        refuses(pool, "alice", "user.custom:short: String must be no longer "
                "than 3 characters\n", custom_short="1234")
        refuses(pool, "alice", "Cannot modify the non-mutable attribute sub",
                sub="1")
        refuses(pool, "alice", "Invalid email address format.", email="foo")
        refuses(pool, "alice", "Invalid phone number format.",
                phone_number="555")
        refuses(pool, "alice", "Email is required to verify/un-verify an "
                "email", email_verified="true")
        self.fails("InvalidParameterException",
                   "Attribute value for name must not be null",
                   self.aws.admin_update_user_attributes, UserPoolId=pool,
                   Username="alice", UserAttributes=[{"Name": "name"}])
        self.fails("InvalidParameterException",
                   "Invalid user attributes: user.thing: Attribute does not "
                   "exist in the schema.\n",
                   self.aws.admin_delete_user_attributes, UserPoolId=pool,
                   Username="alice", UserAttributeNames=["thing"])
        self.refuses("InvalidParameterException",
                     "1 validation error detected: Value null at "
                     "'userAttributes' failed to satisfy constraint: Member "
                     "must not be null", "AdminUpdateUserAttributes",
                     UserPoolId=pool, Username="alice")
        self.refuses("InvalidParameterException",
                     "1 validation error detected: Value null at "
                     "'userAttributeNames' failed to satisfy constraint: "
                     "Member must not be null", "AdminDeleteUserAttributes",
                     UserPoolId=pool, Username="alice")
        self.assertEqual(self.attributes(pool, "alice"), {})

    def test_what_is_required_stays(self):
        pool = self.make_pool(Schema=[
            {"Name": "email", "Required": True, "Mutable": True}])
        self.create(pool, "alice", {"email": MAIL})
        self.refuses_update(pool, "alice", "user.email: Required attribute "
                            "cannot be deleted.", email="")
        self.fails("InvalidParameterException",
                   "Invalid user attributes: email: Required attribute "
                   "cannot be deleted.",
                   self.aws.admin_delete_user_attributes, UserPoolId=pool,
                   Username="alice", UserAttributeNames=["email"])
        self.update(pool, "alice", email="b@example.com")
        self.assertEqual(self.attributes(pool, "alice")["email"],
                         "b@example.com")

    def test_a_flag_steals_the_alias(self):
        pool = self.make_pool(**ALIASES)
        self.create(pool, "alice", {"email": MAIL, "email_verified": "true"})
        self.create(pool, "bob", {"email": MAIL})
        self.update(pool, "bob", email_verified="true")
        self.assertEqual(self.get(pool, MAIL)["Username"], "bob")
        self.assertEqual(self.attributes(pool, "alice"),
                         {"email": MAIL, "email_verified": "false"})

    def test_another_s_username_is_refused(self):
        pool = self.make_pool(UsernameAttributes=["email", "phone_number"])
        self.create(pool, MAIL)
        self.create(pool, "+15555550100")
        who = {"UserPoolId": pool, "Username": "b@example.com"}
        sub = self.create(pool, "b@example.com")["Username"]
        self.fails("AliasExistsException",
                   "An account with the given email already exists.",
                   self.aws.admin_update_user_attributes,
                   UserAttributes=pairs(email=MAIL), **who)
        self.fails("AliasExistsException",
                   "An account with the given phone_number already exists.",
                   self.aws.admin_update_user_attributes,
                   UserAttributes=pairs(phone_number="+15555550100"), **who)
        self.update(pool, "b@example.com", email="c@example.com")
        self.assertEqual(self.get(pool, "c@example.com")["Username"], sub)

    def test_enabled(self):
        pool = self.make_pool()
        self.create(pool, "alice")
        for enabled in (False, False, True, True):
            change = (self.aws.admin_enable_user if enabled
                      else self.aws.admin_disable_user)
            change(UserPoolId=pool, Username="alice")
            got = self.get(pool, "alice")
            self.assertIs(got["Enabled"], enabled)
            self.assertEqual(got["UserStatus"], "FORCE_CHANGE_PASSWORD")


class Passwords(People):
    def status(self, pool, name="alice"):
        return self.get(pool, name)["UserStatus"]

    def test_permanent_and_not(self):
        pool = self.make_pool()
        self.create(pool, "alice", {"email": MAIL})
        self.set_password(pool, "alice")
        self.assertEqual(self.status(pool), "CONFIRMED")
        self.set_password(pool, "alice", False)
        self.assertEqual(self.status(pool), "FORCE_CHANGE_PASSWORD")
        self.aws.admin_set_user_password(UserPoolId=pool, Username="alice",
                                         Password=PASSWORD)
        self.assertEqual(self.status(pool), "FORCE_CHANGE_PASSWORD")
        self.assertEqual(self.attributes(pool, "alice"), {"email": MAIL})

    def test_policy(self):
        pool = self.make_pool()
        self.create(pool, "alice")
        for password, words in (
                ("abc", "Password not long enough"),
                ("ABCDEF1!", "Password must have lowercase characters"),
                ("abcdef1!", "Password must have uppercase characters"),
                ("Abcdefg!", "Password must have numeric characters"),
                ("Abcdefg1", "Password must have symbol characters")):
            self.fails("InvalidPasswordException",
                       f"Password does not conform to policy: {words}",
                       self.aws.admin_set_user_password, UserPoolId=pool,
                       Username="alice", Password=password, Permanent=True)
        self.assertEqual(self.status(pool), "FORCE_CHANGE_PASSWORD")

    def test_constraints(self):
        pool = self.make_pool()
        self.create(pool, "alice")
        prefix = ("1 validation error detected: Value at 'password' failed to "
                  "satisfy constraint: Member must ")
        pattern = "satisfy regular expression pattern: ^[\\S]+.*[\\S]+$"
        for password, words in ((" Abcdef1!", pattern), ("a", pattern),
                                ("", pattern),
                                ("Ab1!" * 65, "have length less than or equal "
                                 "to 256")):
            self.refuses("InvalidParameterException", prefix + words,
                         "AdminSetUserPassword", UserPoolId=pool,
                         Username="alice", Password=password)
        self.refuses("InvalidParameterException",
                     "1 validation error detected: Value null at 'password' "
                     "failed to satisfy constraint: Member must not be null",
                     "AdminSetUserPassword", UserPoolId=pool, Username="alice")

    def test_reset(self):
        address = "reset@example.com"
        pool = self.make_pool(VerificationMessageTemplate={
            "EmailSubject": "Reset", "EmailMessage": "codeword-{####}"})
        who = {"UserPoolId": pool, "Username": "alice"}
        reset = self.aws.admin_reset_user_password
        self.create(pool, "alice", {"email": address})
        self.fails("NotAuthorizedException", "User password cannot be reset "
                   "in the current state.", reset, **who)
        self.set_password(pool, "alice")
        self.fails("InvalidParameterException", "Cannot reset password for "
                   "the user as there is no registered/verified email or "
                   "phone_number", reset, **who)
        self.update(pool, "alice", email_verified="true")
        self.aws.admin_disable_user(**who)
        self.fails("NotAuthorizedException", "User is disabled", reset, **who)
        self.aws.admin_enable_user(**who)
        for count in (1, 2):
            reset(**who)
            self.assertEqual(self.status(pool), "RESET_REQUIRED")
            # Six digits alone stand in logs by chance.
            mail = self.usher.json("inbox", "--to", address, "--count",
                                   str(count), "--timeout", "50",
                                   secret=True)[-1]
            house.HOUSE.note_secret(mail["text"].strip(), "code")
            self.assertEqual(mail["subject"], "Reset")
            self.assertRegex(mail["text"].strip(), "^codeword-[0-9]{6}$")
            self.assertEqual(mail["text"].strip()[9:], mail["password"])

    def test_no_resend_behind_a_permanent_one(self):
        for kind in KINDS:
            pool = self.make_pool(**kind)
            name = MAIL if "UsernameAttributes" in kind else "alice"
            stored = self.create(pool, name)["Username"]
            self.set_password(pool, name)
            self.fails("UnsupportedUserStateException",
                       f"Resend not possible. {stored} status is not "
                       "FORCE_CHANGE_PASSWORD", self.aws.admin_create_user,
                       UserPoolId=pool, Username=name, MessageAction="RESEND")
            self.set_password(pool, name, False)
            self.create(pool, name, MessageAction="RESEND")

    def test_a_new_one_cancels_what_waits(self):
        """SMS wait while the sandbox is on."""
        pool = self.make_pool()
        for name, permanent, why in (
                ("alice", True, "the user has a password of their own"),
                ("bob", False, "superseded by a newer password")):
            self.create(pool, name, {"phone_number": "+15555550100"},
                        DesiredDeliveryMediums=["SMS"])
            number = self.usher.sql(
                "select account.username || ':' || id from message_state join "
                "account using (pool_id, sub) where outcome is null and "
                f"pool_id = '{pool}'").strip()
            self.assertTrue(number.startswith(f"{name}:"), number)
            self.set_password(pool, name, permanent)
            self.assertEqual(self.usher.sql(
                "select outcome || ': ' || reason || ' ' || (sealed is null) "
                "from message_state where id = " + number.split(":")[1]).strip(),
                f"cancelled: {why} true")

    def test_confirm(self):
        pool = self.make_pool()
        who = {"UserPoolId": pool, "Username": "alice"}
        self.create(pool, "alice")
        self.fails("NotAuthorizedException", "User cannot be confirmed. "
                   "Current status is FORCE_CHANGE_PASSWORD",
                   self.aws.admin_confirm_sign_up, **who)
        self.set_password(pool, "alice")
        self.fails("NotAuthorizedException",
                   "User cannot be confirmed. Current status is CONFIRMED",
                   self.aws.admin_confirm_sign_up, **who)


if __name__ == "__main__":
    house.main()
