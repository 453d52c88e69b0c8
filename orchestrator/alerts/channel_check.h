// Whether a channel could send: what can be known of it without a word to the other side.
#pragma once

#include <string>
#include <vector>

#include "common/base/secret.h"
#include "common/stage/alert_config.h"

namespace pipeline {

/// Reads the secrets of the channel and its file of authorities, and judges URL and header as a
/// send would. Returns what was not looked at, for people: secrets that lie in Secrets Manager are
/// fetched when an alert is sent. Throws access_denied for a secret, and the kinds of file_error
/// for a file, that cannot be read; config_invalid with the place for a value that no request can
/// be made of. No message holds a secret. The program of a channel is not looked at.
std::vector<std::string> require_can_send(const AlertChannel& channel);

/// Throws config_invalid, which begins with the place, for a secret of which no URL of a request,
/// or no header of one, can be made.
void require_can_post_to(const SecretReference& place, const Secret& url);
void require_can_post_with(const SecretReference& place, const Secret& authorization);

}  // namespace pipeline
