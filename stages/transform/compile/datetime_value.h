// Points in time and days, as templates know them from Python.
#pragma once

#include <chrono>

#include "stages/transform/jinja/value.h"

namespace pipeline::dbt {

/// A point in time as Python's datetime with the zone UTC: prints as
/// "2026-02-01 07:00:00.250000+00:00", without the fraction if it is 0; strftime(), isoformat(),
/// timestamp(), date(), astimezone(), year ... microsecond.
jinja::Value datetime_value(std::chrono::system_clock::time_point instant);

/// modules.pytz: utc, and timezone(name) of zones that know no summer time; config_invalid names
/// every other.
jinja::Value pytz_module();

}  // namespace pipeline::dbt
