"""Carbon dioxide in the air of Mauna Loa: a rising trend with a yearly cycle.

Weekly means, March 1958 to December 2001, as statsmodels packages them: C. D. Keeling and
T. P. Whorf, "Atmospheric CO2 concentrations derived from flask air samples at sites in the
SIO network", 2004, Carbon Dioxide Information Analysis Center, Oak Ridge National
Laboratory. Public domain.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.packaged_file import packaged_rows
from dsl.samples.sampled_target import Samples

DAYS_OF_A_YEAR = 365.25
TEST_YEARS, VALIDATION_YEARS = 10, 5


@sampled_family(
    title="atmospheric carbon dioxide at Mauna Loa",
    convention="x: years of 365.25 days since 1958-03-29, y: ppm by volume, weekly; tested on the"
    " last 10 years, validated on the 5 before",
    outputs=("co2",),
    extra="data",
)
def co2(rng: np.random.Generator) -> SampleSets:
    """Weekly carbon dioxide at Mauna Loa, 1958 to 2001: a trend and a yearly cycle."""
    rows = [row for row in packaged_rows("statsmodels", "datasets/co2/co2.csv") if row["co2"]]
    days = np.array([date.fromisoformat(row["date"]).toordinal() for row in rows], float)
    x = ((days - days[0]) / DAYS_OF_A_YEAR)[:, None]
    y = np.array([[float(row["co2"])] for row in rows])
    left = x[-1, 0] - x[:, 0]
    is_test = left < TEST_YEARS
    is_validation = ~is_test & (left < TEST_YEARS + VALIDATION_YEARS)
    parts = ~is_test & ~is_validation, is_validation, is_test
    train, validation, test = (Samples(x[part], y[part]) for part in parts)
    return SampleSets(train, validation, test)
