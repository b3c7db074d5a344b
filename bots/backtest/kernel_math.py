"""Exact sums of whole numbers for the kernels. Whatever does not fit into 64 bits raises OverflowError, so that the
exact replay does it instead."""

import numpy as np

from bots.backtest.jit import jit

UNIT = 100_000_000  # of 1e-8
MOST = 2**61  # of any sum of money or coins: two of them still fit
PLAIN = 9.0e18  # products below fit into 64 bits


@jit
def mul_div(a: int, b: int, c: int) -> tuple[int, int]:
    """a * b divided by c, and the rest; a and b are not negative, c is positive. Where the product is wider than 64
    bits a float guesses the quotient, and the rest, which the wrapped products tell exactly, corrects it."""
    if c <= 0 or a < 0 or b < 0:
        raise OverflowError
    wide = float(a) * float(b)
    if wide < PLAIN:
        product = a * b
        return product // c, product % c
    guess = wide / float(c)
    # The guess is wrong by a few 1e-16 of itself; the rest must fit.
    if guess > MOST or (guess * 1e-15 + 2.0) * float(c) > PLAIN:
        raise OverflowError
    quotient = np.int64(guess)
    rest = np.int64(np.uint64(a) * np.uint64(b) - np.uint64(quotient) * np.uint64(c))
    more = rest // c
    return quotient + more, rest - more * c  # type: ignore[return-value]


@jit
def half_even(a: int, b: int, c: int) -> int:
    """a * b / c to the nearest whole number, a tie to the even one."""
    whole, rest = mul_div(a, b, c)
    left = c - rest
    if rest > left or (rest == left and whole % 2 == 1):
        whole += 1
    return whole


@jit
def down(a: int, b: int, c: int) -> int:
    return mul_div(a, b, c)[0]


@jit
def up(a: int, b: int, c: int) -> int:
    whole, rest = mul_div(a, b, c)
    return whole + 1 if rest else whole


@jit
def floor_to(value: int, step: int) -> int:
    return value // step * step


@jit
def ceil_to(value: int, step: int) -> int:
    return -(-value // step) * step


class Unsure(Exception):
    """The engine might do something else here: the exact replay tells."""
