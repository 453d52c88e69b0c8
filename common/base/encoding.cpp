#include "common/base/encoding.h"

#include <openssl/evp.h>

#include <array>
#include <span>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pipeline {
namespace {

int digit_of(char byte) {
  if (byte >= 'A' && byte <= 'Z') return byte - 'A';
  if (byte >= 'a' && byte <= 'z') return byte - 'a' + 26;
  if (byte >= '0' && byte <= '9') return byte - '0' + 52;
  if (byte == '+') return 62;
  if (byte == '/') return 63;
  return -1;
}

const EVP_MD* algorithm_of(Digest digest) {
  switch (digest) {
    case Digest::md5:
      return EVP_md5();
    case Digest::sha1:
      return EVP_sha1();
    case Digest::sha256:
      return EVP_sha256();
    case Digest::sha384:
      return EVP_sha384();
    case Digest::sha512:
      return EVP_sha512();
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return {};
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string bytes;
  unsigned int bits = 0;
  int count = 0;
  for (const char byte : text) {
    const int digit = digit_of(byte);
    if (digit < 0) return {};
    bits = (bits << 6U) | static_cast<unsigned int>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> static_cast<unsigned int>(count)) & 0xFFU);
  }
  return bytes;
}

std::string digest_hex(Digest digest, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), code.data(), &length, algorithm_of(digest), nullptr) !=
      1) {
    throw Error(ErrorKind::access_denied, "this host's OpenSSL refuses the digest");
  }
  return hex(std::span(code).first(length));
}

}  // namespace pipeline
