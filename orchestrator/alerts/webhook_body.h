// The JSON that webhooks get: the whole message, or what Slack and its like show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "orchestrator/alerts/message.h"

namespace pipeline {

inline constexpr std::size_t webhook_bytes_max = 1U << 20U;
inline constexpr std::size_t slack_characters_max = 40'000;

/// AlertMessage::to_json(), at most webhook_bytes_max bytes: text and cause are shortened, if they
/// must be. The message is one of outgoing().
std::string webhook_body(const AlertMessage& message);

/// {"text": ..., "mrkdwn": false}: subject and text with & < > as entities, so that nothing in them
/// is a link or calls a channel together, and no underscore of a name makes letters slant; at most
/// slack_characters_max characters with the entities.
std::string slack_body(const AlertMessage& message);

}  // namespace pipeline
