// The alert as a mail: headers and body as RFC 5322 and MIME want them; a pure function.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "common/http/mailbox.h"
#include "orchestrator/alerts/message.h"

namespace pipeline {

inline constexpr std::size_t mail_text_bytes_max = 512U << 10U;

struct MailHead {
  http::Mailbox from;
  std::vector<http::Mailbox> to;
  std::chrono::system_clock::time_point date;
  std::string id;  // the part of the Message-ID before the "@": letters, digits, dots
};

/// Lines end with CR LF and have at most 78 characters, but for one that a single address or its
/// domain makes longer. What is not ASCII, or too long for a line, stands in encoded words (RFC
/// 2047); the body is UTF-8 in base64. No value can begin a header of its own. The message is one
/// of outgoing().
std::string compose_mail(const MailHead& mail_head, const AlertMessage& message);

}  // namespace pipeline
