"""Joining modules: the program does the same in fewer modules, and what would not is refused.

    python -m pytest tests/test_build_join.py

Every case is a small tree whose `main` prints, worked out by hand; it is run as it was written and as it was joined.
"""

import re

import pytest
from build_cases import printed

from pumphost.build import BuildError, fold


@pytest.fixture
def joined(tmp_path):
    """Join a tree of files, entry `app`; see that it prints the same before and after; the sources after."""

    def run(expected, **modules):
        sources = {f"{name.replace('__', '/')}.py": source for name, source in modules.items()}
        sources |= {f"{name.split('__')[0]}/__init__.py": "" for name in modules if "__" in name}
        assert printed(tmp_path / "written", sources, "app") == expected
        after = fold(sources, "app")
        assert printed(tmp_path / "joined", after.sources, "start") == expected, after.sources
        return after

    return run


def text_of(folded):
    return "\n".join(source for path, source in sorted(folded.sources.items()) if path != "start.py")


def test_functions_classes_and_values_of_several_modules(joined):
    after = joined(
        "7 [3, 4] deep",
        app="from pack import leaf\nfrom pack.other import Thing, twice as double\n\n"
        "def main():\n    print(leaf.add(3, 4), Thing([3, 4]).items, double.__doc__ or leaf.WORD)\n",
        pack__leaf="WORD = 'deep'\n\ndef add(a, b):\n    return a + b\n",
        pack__other="class Thing:\n    def __init__(self, items):\n        self.items = items\n\n"
        "def twice(x):\n    return 2 * x\n",
    )
    assert not re.search(r"\b(leaf|other|WORD|twice)\b", text_of(after).replace("'deep'", ""))
    assert sorted(after.names) == sorted(set(after.sources) - {"start.py"})


def test_the_same_name_in_two_modules_is_two_names(joined):
    joined(
        "1 2 3",
        app="import one\nimport two\n\ndef run():\n    return 3\n\n"
        "def main():\n    print(one.run(), two.run(), run())\n",
        one="_state = [1]\n\ndef run():\n    return _state[0]\n",
        two="_state = [2]\n\ndef run():\n    return _state[0]\n",
    )


def test_a_local_name_hides_that_of_the_top_level_and_that_of_a_module(joined):
    joined(
        "5 [2, 3] 9 {'k': 4} 6 [0, 1] 7",
        app="from tool import size, STEPS\nimport tool\n\n"
        "def hidden(tool):\n    size = tool.imag\n    return size + 5\n\n"
        "def listed():\n    return [STEPS + 1 for STEPS in STEPS]\n\n"
        "def nested():\n    size = 4\n    def inner():\n        return {'k': size}\n    return inner()\n\n"
        "def caught():\n    try:\n        raise ValueError(6)\n"
        "    except ValueError as size:\n        return size.args[0]\n\n"
        "def main():\n    print(hidden(0), listed(), tool.size(9), nested(), caught(),\n"
        "        [*map(lambda size: size, range(2))], size(7))\n",
        tool="STEPS = [1, 2]\n\ndef size(x):\n    return x\n",
    )


def test_defaults_bases_and_decorators_are_read_outside(joined):
    joined(
        "[1] 2 4",
        app="import tool\n\nclass Sub(tool.Base):\n    pass\n\n@tool.twice\ndef doubled():\n    return 2\n\n"
        "def main(items=tool.ITEMS):\n    print(items, Sub().two(), doubled())\n",
        tool="ITEMS = [1]\n\nclass Base:\n    def two(self):\n        return 2\n\n"
        "def twice(function):\n    def inner():\n        return 2 * function()\n    return inner\n",
    )


def test_what_is_built_in_is_called_by_a_name_of_the_part(joined):
    after = joined(
        "3 [0, 1] 7 9 2",
        app="import own\n\ndef longest(*rows):\n    return max(len(row) for row in rows)\n\n"
        "def main():\n    print(longest('ab', 'abc'), [*range(2)], own.smaller(7), own.chosen(9), min(3, 2))\n",
        own="def len(x):\n    return x\n\ndef smaller(x):\n    return len(x)\n\n"
        "def chosen(max):\n    min = lambda x: x\n    return min(max)\n",
    )
    text = text_of(after)
    names = dict(re.findall(r"^(_\w+) = (len|max|min|range)$", text, re.MULTILINE))
    assert sorted(names.values()) == ["len", "max", "min", "range"]
    assert all(f"{short}(" in text for short in names)


def test_a_name_of_a_class_body_is_an_attribute_and_no_name_of_the_top_level(joined):
    joined(
        "8 3 3",
        app="from table import Row, SIZES\n\ndef main():\n    print(Row.size, Row().read(), len(SIZES))\n",
        table="SIZES = [1, 2, 5]\n\ndef size():\n    return 3\n\n"
        "class Row:\n    size = sum(SIZES)\n\n    def read(self):\n        return size()\n",
    )


def test_a_global_that_a_function_changes(joined):
    joined(
        "2 2",
        app="import counter\n\ndef main():\n    counter.up()\n    counter.up()\n"
        "    print(counter.count(), counter.count())\n",
        counter="_n = 0\n\ndef up():\n    global _n\n    _n += 1\n\ndef count():\n    return _n\n",
    )


