"""Short names for parameters: where nobody gives them by name, and nowhere else.

python -m pytest tests/test_build_parameters.py
"""

import pytest
from test_build_fold import folded, names_in  # noqa: F401 - folded is a fixture


def test_parameters_are_named_by_place_in_every_function(folded):  # noqa: F811
    source = (
        "def f(first, second=2, *others):\n    return first + second + sum(others)\n\n"
        "class A:\n    def g(self, value):\n        self.value = value\n        return self.value\n"
        "print(f(1), f(1, 1, 1), A().g(7))"
    )
    after = folded("3 3 7", main=source)["main"]
    assert "def f(a_, b_=2, *c_):" in after
    assert "def g(a_, b_):" in after
    assert "a_.value = b_" in after


def test_a_short_name_is_new_to_the_whole_tree(folded):  # noqa: F811
    after = folded(
        "3 1", main="from t import a_\n\ndef f(first):\n    return first + a_\nprint(f(2), a_)", t="a_ = [1][0]\n"
    )
    assert "def f(b_):" in after["main"]


def test_all_of_a_function_is_renamed_alike(folded):  # noqa: F811
    source = (
        "first = 'outside'\n\ndef f(first, second=first):\n    try:\n        second = [first for first in first]\n"
        "        raise ValueError\n    except ValueError as first:\n        pass\n"
        "    return second\nprint(f('ab'), first)"
    )
    after = folded("['a', 'b'] outside", main=source)["main"]
    assert "def f(a_, b_=first):" in after


def test_a_default_of_the_same_name_is_that_of_the_module(folded):  # noqa: F811
    folded("5 1", main="x = [5][0]\n\ndef f(x=x):\n    return x\nprint(f(), f(1))")


@pytest.mark.parametrize(
    "expected, source",
    [
        ("3", "def f(name_of_it):\n    return name_of_it\nprint(f(name_of_it=3))"),
        ("3", "def f(name_of_it):\n    return name_of_it\nprint(f(**{'name_of_it': 3}))"),
        ("3", "def f(*, name_of_it):\n    return name_of_it\nprint(f(name_of_it=3))"),
        ("{'name_of_it': 3}", "def f(**name_of_it):\n    return name_of_it\n"
        "print(f(**dict([('name_of' + '_it', 3)])))"),
        ("3", "def f(name_of_it):\n    return lambda: name_of_it\nprint(f(3)())"),
        ("3", "def f(name_of_it):\n    def g():\n        return name_of_it\n    return g\nprint(f(3)())"),
        ("3", "def f(name_of_it):\n    class A:\n        name_of_it = 3\n    return A.name_of_it\nprint(f(1))"),
        ("math", "def f(name_of_it):\n    import math as name_of_it\n    return name_of_it.__name__\nprint(f(1))"),
        ("{'name_of_it': 3}", "def f(name_of_it):\n    return locals()\nprint(f(3))"),
        ("1", "def f(name_of_it):\n    match name_of_it:\n        case [name_of_it]:\n"
        "            return name_of_it\nprint(f([1]))"),
    ],
)  # fmt: skip
def test_a_parameter_that_may_be_meant_by_name_is_left(folded, expected, source):  # noqa: F811
    assert "name_of_it" in names_in(folded(expected, main=source)["main"])


def test_a_name_given_in_another_module_is_left(folded):  # noqa: F811
    after = folded("3", main="from t import f\nprint(f(name_of_it=3))", t="def f(name_of_it):\n    return name_of_it\n")
    assert "name_of_it" in after["t"]
