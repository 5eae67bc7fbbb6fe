"""A CSV of invented accounts for the import: people.py COUNT > FILE. Seven in ten have a password."""

import random
import sys

PHC = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43


def check_digit(digits):
    """Programme of 11.06.2003 No. 565, written anew: not the program's own code."""
    total = sum(d * w for d, w in zip(digits, range(1, 12))) % 11
    if total == 10:
        total = sum(d * w for d, w in zip(digits, [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2])) % 11
    return total


def iins(dice, count):
    """So many different ones."""
    seen = set()
    while len(seen) < count:
        text = "%02d%02d%02d%d%04d" % (
            dice.randrange(100), dice.randrange(1, 13), dice.randrange(1, 29),
            dice.randrange(3, 7), dice.randrange(10000))
        last = check_digit([int(c) for c in text])
        if last > 9 or text in seen:
            continue
        seen.add(text)
        yield text + str(last)


def main(count):
    dice = random.Random(20261121)
    print("iin,phone,locale,password,device")
    for iin in iins(dice, count):
        password = '"%s"' % PHC if dice.random() < 0.7 else ""
        print("%s,+7701%07d,%s,%s,no" % (iin, dice.randrange(10**7), dice.choice(["ru", "kk"]), password))


if __name__ == "__main__":
    main(int(sys.argv[1]))
