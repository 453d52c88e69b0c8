// Small string helpers that every room needs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pipeline {

std::string_view trim(std::string_view text);
/// Pieces between separators; an empty text gives no piece.
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> pieces, std::string_view separator);
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);
/// ASCII only; other bytes stay.
std::string to_lower(std::string_view text);
std::string hex(std::span<const unsigned char> bytes);
/// Standard base64 (RFC 4648) with padding, in one line.
std::string base64(std::string_view bytes);
/// The candidate nearest to `word` by edit distance, empty if none is near enough to be meant.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);
/// "12.3 MB"
std::string human_bytes(std::uint64_t bytes);
/// The first `bytes_max` bytes, cut at a UTF-8 boundary, with "..." if something was cut.
std::string head(std::string_view text, std::size_t bytes_max);
/// Where the first byte stands that is no UTF-8, or a NUL; nullopt for a clean text. Overlong forms
/// and surrogates, which no editor writes, are let through.
std::optional<std::size_t> find_no_text(std::string_view text);
/// The line, from 1, in which the byte at `at` stands.
int line_at(std::string_view text, std::size_t at);
/// Throws config_invalid with name:line for a byte that find_no_text() finds.
void require_text(std::string_view text, std::string_view file_name);
/// Lower-case hex of SHA-256.
std::string sha256_hex(std::string_view bytes);
/// The 32 bytes of HMAC-SHA-256 (RFC 2104).
std::string hmac_sha256(std::string_view key, std::string_view message);

/// Hashes a stream piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::string_view bytes);
  /// Lower-case hex of all bytes so far; ends the hash.
  std::string finish();

 private:
  void* context_;  // EVP_MD_CTX, kept out of this header
};

}  // namespace pipeline
