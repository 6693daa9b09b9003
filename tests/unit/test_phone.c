/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "message/phone.h"

/* The 359 geographic codes and the six territories, from the metadata. */
static const char us_codes[] =
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 "
    "220 223 224 225 227 228 229 231 234 235 239 240 248 251 252 253 254 "
    "256 260 262 267 269 270 272 274 276 279 281 283 301 302 303 304 305 "
    "307 308 309 310 312 313 314 315 316 317 318 319 320 321 323 324 325 "
    "326 327 329 330 331 332 334 336 337 339 341 346 347 350 351 352 353 "
    "360 361 363 364 369 380 385 386 401 402 404 405 406 407 408 409 410 "
    "412 413 414 415 417 419 423 424 425 430 432 434 435 440 442 443 445 "
    "447 448 458 463 464 469 470 472 475 478 479 480 484 501 502 503 504 "
    "505 507 508 509 510 512 513 515 516 517 518 520 530 531 534 539 540 "
    "541 551 557 559 561 562 563 564 567 570 571 572 573 574 575 580 582 "
    "585 586 601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 "
    "619 620 623 626 628 629 630 631 636 640 641 645 646 650 651 656 657 "
    "659 660 661 662 667 669 678 680 681 682 686 689 701 702 703 704 706 "
    "707 708 712 713 714 715 716 717 718 719 720 724 725 726 727 728 730 "
    "731 732 734 737 738 740 743 747 748 754 757 760 762 763 765 769 770 "
    "771 772 773 774 775 779 781 785 786 801 802 803 804 805 806 808 810 "
    "812 813 814 815 816 817 818 820 821 826 828 830 831 832 835 838 839 "
    "840 843 845 847 848 850 854 856 857 858 859 860 862 863 864 865 870 "
    "872 878 901 903 904 906 907 908 909 910 912 913 914 915 916 917 918 "
    "919 920 925 928 929 930 931 934 936 937 938 940 941 943 945 947 948 "
    "949 951 952 954 956 959 970 971 972 973 975 978 979 980 983 984 985 "
    "986 989 787 939 340 671 670 684 ";

/* Canada, the other countries of +1, and what is not geographic. */
static const char other_codes[] =
    "204 226 236 242 246 249 250 257 263 264 268 284 289 306 343 345 354 "
    "365 367 368 382 403 416 418 428 431 437 438 441 450 468 473 474 500 "
    "506 514 519 521 522 523 524 525 526 527 528 529 532 533 544 548 566 "
    "577 579 581 584 587 588 600 604 613 622 633 639 647 649 658 664 672 "
    "683 705 709 721 742 753 758 767 778 780 782 784 800 807 809 819 825 "
    "829 833 844 849 855 866 867 868 869 873 876 877 879 888 900 902 905 "
    "942 ";

static void expect_codes(const char *codes, size_t count, bool us)
{
	char number[] = "+10005550142";

	cr_assert_eq(strlen(codes), count * 4);
	for (; *codes; codes += 4) {
		memcpy(number + 2, codes, 3);
		cr_expect_eq(phone_is_us(number), us, "%s", number);
	}
}

Test(phone, attribute_is_plus_and_digits)
{
	cr_expect(phone_is_attribute("+1"));
	cr_expect(phone_is_attribute("+0"));
	cr_expect(phone_is_attribute("+15555550142"));
	cr_expect(phone_is_attribute("+123456789012345"));
	cr_expect_not(phone_is_attribute("+1234567890123456"));
	cr_expect_not(phone_is_attribute("+"));
	cr_expect_not(phone_is_attribute(""));
	cr_expect_not(phone_is_attribute("15555550142"));
	cr_expect_not(phone_is_attribute("++1555"));
	cr_expect_not(phone_is_attribute("+1 555"));
	cr_expect_not(phone_is_attribute(" +1555"));
	cr_expect_not(phone_is_attribute("+1555\n"));
	cr_expect_not(phone_is_attribute("+1-555"));
	cr_expect_not(phone_is_attribute("+\xd9\xa1\xd9\xa2"));
}

Test(phone, e164_has_8_to_15_digits)
{
	cr_expect(phone_is_e164("+12345678"));
	cr_expect(phone_is_e164("+123456789012345"));
	cr_expect_not(phone_is_e164("+1234567"));
	cr_expect_not(phone_is_e164("+1234567890123456"));
	cr_expect_not(phone_is_e164("+0123456789"));
	cr_expect_not(phone_is_e164("12345678"));
	cr_expect_not(phone_is_e164("+1234567x"));
	cr_expect_not(phone_is_e164("+1234567\r\n"));
	cr_expect_not(phone_is_e164(""));
}

Test(phone, us_codes_are_us)
{
	expect_codes(us_codes, 365, true);
}

Test(phone, other_codes_of_plus_one_are_not)
{
	expect_codes(other_codes, 103, false);
}

/* Of the 800 codes that can be, all but the listed ones: the strict side. */
Test(phone, unknown_codes_count_as_us)
{
	int not_us = 0;

	for (int code = 200; code < 1000; code++) {
		char number[16];
		snprintf(number, sizeof(number), "+1%03d5550142", code);
		not_us += !phone_is_us(number);
	}
	cr_expect_eq(not_us, 103);
}

Test(phone, only_plus_one_is_us)
{
	cr_expect_not(phone_is_us("+442065550142"));
	cr_expect_not(phone_is_us("+212065550142"));
	cr_expect_not(phone_is_us("12065550142"));
	cr_expect_not(phone_is_us("+1206555014x"));
	cr_expect_not(phone_is_us("+1"));
	cr_expect_not(phone_is_us("+120"));
	cr_expect_not(phone_is_us("+"));
	cr_expect_not(phone_is_us(""));
	cr_expect(phone_is_us("+1206"));
}
