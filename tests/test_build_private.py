"""Short names for private names of modules: which are shortened, and each hazard in which a name is left as it is.

python -m pytest tests/test_build_private.py
"""

import pytest
from test_build_fold import folded, names_in  # noqa: F401 - folded is a fixture

from pumphost.build import fold


def test_private_names_are_short_and_the_map_says_what_they_were(folded):  # noqa: F811
    source = "_table = [1, 2]\n\ndef _look_up(_index):\n    return _table[_index]\nprint(_look_up(1))\n"
    after = folded("2", main=source)
    assert not names_in(after["main"]) & {"_table", "_look_up", "_index"}
    names = fold({"main.py": source}).names["main.py"]
    assert sorted(names.values()) == [["_look_up"], ["_table"]]
    assert set(names) == {"_a", "_b"}
    restored = after["main"]
    for short, (long,) in names.items():
        restored = restored.replace(short, long)
    assert "def _look_up(a_):" in restored


def test_modules_share_their_short_names(folded):  # noqa: F811
    after = folded(
        "1 2", main="from t import f\n_left = [1][0]\nprint(_left, f())",
        t="_right = [2][0]\n\ndef f():\n    return _right\n",
    )  # fmt: skip
    assert "_a" in names_in(after["main"]) & names_in(after["t"])


def test_a_short_name_is_new_to_the_whole_tree(folded):  # noqa: F811
    after = folded("1 5", main="import t\n_left = [1][0]\nprint(_left, t._a)", t="_a = [5][0]\n")
    assert "_a = [5][0]" in after["t"]
    assert "_b" in names_in(after["main"])


HAZARDS = {
    "given by keyword": ("3", "from t import f\nprint(f(_left=3))", "def f(_left):\n    return _left\n"),
    "imported": ("3", "from t import _left\nprint(_left)", "_left = [3][0]\n"),
    "read through the module": ("3", "import t\nprint(t._left)", "_left = [3][0]\n"),
    "named in a string": (
        "3", "import t\nprint(getattr(t, '_le' + 'ft'), '_left'[:0])", "_left = [3][0]\n",
    ),
    "named in a string of its own module": (
        "3", "import t\nprint(getattr(t, t.NAMES[0]))", "_left = [3][0]\nNAMES = ['_left']\n",
    ),
    "of a class alone": (
        "['_left']", "from t import T\nprint([name for name in T.__dict__ if name[1:] == 'left'])",
        "class T:\n    def _left(self):\n        return 3\n",
    ),
    "in a module that looks at itself": ("3", "from t import f\nprint(f())", "_left = 3\n\ndef f():\n"
    "    return globals()['_le' + 'ft']\n"),
    "an attribute as well": (
        "3 4",
        "from t import T\nprint(T().f(), T()._left)",
        "_left = [3][0]\n\nclass T:\n    def __init__(self):\n        self._left = 4\n\n"
        "    def f(self):\n        return _left\n",
    ),
    "of the body of a class as well": (
        "3 3",
        "from t import T\nprint(T.f(), T().g())",
        "_left = [3][0]\n\nclass T:\n    _left = _left\n\n    @classmethod\n    def f(cls):\n"
        "        return cls._left\n\n"
        "    def g(self):\n        return _left\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("hazard", HAZARDS)
def test_a_name_that_others_may_use_is_left(folded, hazard):  # noqa: F811
    expected, main, module = HAZARDS[hazard]
    after = folded(expected, main=main, t=module)
    assert "_left" in names_in(after["t"])


def test_a_name_from_outside_of_the_tree_is_left(folded):  # noqa: F811
    assert "_exit" in folded("True", main="from os import _exit\nprint(callable(_exit))")["main"]


def test_more_names_than_letters_stay_apart(folded):  # noqa: F811
    names = [f"_name_{number}" for number in range(60)]
    source = "".join(f"{name} = [{number}][0]\n" for number, name in enumerate(names)) + f"print({' + '.join(names)})"
    after = folded("1770", main=source)  # 59 · 60 / 2
    assert len(names_in(after["main"]) & {f"_{letter}1" for letter in "abcdefghijklmnopqrstuvwxyz"}) == 26
