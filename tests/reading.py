"""How digits and abbreviations are read aloud: suffixes and particles after them depend on it."""

import re

# Korean: whether the last sound is a consonant, which one, or none.
OPEN, CLOSED, RIEUL = "open", "closed", "ㄹ"
KOREAN_DIGITS = dict(zip("0123456789", "영일이삼사오육칠팔구", strict=True))
KOREAN_ROUND = ("", "십", "백", "천", "만", "만", "만", "만", "억", "억")  # by zeros at the end
KOREAN_LETTERS = {"L": RIEUL, "M": CLOSED, "N": CLOSED, "R": RIEUL}

# Turkish: the word at the end of what is read.
TURKISH_DIGITS = ("sıfır", "bir", "iki", "üç", "dört", "beş", "altı", "yedi", "sekiz", "dokuz")
TURKISH_TENS = ("", "on", "yirmi", "otuz", "kırk", "elli", "altmış", "yetmiş", "seksen", "doksan")
TURKISH_LETTERS = {letter: letter.lower() for letter in "AEIİOÖUÜ"} | {"W": "ve"}
VOWELS = "aeıioöuü"


def korean_end(text: str) -> str:
    """The last sound of a text: of a syllable, of a number, or of letters that are spelt."""
    last = text[-1]
    if "가" <= last <= "힣":
        jongseong = (ord(last) - ord("가")) % 28
        return RIEUL if jongseong == 8 else CLOSED if jongseong else OPEN
    if last.isdigit():
        return korean_end(korean_number(re.search(r"[\d,.]*$", text)[0]))
    return KOREAN_LETTERS.get(last.upper(), OPEN)


def korean_number(number: str) -> str:
    """The last syllable of a number: of a decimal or a small one, that of its last digit."""
    whole = number.replace(",", "")
    zeros = len(whole) - len(whole.rstrip("0"))
    if "." in whole or zeros in (0, len(whole)):
        return KOREAN_DIGITS[whole[-1]]
    return KOREAN_ROUND[zeros]


def turkish_end(text: str) -> str:
    """The word in which a number or an abbreviation ends when it is read."""
    if not text[-1].isdigit():
        return TURKISH_LETTERS.get(text[-1], f"{text[-1].lower()}e")
    number = re.search(r"[\d.,]*$", text)[0]
    whole = number.rpartition(",")[2] if "," in number else number.replace(".", "")
    zeros = len(whole) - len(whole.rstrip("0"))
    if zeros == 0 or zeros == len(whole):
        return TURKISH_DIGITS[int(whole[-1])]
    if zeros == 1:
        return TURKISH_TENS[int(whole[-2])]
    return "yüz" if zeros == 2 else "bin" if zeros < 6 else "milyon"


def turkish_suffix_fits(word: str, suffix: str) -> bool:
    """Vowel harmony, buffer letters, and d or t, after a word as it is read."""
    vowel = [letter for letter in word if letter in VOWELS][-1]
    ends_open, first = word[-1] in VOWELS, next((x for x in suffix if x in VOWELS), "")
    is_front = vowel in "eiöü"
    if first in "ae":
        harmony = first == ("e" if is_front else "a")
    else:
        round_ = vowel in "oöuü"
        harmony = (
            not first
            or first == {(1, 1): "ü", (1, 0): "i", (0, 1): "u", (0, 0): "ı"}[is_front, round_]
        )
    if suffix[0] in VOWELS:
        return harmony and not ends_open
    if re.match(r"[ysn][aeıiuü]|l[ae]$", suffix) and suffix[0] in "ysn":
        return harmony and (ends_open or suffix.startswith(("se", "sa")))
    if suffix[0] in "dt":
        return harmony and (suffix[0] == "t") == (word[-1] in "fstkçşhp")
    return harmony
