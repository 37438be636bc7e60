import math

import pytest

from bench.figures import jain, median, percentile


def test_jain_is_one_when_all_have_the_same_and_a_share_when_one_has_it_all():
    assert jain([7, 7, 7, 7]) == pytest.approx(1)
    assert jain([9, 0, 0]) == pytest.approx(1 / 3)


def test_percentiles_are_values_that_were_measured():
    values = [5, 1, 4, 2, 3]
    assert median(values) == 3
    assert percentile(values, 0.99) == 5
    assert percentile(values, 0.0) == 1


def test_nothing_measured_is_not_a_number():
    assert math.isnan(median([]))
    assert math.isnan(jain([]))
