// Base64 read back, and digests by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pipeline {

/// Standard base64; nullopt for anything else.
std::optional<std::string> decode_base64(std::string_view text);

enum class Digest { md5, sha1, sha256, sha384, sha512 };

/// Lower-case hex. Throws access_denied if this host's OpenSSL refuses the algorithm, as one in
/// FIPS mode does MD5.
std::string digest_hex(Digest digest, std::string_view bytes);

}  // namespace pipeline
