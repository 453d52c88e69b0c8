// MD5, for the one thing it is still good for here: names and ids equal to those that dbt makes.
#pragma once

#include <string>
#include <string_view>

namespace pipeline::dbt {

/// Lower-case hex, 32 characters. Never for anything that must resist an attacker.
std::string md5_hex(std::string_view bytes);

}  // namespace pipeline::dbt
