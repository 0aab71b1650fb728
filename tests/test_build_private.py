"""Short names for private names: which are shortened, and each hazard in which a name is left as it is.

python -m pytest tests/test_build_private.py
"""

import pytest
from test_build_fold import folded, names_in  # noqa: F401 - folded is a fixture

from pumphost.build import fold

COUNTER = """
class Counter:
    def __init__(self):
        self._count_of_calls = 0

    def _bump_it(self):
        self._count_of_calls += 1
        return self._count_of_calls

    def call(self):
        return self._bump_it()
"""


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
    main = f"from other import Other\n{COUNTER}\nprint(Counter().call(), Other().call())"
    other = COUNTER.replace("Counter", "Other").replace("_count_of_calls", "_all").replace("_bump_it", "_up")
    after = folded("1 1", main=main, other=other)
    private = [{name for name in names_in(source) if name[0] == "_" and "__" not in name} for source in after.values()]
    assert private == [{"_a", "_b"}, {"_a", "_b"}]


def test_two_classes_of_one_module_keep_their_names_apart(folded):  # noqa: F811
    source = (
        "class A:\n    def __init__(self):\n        self._left = 1\n\nclass B(A):\n    def __init__(self):\n"
        "        super().__init__()\n        self._right = 2\nb = B()\nprint(b._left, b._right)"
    )
    after = folded("1 2", main=source)
    assert not names_in(after["main"]) & {"_left", "_right"}


def test_the_same_attribute_on_self_in_two_modules_is_shortened_in_both(folded):  # noqa: F811
    after = folded("1 1", main=f"from other import Other\n{COUNTER}\nprint(Counter().call(), Other().call())",
                   other=COUNTER.replace("Counter", "Other"))  # fmt: skip
    assert "_count_of_calls" not in after["main"] + after["other"]


def test_a_short_name_is_new_to_the_whole_tree(folded):  # noqa: F811
    after = folded("1 5", main=f"import t\n{COUNTER}\nprint(Counter().call(), t._a)", t="_a = [5][0]\n")
    assert "_a = [5][0]" in after["t"]
    assert "_a" not in names_in(after["main"].replace("t._a", ""))


HAZARDS = {
    "read in another module": ("1", "from t import Counter\nc = Counter()\nc.call()\n"
    "print(c._count_of_calls)", COUNTER),
    "named in a string": (
        "1",
        "from t import Counter\nc = Counter()\nc.call()\n"
        "print(getattr(c, '_count_of_' + 'calls'), '_count_of_calls'[:0])",
        COUNTER,
    ),
    "given by keyword": ("3", "from t import f\nprint(f(_count_of_calls=3))", "def f(_count_of_calls):\n"
    "    return _count_of_calls\n"),
    "imported": ("3", "from t import _count_of_calls\nprint(_count_of_calls)", "_count_of_calls = [3][0]\n"),
    "caught by __getattr__": (
        "_count_of_calls",
        "from t import T\nprint(T().f())",
        "class T:\n    def __getattr__(self, name):\n        return name\n\n    def f(self):\n"
        "        return self._count_of_calls\n",
    ),
    "read out of __dict__": (
        "['_count_of_calls']",
        "from t import Counter\nc = Counter()\nprint(list(c.__dict__))",
        COUNTER,
    ),
    "listed by dir": (
        "True",
        "from t import f\nprint(any(n.endswith('calls') for n in f()))",
        COUNTER + "\ndef f():\n    return dir(Counter())\n",
    ),
    "mangled": ("3", "from t import T\nprint(T().f())", "class T:\n    __count_of_calls = 3\n\n"
    "    def f(self):\n        return self.__count_of_calls\n"),
    "inherited by another module": (
        "1 1 1",
        "from t import Counter as Base\n\nclass Derived(Base):\n    def __init__(self):\n        super().__init__()\n"
        "        self._mine = [1][0]\nd = Derived()\nprint(d.call(), d._mine, d._mine)",
        COUNTER,
    ),
    "a base worked out at run time": (
        "1 1",
        "import t\n\nclass Derived(vars(t)['Counter']):\n    def more(self):\n        self._mine = 1\n"
        "        return self._mine\nd = Derived()\n"
        "print(d.call(), d.more())",
        COUNTER,
    ),
}  # fmt: skip


