"""Which passwords are good enough: the rules that a person can be told.

The list holds the commonest leaked passwords of at least MIN_CHARS characters; shorter ones fall to the length rule.
"""

import unicodedata

from services.auth.errors import WeakPassword
from services.auth.model import Email

MIN_CHARS = 12
MAX_CHARS = 128

COMMONEST = frozenset(
    """
    000000000000 012345678901 0123456789ab 0987654321qw 111111111111 111222333444 112233445566 121212121212 123123123123
    123412341234 123456789012 12345678900987654321 1234567890123 12345678901234567890 1234567890ab 1234567890abc
    1234567890qwe 1234567890qwerty 1234567891011 123456789101112 123456789123 123456789123456789 1234567891234
    123456789abc 123456789qwe 123456qwerty 1234abcd1234 123654789123 123qweasdzxc 1q2w3e4r5t6y 1q2w3e4r5t6y7u
    1q2w3e4r5t6y7u8i 1q2w3e4r5t6y7u8i9o0p 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc 222222222222 333333333333
    420420420420 555555555555 666666666666 696969696969 777777777777 888888888888 987654321000 987654321098 999999999999
    aaaaaaaaaaaa abc123456789 abcabcabcabc abcd12345678 abcdefghijkl abcdefghijklm abcdefghijklmnop
    abcdefghijklmnopqrstuvwxyz administrator adminadminadmin asdfasdfasdf asdfghjkl123 asdfghjklzxcvbnm babygirl1234
    basketball12 basketball123 changeme1234 changemenow1 chocolate123 correcthorsebatterystaple dragon123456
    football1234 foundation1234 iloveyou1234 iloveyou123456 iloveyouforever iloveyousomuch ilovejesus12 letmein12345
    letmein123456 letmeinletmein liverpool123 manchesterunited michael12345 mynameisjohn newpassword1 p@ssw0rd1234
    p@ssword1234 pass12345678 passpasspass password0000 password1111 password1234 password1234! password12345
    password123456 password1234567 password12345678 password123456789 passw0rd1234 password2020 password2021
    password2022 password2023 password2024 password2025 password2026 passwordpassword princess1234 q1w2e3r4t5y6
    q1w2e3r4t5y6u7 q1w2e3r4t5y6u7i8 qazwsxedc123 qazwsxedcrfv qazwsxedcrfvtgb qqqqqqqqqqqq qwe123qwe123 qweasdzxc123
    qweqweqweqwe qwer1234qwer qwerasdfzxcv qwerty123456 qwerty1234567 qwerty12345678 qwerty123456789 qwertyqwerty
    qwertyuiop12 qwertyuiop123 qwertyuiop1234 qwertyuiopasdf qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm qwertyuiop[]
    samsung12345 spiderman123 starwars1234 sunshine1234 superman1234 thisisapassword trustno1trustno1 welcome12345
    welcome123456 xxxxxxxxxxxx zaq12wsxcde3 zaq1zaq1zaq1 zxcvbnm12345 zxcvbnm123456789 zxcvbnmasdfghjkl
    """.split()  # noqa: SIM905 - a list of quoted words reads worse
)


def canonical(password: str) -> str:
    """Return the one spelling of a password that different keyboards may send differently (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check_strength(password: str, email: Email) -> None:
    """Raise `WeakPassword`, whose message names the rule, unless the password obeys all of them."""
    folded = canonical(password).casefold()
    if len(folded) < MIN_CHARS:
        raise WeakPassword(f"The password is too short; take at least {MIN_CHARS} characters.")
    if len(password) > MAX_CHARS:
        raise WeakPassword(f"The password is too long; take at most {MAX_CHARS} characters.")
    if folded in COMMONEST:
        raise WeakPassword("The password is among the commonest, which are guessed first; take another.")
    if email in folded:
        raise WeakPassword("The password contains the e-mail address; take one that cannot be told from it.")
