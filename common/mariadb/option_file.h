// An option file of the MySQL and MariaDB clients (.my.cnf) as values.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace pipeline {

/// The options of one group, such as "client", later lines over earlier ones; names in lower case
/// with dashes for underscores, values without quotes and with escapes (\s \t \n \r \b \\)
/// replaced. An option without a value is empty. Lines of !include are passed over. Throws
/// config_invalid with file:line for what is neither, never with a value.
std::map<std::string, std::string> parse_option_file(std::string_view text, const std::string& file,
                                                     std::string_view group);

}  // namespace pipeline
