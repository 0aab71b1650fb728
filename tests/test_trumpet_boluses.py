"""`pumpbench boluses`: errors by hand, a population whose truth is known, the verdict on the mean, refusals."""

import json
import random
import statistics

import pytest
from cli_tools import one_sentence, run

MEAN_PERCENT, SPREAD_PERCENT = 1.5, 1.0


@pytest.fixture
def log(tmp_path):
    """Thirty boluses of 100 uL with a mean error of 1.5 % and a spread of 1 %, one in ten minutes, losing 0.6 mg/h."""
    chance, mass, rows = random.Random(5), 0.0, ["0,5000.00"]
    for bolus in range(1, 31):
        mass += 100 * (1 + chance.gauss(MEAN_PERCENT, SPREAD_PERCENT) / 100) / 1.00328
        rows.append(f"{10 * bolus},{5000 + mass - 0.6 * bolus / 6 + chance.gauss(0, 0.02):.2f}")
    path = tmp_path / "boluses.csv"
    path.write_text("t (min),m (mg)\n" + "\n".join(rows) + "\n")
    return str(path)


SET = ["--volume", "100 uL", "--evaporation", "0.6", "--temperature", "22"]


def test_errors_by_hand(tmp_path):
    path = tmp_path / "three.csv"
    path.write_text("t (h),m (mg)\n0,100.0\n1,119.0\n2,139.0\n3,160.0\n")
    found = json.loads(
        run("boluses", str(path), "--volume", "20 uL", "--evaporation", "1", "--density", "1", "--json", "-").stdout
    )
    assert found["errors_percent"] == pytest.approx([0, 5, 10])  # 19, 20, 21 mg and 1 mg each that evaporated
    assert (found["mean_percent"], found["standard_deviation_percent"]) == (pytest.approx(5), pytest.approx(5))
    low, high = found["tolerance_interval_percent"]
    assert (low, high) == (pytest.approx(5 - 5.788 * 5, abs=0.01), pytest.approx(5 + 5.788 * 5, abs=0.01))
    assert found["of_which_balance_percent"] == pytest.approx(100 * 2**0.5 * (1 + 1 / 12) ** 0.5 / 20)


def test_a_population_whose_truth_is_known(log):
    result = run("boluses", log, *SET)
    assert result.exit_code == 0
    found = json.loads(run("boluses", log, *SET, "--json", "-").stdout)
    assert found["count"] == 30
    assert found["mean_percent"] == pytest.approx(MEAN_PERCENT, abs=4 * SPREAD_PERCENT / 30**0.5)
    assert found["standard_deviation_percent"] == pytest.approx(SPREAD_PERCENT, rel=0.5)
    low, high = found["tolerance_interval_percent"]
    normal = statistics.NormalDist(MEAN_PERCENT, SPREAD_PERCENT)
    assert normal.cdf(high) - normal.cdf(low) >= 0.90
    rows = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert rows["boluses"] == "30 of 100 uL"
    assert rows["interval"].endswith("if they are normally distributed")
    assert rows["verdict"].startswith("accept: ")


@pytest.mark.parametrize("tolerance, outcome", [("1", "reject"), ("1.65", "inconclusive"), ("2.5", "accept")])
def test_the_verdict_is_on_the_mean_of_these_boluses(log, tolerance, outcome):
    result = run("boluses", log, *SET, "--tolerance", tolerance, "--json", "-")  # 1.61 ± 0.06 %
    found = json.loads(result.stdout)
    assert found["verdict"]["outcome"] == outcome, found["verdict"]["reason"]
    assert result.exit_code == (0 if outcome == "accept" else 1)


@pytest.mark.parametrize(
    "options, words",
    [
        (["--volume", "20 uL"], "the loss by evaporation is missing"),
        (["--volume", "20", "--evaporation", "0"], "20"),
        (["--volume", "20 uL", "--evaporation", "0", "--mass-unit", "lb"], "--mass-unit 'lb' is not known"),
    ],
)
def test_what_cannot_be_is_exit_code_2(log, options, words):
    result = run("boluses", log, *options)
    assert result.exit_code == 2
    assert words in one_sentence(result)


def test_one_bolus_is_no_population(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("t (min),m (mg)\n0,1.0\n1,21.0\n")
    words = one_sentence(run("boluses", str(path), "--volume", "20 uL", "--evaporation", "0"))
    assert "one.csv, line 3: 2 readings are too few" in words
