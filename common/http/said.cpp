#include "common/http/said.h"

#include "common/base/control_characters.h"
#include "common/base/secret.h"
#include "common/base/text.h"

namespace pipeline::http {

std::string said_in_one_line(std::string_view bytes, std::size_t bytes_max) {
  return head(blank_controls(redact(trim(bytes))), bytes_max);
}

}  // namespace pipeline::http
