"""Short names for attributes and methods: which share one, and which must not.

python -m pytest tests/test_build_attributes.py
"""

from collections import Counter

import pytest
from test_build_fold import folded, names_in  # noqa: F401 - folded is a fixture
from test_build_join import joined, text_of  # noqa: F401 - joined is a fixture

from pumphost.build import fold
from pumphost.build.share import share

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


OTHER = COUNTER.replace("Counter", "Other").replace("_count_of_calls", "_all").replace("call(", "other(")
TWO = """
class Left:
    def __init__(self):
        self.left_count = 1

    def left_sum(self):
        return self.left_count + 1


class Right:
    def __init__(self):
        self.right_count = 3

    def right_sum(self):
        return self.right_count + 1

"""


def short(after, name):
    """The short names of an attribute, all the same or none."""
    items = [item for table in after.names.values() for item in table.items()]
    found = {text for text, long in items if any(one.endswith(f".{name}") for one in long)}
    assert len(found) <= 1
    return "".join(found)


# -- what is shortened ---------------------------------------------------------------------------


def test_classes_that_never_meet_share_their_short_names(joined):  # noqa: F811
    after = joined(
        "2 4 1",
        app=f"{TWO}\ndef main():\n    one = Left()\n    print(one.left_sum(), Right().right_sum(), one.left_count)\n",
    )
    assert not names_in(text_of(after)) & {"left_count", "left_sum", "right_count", "right_sum"}
    assert {short(after, "Left.left_count"), short(after, "Left.left_sum")} == {
        short(after, "Right.right_count"), short(after, "Right.right_sum")
    }  # fmt: skip


def test_the_map_says_all_that_a_short_name_stands_for(joined):  # noqa: F811
    after = joined("2 4", app=f"{TWO}\ndef main():\n    print(Left().left_sum(), Right().right_sum())\n")
    for pair in (["app.Left.left_sum", "app.Right.right_sum"], ["app.Left.left_count", "app.Right.right_count"]):
        (long,) = (long for long in after.names["app.py"].values() if pair[0] in long)
        assert long in ([pair[0], pair[1]], ["app.Left", *pair], ["app.Right", *pair])


def test_an_attribute_has_one_short_name_in_all_classes(joined):  # noqa: F811
    """What is asked for it may be of either class."""
    app = TWO.replace("right_count", "left_count").replace("right_sum", "other_sum")
    after = joined("[1, 3]", app=f"{app}\ndef main():\n    print([one.left_count for one in (Left(), Right())])\n")
    assert "left_count" not in text_of(after)


def test_of_a_tree_that_is_no_whole_program_only_private_attributes_are_shortened(folded):  # noqa: F811
    after = folded(
        "1 1 1", main=f"from t import Counter\n{COUNTER.replace('Counter', 'Other')}\nc = Counter()\n"
        "print(Other().call(), c.call(), c._count_of_calls)", t=COUNTER,
    )  # fmt: skip
    assert not names_in(after["main"] + after["t"]) & {"_count_of_calls", "_bump_it"}
    assert "def call(a_):" in after["t"]
    assert {"_a", "_b"} <= names_in(after["main"]) & names_in(after["t"])


def test_the_map_of_a_folded_tree_names_class_and_attribute():
    names = fold({"t.py": COUNTER.replace("Counter", "_Counter")}).names["t.py"]
    assert names == {"_a": ["_Counter", "_Counter._bump_it"], "_b": ["_Counter._count_of_calls"]} or names == {
        "_a": ["_Counter", "_Counter._count_of_calls"], "_b": ["_Counter._bump_it"]
    }  # fmt: skip


def test_more_places_and_more_uses_come_first():
    assert share({"a": {1}, "b": {2}, "c": {1, 2}}, Counter(), set()) == {"c": "_a", "a": "_b", "b": "_b"}
    assert share({"a": {1}, "b": {1}}, Counter(b=2, a=1), {"_a"}) == {"b": "_b", "a": "_c"}


# -- objects that have both ----------------------------------------------------------------------

LINES = {
    "a base of the same module": (TWO, "class Both(Left):", "Left"),
    "a base of another module": ("", "from t import Left\nclass Both(Left):", "Left"),
    "under another name": ("", "from t import Left as Base\nclass Both(Base):", "Base"),
    "through the module": ("", "import t\nclass Both(t.Left):", "t.Left"),
    "through a module in between": ("", "import u\nclass Both(u.Left):", "u.Left"),
}


@pytest.mark.parametrize("line", LINES)
def test_a_class_and_its_base_have_different_ones(joined, line):  # noqa: F811
    here, head, base = LINES[line]
    app = (
        f"{here}\nfrom t import Right\n{head}\n    def __init__(self):\n        {base}.__init__(self)\n"
        "        self.both_count = 5\n\n    def both_sum(self):\n        return self.both_count + self.left_sum()\n\n"
        "def main():\n    print(Both().both_sum(), Right().right_sum())\n"
    )
    after = joined("7 4", app=app, t=TWO, u="from t import Left\n")
    assert not names_in(text_of(after)) & {"left_count", "both_count"}


def test_two_bases_have_different_ones(joined):  # noqa: F811
    app = (
        "from t import Left, Right\n\nclass Both(Left, Right):\n    def __init__(self):\n        Left.__init__(self)\n"
        "        Right.__init__(self)\n\nclass Far(Both):\n    pass\n\n"
        "def main():\n    b = Far()\n    print(b.left_sum(), b.right_sum(), b.left_count, b.right_count)\n"
    )
    after = joined("2 4 1 3", app=app, t=TWO)
    assert not names_in(text_of(after)) & {"left_count", "right_count"}


