// Which collation of MariaDB stands in for one that only MySQL has.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stages/staging/dump/dialect.h"

namespace pipeline::dump {

/// For one of MySQL 8's utf8mb4_0900_ai_ci family: the collation without padding, of the same
/// language, accents and letter case, by the later weights of the Unicode algorithm that MariaDB
/// has from 10.10 on. nullopt where nothing is to be done, or nothing is as near: on a MySQL, on an
/// older MariaDB, for all other names.
std::optional<std::string> collation_stand_in(std::string_view collation, Dialect dialect);

}  // namespace pipeline::dump