def test_what_comes_from_outside_is_imported_where_it_is_needed(joined):
    after = joined(
        "array('H', [1]) 4 ab",
        app="import struct\nfrom array import array\nimport binascii as b\nimport more\n\n"
        "def main():\n    print(array('H', [1]), struct.calcsize('<I'), more.text(b.unhexlify('6162')))\n",
        more="import struct as s\n\ndef text(data):\n    return s.unpack('2s', data)[0].decode()\n",
    )
    assert len(re.findall(r"^import struct\b", text_of(after), re.MULTILINE)) <= 2


def test_an_import_that_may_fail_has_its_place_and_its_substitute(joined):
    joined(
        "fallback 3",
        app="from codec import encode, floor\n\ndef main():\n    print(encode(), floor(3.5))\n",
        codec="try:\n    from no_such_module import encode\nexcept ImportError:\n"
        "    def encode():\n        return 'fallback'\n"
        "try:\n    from math import floor\nexcept ImportError:\n    floor = int\n",
    )


def test_what_nobody_names_is_left_out(joined):
    after = joined(
        "1",
        app="from lib import used\n\ndef main():\n    print(used())\n",
        lib="SPARE = 'spare text'\n\ndef used():\n    return 1\n\n"
        "def spare():\n    return other()\n\ndef other():\n    return 2\n",
        never="raise SystemExit\n",
    )
    assert "spare" not in text_of(after)
    assert "return 2" not in text_of(after)


def test_modules_run_once_and_in_the_order_of_their_imports(joined):
    joined(
        "c b a",
        app="import a\nimport b\n\ndef main():\n    print(*a.seen)\n",
        a="import b\nfrom log import seen\n\nseen.append('a')\n",
        b="from c import seen\n\nseen.append('b')\n",
        c="from log import seen\n\nseen.append('c')\n",
        log="seen = []\n",
    )


def test_an_import_from_a_module_that_has_it_from_elsewhere(joined):
    joined(
        "3",
        app="from middle import deep\n\ndef main():\n    print(deep())\n",
        middle="from bottom import deep\n",
        bottom="def deep():\n    return 3\n",
    )


def test_many_modules_make_four_parts(joined):
    body = "    x = x + 1\n" * 20
    modules = {f"m{k}": f"def f{k}(x):\n{body}    return [x, {k}]\n" for k in range(12)}
    calls = ", ".join(f"m{k}.f{k}(0)[1]" for k in range(12))
    imports = "".join(f"import m{k}\n" for k in range(12))
    after = joined(" ".join(map(str, range(12))), app=f"{imports}\ndef main():\n    print({calls})\n", **modules)
    assert sorted(after.sources) == ["app.py", "app_1.py", "app_2.py", "app_3.py", "start.py"]


def test_parts_share_the_short_names_of_what_does_not_leave_them(joined):
    """And what one part has from another keeps a name of its own in both."""
    modules = {}
    for k in range(4):
        values = "".join(f"value_{k}_{n} = [{n}]\n" for n in range(10))
        total = " + ".join(f"value_{k}_{n}[0]" for n in range(10))
        modules[f"m{k}"] = f"{values}\ndef f{k}():\n    return {k} + {total}\n"
    calls = ", ".join(f"m{k}.f{k}()" for k in range(4))
    imports = "".join(f"import m{k}\n" for k in range(4))
    after = joined("45 46 47 48", app=f"{imports}\ndef main():\n    print({calls})\n", **modules)
    assert len(after.names) == 4
    assert len({short for table in after.names.values() for short in table}) <= 24, "of 44: two modules in a part"
    assert all(len(long) == 1 for table in after.names.values() for long in table.values())


def test_a_short_name_is_no_local_name(joined):
    joined("1 2", app="STATE = [1]\n\ndef main():\n    _a = 2\n    print(STATE[0], _a)\n")


def test_of_the_entry_main_alone_keeps_its_name(joined):
    after = joined(
        "5",
        app="SIZE_OF_IT = [5]\n\ndef helper():\n    return SIZE_OF_IT[0]\n\ndef main():\n    print(helper())\n",
    )
    assert not re.search("SIZE_OF_IT|helper", text_of(after))


@pytest.mark.parametrize(
    ("why", "modules"),
    [
        ("the module tool as a value", {"app": "import tool\n\ndef main():\n    print(tool)\n"}),
        ("tool has no missing", {"app": "import tool\n\ndef main():\n    print(tool.missing)\n"}),
        ("tool has no missing", {"app": "from tool import missing\n\ndef main():\n    pass\n"}),
        ("sets x in tool", {"app": "import tool\n\ndef main():\n    tool.x = 2\n"}),
        ("an import of the tree inside", {"app": "def main():\n    import tool\n    print(tool.x)\n"}),
        ("a class inside of a function", {"app": "def main():\n    class A:\n        pass\n    print(A)\n"}),
        ("imports itself through tool", {"app": "import tool\n\ndef main():\n    pass\n", "tool": "import app\n"}),
        ("reaches its names at run time", {"app": "def main():\n    print(globals())\n"}),
        ("has no main", {"app": "from tool import x\n"}),
        ("has no main", {"app": "from tool import main\n", "tool": "def main():\n    pass\n"}),
        ("binds a package", {"app": "import pack.tool\n\ndef main():\n    pass\n", "pack/tool": "x = 1\n"}),
    ],
)  # fmt: skip
def test_what_would_not_mean_the_same_is_refused_with_its_place(why, modules):
    sources = {f"{name}.py": source for name, source in ({"tool": "x = [1]\n"} | modules).items()}
    with pytest.raises(BuildError, match=rf"^(app|tool)\.py.*{why}"):
        fold(sources, "app")
