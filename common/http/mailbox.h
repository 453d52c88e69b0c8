// A mailbox of a mail: an address and the name beside it, which can forge no header.
#pragma once

#include <string>
#include <string_view>

namespace pipeline::http {

struct Mailbox {
  std::string name;     // UTF-8, for people; empty: none
  std::string address;  // "night@example.com", ASCII
};

/// Reads "night@example.com" or "Night run <night@example.com>", the name plain or in double
/// quotes. Throws config_invalid for anything else: control characters anywhere (a line break would
/// begin a header), bytes in the address that are not of a plain one, names in another encoding
/// than UTF-8.
Mailbox parse_mailbox(std::string_view text);

}  // namespace pipeline::http