@pytest.mark.parametrize("hazard", HAZARDS)
def test_a_name_that_others_may_use_is_left(folded, hazard):  # noqa: F811
    expected, main, module = HAZARDS[hazard]
    after = folded(expected, main=main, t=module)
    assert "_count_of_calls" in after["t"]


def test_an_attribute_that_is_put_on_an_object_of_another_module_is_left(folded):  # noqa: F811
    """Both shortened to _a they would be one."""
    main = "from t import Counter\nc = Counter()\nc._owner_name = 'me'\nc.call()\nprint(c._owner_name, c.call())"
    after = folded("me 2", main=main, t=COUNTER)
    assert "_owner_name" in after["main"]


def test_two_bases_from_two_modules_do_not_meet_in_one_short_name(folded):  # noqa: F811
    other = (
        COUNTER.replace("Counter", "Other")
        .replace("_count_of_calls", "_all")
        .replace("call(", "other(")
        .replace("_bump_it", "_up")
    )
    main = (
        "from t import Counter\nimport u\n\nclass Both(Counter, u.Other):\n    def __init__(self):\n"
        "        Counter.__init__(self)\n        u.Other.__init__(self)\nb = Both()\n"
        "print(b.call(), b.call(), b.other())"
    )
    folded("1 2 1", main=main, t=COUNTER, u=other)


def test_a_static_method_and_a_rebound_self_are_other_objects(folded):  # noqa: F811
    source = (
        "from t import Plain\n\nclass A:\n    def __init__(self):\n        self._mine_alone = 1\n\n    @staticmethod\n"
        "    def mark(thing):\n        thing._mark_of_a = 2\n        return thing._mark_of_a\n\n"
        "    def other(self, plain):\n"
        "        self = plain\n        self._set_here = 3\n        return self._set_here\n"
        "print(A.mark(Plain()), A().other(Plain()))"
    )
    after = folded("2 3", main=source, t="class Plain:\n    def __init__(self):\n        self._own_thing = 1\n")
    assert {"_mark_of_a", "_set_here"} <= names_in(after["main"])
    assert "_mine_alone" not in after["main"]


def test_more_names_than_letters_stay_apart(folded):  # noqa: F811
    names = [f"_name_{number}" for number in range(60)]
    source = "".join(f"{name} = [{number}][0]\n" for number, name in enumerate(names)) + f"print({' + '.join(names)})"
    after = folded("1770", main=source)  # 59 · 60 / 2
    assert len(names_in(after["main"]) & {f"_{letter}1" for letter in "abcdefghijklmnopqrstuvwxyz"}) == 26


def test_where_names_are_caught_at_run_time_no_attribute_is_renamed(folded):  # noqa: F811
    module = f"{COUNTER}\nclass Proxy:\n    def __getattr__(self, name):\n        return name\n"
    main = "from t import Counter, f\nprint(Counter().call(), f())"
    after = folded("1 _count_of_calls", main=main, t=f"{module}\ndef f():\n    return Proxy()._count_of_calls\n")
    assert "_count_of_calls" in after["t"]


def test_where_classes_are_made_at_run_time_no_attribute_is_renamed(folded):  # noqa: F811
    other = COUNTER.replace("Counter", "Other").replace("_count_of_calls", "_all").replace("call(", "other(")
    main = (
        "from t import Counter\nfrom u import Other\nB = type('B', (Counter, Other), {})\nb = B()\n"
        "Other.__init__(b)\nprint(b.call(), b.call(), b.other())"
    )
    folded("1 2 1", main=main, t=COUNTER, u=other.replace("_bump_it", "_up"))