def test_a_base_that_is_an_attribute_of_its_module(folded):  # noqa: F811
    main = (
        "import t\n\nclass Derived(t.Counter):\n    def __init__(self):\n        t.Counter.__init__(self)\n"
        "        self._mine = 5\nd = Derived()\nprint(d.call(), d.call(), d._mine)"
    )
    after = folded("1 2 5", main=main, t=COUNTER)
    assert not names_in(after["main"] + after["t"]) & {"_count_of_calls", "_mine"}


def test_a_base_under_the_name_of_a_built_in_one(folded):  # noqa: F811
    main = (
        "from t import Counter as object\nfrom u import Other\n\nclass Both(object, Other):\n    def __init__(self):\n"
        "        object.__init__(self)\n        Other.__init__(self)\nb = Both()\n"
        "print(b.call(), b.call(), b.other())"
    )
    folded("1 2 1", main=main, t=COUNTER, u=OTHER.replace("_bump_it", "_up"))


def test_a_built_in_base_keeps_its_own_names_and_no_others(joined):  # noqa: F811
    app = (
        "class Own(UnicodeDecodeError):\n    def __init__(self):\n"
        "        super().__init__('utf-8', b'x', 0, 1, 'why')\n        self.own_count = 4\n\n"
        "    def told(self):\n        return self.encoding\n\ndef main():\n    print(Own().told(), Own().own_count)\n"
    )
    after = names_in(text_of(joined("utf-8 4", app=app)))
    assert "encoding" in after
    assert "own_count" not in after


def test_variables_of_one_class_have_different_ones(joined):  # noqa: F811
    app = (
        "class Both:\n    one_of_two = sum([1])\n    two_of_two = sum([2])\n\n"
        "class One:\n    def __init__(self):\n        self.one_of_two = 3\n\n"
        "class Two:\n    def __init__(self):\n        self.two_of_two = 4\n\n"
        "def main():\n    print(Both.one_of_two, Both.two_of_two, One().one_of_two, Two().two_of_two)\n"
    )
    assert "of_two" not in text_of(joined("1 2 3 4", app=app))


def test_two_that_derive_from_one_class_share(joined):  # noqa: F811
    app = (
        f"{TWO}\nclass A(Left):\n    def of_a(self):\n        return 1\n\nclass B(Left):\n    def of_b(self):\n"
        "        return 2\n\ndef main():\n    print(A().of_a(), B().of_b(), A().left_sum(), Right().right_sum())\n"
    )
    after = joined("1 2 2 4", app=app)
    assert short(after, "A.of_a") == short(after, "B.of_b") != ""


# -- names of their own --------------------------------------------------------------------------

FROM_OUTSIDE = {
    "set from outside": ("def put(self, thing):\n        thing.right_count = 7", "Right().put"),
    "added to": ("def put(self, thing):\n        thing.right_count = thing.left_count\n        thing.right_count += 6",
    "Right().put"),
    "set in a function": ("pass\n\ndef put(thing):\n    thing.right_count = 7", "put"),
    "in a static method": ("@staticmethod\n    def put(thing):\n        thing.right_count = 7", "Right().put"),
    "behind a slash": ("def put(self, /, thing):\n        thing.right_count = 7", "Right().put"),
    "by another self": ("def put(self, thing):\n        self = thing\n        self.right_count = 7", "Right().put"),
    "in a function inside": ("def put(self, thing):\n        def inner(self):\n            self.right_count = 7\n"
    "        inner(thing)", "Right().put"),
    "by a method lent to others": ("def put(self):\n        self.right_count = 7", "Right.put"),
}  # fmt: skip


@pytest.mark.parametrize("way", FROM_OUTSIDE)
def test_what_may_be_put_on_any_object_has_a_name_of_its_own(joined, way):  # noqa: F811
    method, put = FROM_OUTSIDE[way]
    app = (
        "class Left:\n    def __init__(self):\n        self.left_count = 1\n\n"
        f"class Right:\n    def __init__(self):\n        self.right_count = 3\n\n    {method}\n\n"
        f"def main():\n    left = Left()\n    {put}(left)\n"
        "    print(left.left_count, left.right_count, Right().right_count)\n"
    )
    after = joined("1 7 3", app=app)
    assert "right_count" not in names_in(text_of(after))


@pytest.mark.parametrize(
    ("head", "call"),
    [
        ("class Far:\n    def __init__(self):\n        self.far_count = 1\n", "far.go(None)"),
        ("class Side:\n    def __init__(self):\n        self.far_count = 1\n\nclass Far(Right):\n", "Far().go(far)"),
    ],
)
def test_a_method_called_for_another_object_may_put_names_on_any(joined, head, call):  # noqa: F811
    """From a class that does not derive from that of the method; from one that does, for an object that does not."""
    given = "other" if "Side" in head else "self"
    app = (
        "class Right:\n    def __init__(self):\n        self.right_count = 3\n\n    def put(self):\n"
        f"        self.right_count = 7\n\n{head}\n    def go(self, other):\n        Right.put({given})\n\n"
        f"def main():\n    far = {'Side' if 'Side' in head else 'Far'}()\n    {call}\n"
        "    print(far.far_count, far.right_count, Right().right_count)\n"
    )
    joined("1 7 3", app=app)


def test_a_method_of_a_base_called_for_the_own_object_is_lent_to_nobody(joined):  # noqa: F811
    """Or all that a base sets would need names of its own."""
    after = joined(
        "1 3",
        app=f"{TWO}\nclass Far(Left):\n    def __init__(self):\n        Left.__init__(self)\n\n"
        "def main():\n    print(Far().left_count, Right().right_count)\n",
    )
    assert short(after, "Left.left_count") == short(after, "Right.right_count") != ""
