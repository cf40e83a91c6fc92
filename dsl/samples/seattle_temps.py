"""Temperatures in Seattle: a daily cycle on a yearly one.

Hourly values of the year 2010, as vega_datasets packages them, transformed by its authors
from data of NOAA. The data of NOAA are in the public domain, the package has the MIT licence.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from dsl.samples.base import SampleSets, sampled_family
from dsl.samples.packaged_file import packaged_rows
from dsl.samples.sampled_target import Samples

TEST_DAYS = 73
VALIDATION_STRIDE = 5


@sampled_family(
    title="hourly temperature in Seattle",
    convention="x: days since 2010-01-01 00:00, y: degrees Fahrenheit, hourly; tested on the last"
    " 73 days, validated on every fifth day before",
    outputs=("temp",),
    extra="data",
)
def seattle_temps(rng: np.random.Generator) -> SampleSets:
    """Hourly temperatures in Seattle in 2010: a daily and a yearly cycle."""
    rows = [row for row in packaged_rows("vega_datasets", "_data/seattle-temps.csv") if row["temp"]]
    times = [datetime.fromisoformat(row["date"].replace("/", "-")) for row in rows]
    x = np.array([[(time - times[0]) / timedelta(days=1)] for time in times])
    y = np.array([[float(row["temp"])] for row in rows])
    day = np.floor(x[:, 0])
    is_test = day > day[-1] - TEST_DAYS
    is_validation = ~is_test & (day % VALIDATION_STRIDE == VALIDATION_STRIDE - 1)
    parts = ~is_test & ~is_validation, is_validation, is_test
    train, validation, test = (Samples(x[part], y[part]) for part in parts)
    return SampleSets(train, validation, test)
