#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The golden cases of AdminCreateUser by number, as a client meets them:
names and values. What a case says of signing in and of triggers is tested
where those are; the same cases at the engine are in
tests/integration/test_invite*.c."""
from golden_case import (ALIAS, EXISTS, FAILED, GOOD, INVALID, POLICY, Case,
                         attributes, one_error, verified)
import house

EMAIL = {"UsernameAttributes": ["email"]}
PHONE = {"UsernameAttributes": ["phone_number"]}
BOTH = {"UsernameAttributes": ["email", "phone_number"]}
NAME_REQUIRED = {"Schema": [{"Name": "name", "Required": True}]}
POOL_PATTERN = f"{FAILED} satisfy regular expression pattern: " \
    r"[\w-]+_[0-9a-zA-Z]+"
SCHEMA = "Attributes did not conform to the schema: "


class Names(Case):
    def test_01_plain_user(self):
        pool = self.make_pool()
        user = self.create(pool, "alice")
        self.assertEqual([pair["Name"] for pair in user["Attributes"]],
                         ["sub"])
        self.assertEqual((user["Username"], user["UserStatus"],
                          user["Enabled"]),
                         ("alice", "FORCE_CHANGE_PASSWORD", True))
        self.assertEqual(user["UserCreateDate"], user["UserLastModifiedDate"])
        self.nothing_sent(pool)

    def test_02_same_name_twice(self):
        pool = self.make_pool()
        self.create(pool, "alice")
        self.refused(EXISTS, "User account already exists", pool)

    def test_03_case_not_heeded(self):
        pool = self.make_pool(UsernameConfiguration={"CaseSensitive": False})
        self.create(pool, "alice")
        self.refused(EXISTS, "User account already exists", pool, "ALICE")

    def test_04_case_heeded(self):
        pool = self.make_pool(UsernameConfiguration={"CaseSensitive": True})
        for name in ("alice", "ALICE"):
            self.create(pool, name)
        self.assertEqual(self.get(pool, "ALICE")["Username"], "ALICE")

    def test_05_plain_pool_shares_addresses(self):
        pool = self.make_pool()
        for name in ("alice", "bob"):
            self.create(pool, name, UserAttributes=verified("a@example.com"))

    def test_06_email_is_the_username(self):
        user = self.create(self.make_pool(**EMAIL), "a@example.com")
        self.assertEqual(user["Attributes"], attributes(
            email="a@example.com", sub=user["Username"]))

    def test_07_not_an_email(self):
        self.refused(INVALID, "Username should be an email.",
                     self.make_pool(**EMAIL))

    def test_08_not_a_phone_number(self):
        self.refused(INVALID, "Username should be a phone number.",
                     self.make_pool(**PHONE), "a@example.com")

    def test_09_neither(self):
        self.refused(INVALID, "Username should be either an email or a phone "
                     "number.", self.make_pool(**BOTH))

    def test_10_same_email_twice(self):
        pool = self.make_pool(**EMAIL)
        self.create(pool, "a@example.com")
        self.refused(EXISTS, "An account with the given email already "
                     "exists.", pool, "a@example.com")

    def test_11_resend_by_email_and_by_sub(self):
        pool = self.make_pool(**EMAIL)
        user = self.create(pool, "a@example.com")
        for name in ("a@example.com", user["Username"]):
            again = self.create(pool, name, MessageAction="RESEND")
            self.assertEqual(again["Attributes"], user["Attributes"])

    def test_12_username_shaped_as_an_alias(self):
        self.refused(INVALID, "Username cannot be of email format, since user "
                     "pool is configured for email alias.",
                     self.make_pool(**ALIAS), "a@example.com")

    def test_13_unverified_email_may_be_shared(self):
        pool = self.make_pool(**ALIAS)
        self.create(pool, "alice", UserAttributes=verified("a@example.com"))
        self.create(pool, "bob",
                    UserAttributes=attributes(email="a@example.com"))
        self.assertEqual(self.get(pool, "a@example.com")["Username"], "alice")

    def test_14_verified_email_is_taken(self):
        pool = self.make_pool(**ALIAS)
        self.create(pool, "alice", UserAttributes=verified("a@example.com"))
        self.refused(EXISTS, "An account with the email already exists.",
                     pool, "bob", UserAttributes=verified("a@example.com"))

    def test_15_forced_alias_moves(self):
        pool = self.make_pool(**ALIAS)
        self.create(pool, "alice", UserAttributes=verified("a@example.com"))
        self.create(pool, "bob", UserAttributes=verified("a@example.com"),
                    ForceAliasCreation=True)
        former = self.get(pool, "alice")["by_name"]
        self.assertEqual((former["email"], former["email_verified"]),
                         ("a@example.com", "false"))
        self.assertEqual(self.get(pool, "a@example.com")["Username"], "bob")

    def test_16_forced_but_unverified(self):
        pool = self.make_pool(**ALIAS)
        self.create(pool, "alice", UserAttributes=verified("a@example.com"))
        self.create(pool, "bob", ForceAliasCreation=True,
                    UserAttributes=attributes(email="a@example.com"))
        self.assertEqual(self.get(pool, "a@example.com")["Username"], "alice")
        self.assertEqual(self.get(pool, "alice")["by_name"]["email_verified"],
                         "true")


class Values(Case):
    def test_17_unknown_pool(self):
        self.refused("ResourceNotFoundException",
                     "User pool us-east-1_x does not exist.", "us-east-1_x")

    def test_18_pattern_of_the_pool(self):
        self.refused(INVALID, one_error(
            f"Value 'bad id' at 'userPoolId' {POOL_PATTERN}"), "bad id")

    def test_19_long_username(self):
        self.refused(INVALID, one_error(
            f"Value at 'username' {FAILED} have length less than or equal to "
            "128"), self.make_pool(), "x" * 129)

    def test_20_blank_in_a_username(self):
        self.refused(INVALID, one_error(
            f"Value at 'username' {FAILED} satisfy regular expression "
            r"pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+"), self.make_pool(),
            "al ice")

    def test_21_unknown_action(self):
        self.refused(INVALID, one_error(
            f"Value 'NOPE' at 'messageAction' {FAILED} satisfy enum value "
            "set: [RESEND, SUPPRESS]"), self.make_pool(),
            MessageAction="NOPE")

    def test_22_two_violations(self):
        self.refused(
            INVALID, "2 validation errors detected: Value 'bad id' at "
            f"'userPoolId' {POOL_PATTERN}; Value at 'username' {FAILED} have "
            "length less than or equal to 128", "bad id", "x" * 129)

    def test_23_long_password(self):
        self.refused(INVALID, one_error(
            f"Value at 'temporaryPassword' {FAILED} have length less than or "
            "equal to 256"), self.make_pool(),
            TemporaryPassword="Aa1!" + "x" * 253)

    def refuse_password(self, password, words, **policy):
        pool = self.make_pool(Policies={"PasswordPolicy": policy})
        self.refused("InvalidPasswordException", POLICY + words, pool,
                     TemporaryPassword=password)

    def test_24_short_password(self):
        self.refuse_password("short1A!", "Password not long enough",
                             MinimumLength=10)

    def test_25_no_upper_case(self):
        self.refuse_password("abcdefg1!",
                             "Password must have uppercase characters")

    def test_26_no_lower_case(self):
        self.refuse_password("ABCDEFG1!",
                             "Password must have lowercase characters")

    def test_27_no_digit(self):
        self.refuse_password("Abcdefgh!",
                             "Password must have numeric characters")

    def test_28_no_symbol(self):
        self.refuse_password("Abcdefg12",
                             "Password must have symbol characters")

    def refuse_attributes(self, words, *pairs):
        pool = self.make_pool()
        self.refused(INVALID, words, pool, UserAttributes=list(pairs))
        self.assertEqual(self.account(pool, "count(*)"), "0")

    def test_31_unknown_attribute(self):
        self.refuse_attributes(
            SCHEMA + "Type for attribute {thing} could not be determined",
            *attributes(thing="bar"))

    def test_32_undeclared_custom_attribute(self):
        self.refuse_attributes(
            SCHEMA + "Type for attribute {custom:x} could not be determined",
            *attributes(custom__x="1"))

    def test_33_immutable_custom_attribute(self):
        pool = self.make_pool(Schema=[{
            "Name": "x", "AttributeDataType": "String", "Mutable": False}])
        self.create(pool, "alice", UserAttributes=attributes(custom__x="1"))
        self.assertEqual(self.get(pool, "alice")["by_name"]["custom:x"], "1")

    def test_34_sub_is_given(self):
        self.refuse_attributes("Cannot modify the non-mutable attribute sub",
                               *attributes(sub="1"))

    def test_35_no_value(self):
        self.refuse_attributes("Attribute value for email must not be null",
                               {"Name": "email"})

    def test_36_not_an_email(self):
        self.refuse_attributes("Invalid email address format.",
                               *attributes(email="foo"))

    def test_37_not_a_phone_number(self):
        self.refuse_attributes("Invalid phone number format.",
                               *attributes(phone_number="555"))

    def test_38_verified_what(self):
        self.refuse_attributes(
            "Email is required to verify/un-verify an email",
            *attributes(email_verified="true"))

    def test_39_flags_in_lower_case(self):
        pool = self.make_pool()
        self.create(pool, "alice", UserAttributes=attributes(
            email="a@example.com", email_verified="True"))
        self.assertEqual(self.get(pool, "alice")["by_name"]["email_verified"],
                         "true")

    def test_40_required_attribute_is_missing(self):
        user = self.create(self.make_pool(**NAME_REQUIRED), "alice")
        self.assertEqual(user["UserStatus"], "FORCE_CHANGE_PASSWORD")

    def test_41_required_without_a_password(self):
        self.refused(INVALID, SCHEMA + "name.formatted: The attribute "
                     "name.formatted is required",
                     self.pool_of_codes(**NAME_REQUIRED),
                     UserAttributes=verified("a@example.com"))

    def test_42_without_a_password(self):
        pool = self.pool_of_codes()
        user = self.create(pool, "alice",
                           UserAttributes=verified("a@example.com"))
        self.assertEqual(user["UserStatus"], "CONFIRMED")
        self.assertEqual(self.account(pool, "password_hash is null"), "t")

    def test_43_with_a_password_after_all(self):
        user = self.create(self.pool_of_codes(), "alice",
                           TemporaryPassword=GOOD,
                           UserAttributes=verified("a@example.com"))
        self.assertEqual(user["UserStatus"], "FORCE_CHANGE_PASSWORD")


if __name__ == "__main__":
    house.main()
