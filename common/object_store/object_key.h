// Which texts may be the key of an object.
#pragma once

#include <string_view>

namespace pipeline {

/// Not empty, at most 1,024 bytes, no leading slash, no empty, "." or ".." segment, no control
/// character.
bool is_object_key(std::string_view key);

/// Throws config_invalid unless is_object_key(key).
void require_object_key(std::string_view key);

}  // namespace pipeline
